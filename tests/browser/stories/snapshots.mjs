// A snapshot from the form that takes it to its entry in the log after its deletion: it completes on the page without a
// reload, is downloaded byte for byte, verified, compared and deleted, each step by a role that may do it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { axe, reflow } from "../checks.mjs";
import { download } from "../rig.mjs";

const TITLE = "Before the planning meeting";

export default async function snapshots(rig) {
  const broker = await rig.api("broker");
  const parties = [
    { role: "owner", name: "Eleni", email: rig.accounts.owner.email, side: "discharging" },
    { role: "buyer", name: "Ingrid", email: rig.accounts.buyer.email },
  ];
  const room = await broker.room({ parties });
  const path = `/rooms/${room.id}/snapshots`;

  const page = await rig.open({ as: "owner" });
  await page.goto(path);
  await page.getByText("No snapshot has been taken yet.").waitFor();
  rig.blame(await axe(page), await reflow(page));
  await page.getByLabel("Title").fill(TITLE);
  await page.getByLabel("Activity: the room's log").uncheck();
  await page.getByRole("button", { name: "Take snapshot" }).click();
  await watched(page, TITLE);

  // A buyer looks on, and sees the second snapshot complete as it happens.
  const buyer = await rig.open({ as: "buyer" });
  await buyer.goto(path);
  assert.equal(await buyer.getByText("Take a snapshot").count(), 0, "a buyer is not offered what a buyer may not do");
  await broker.post(`/rooms/${room.id}/vessels`, { name: "Aegean Star", role: "discharging", imo_number: "9074729" });
  await page.getByText("Take a snapshot").click();
  await page.getByLabel("Type").selectOption("json");
  await page.getByRole("button", { name: "Take snapshot" }).click();
  await watched(buyer, "Snapshot of");

  const row = page.getByRole("row").filter({ hasText: TITLE });
  const file = await download(page, () => row.getByRole("link", { name: `Download ${TITLE}` }).click());
  const told = (await broker.get(path)).find((one) => one.title === TITLE);
  assert.equal(createHash("sha256").update(file.bytes).digest("hex"), told.file_sha256);
  assert.equal(file.name, `STS Ceuta - ${TITLE}.pdf`);

  await row.getByRole("link", { name: TITLE, exact: true }).click();
  rig.blame(await axe(page), await reflow(page));
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".verdict").filter({ hasText: "Cannot be judged" }).waitFor();
  assert.ok((await page.getByRole("rowheader").allInnerTexts()).every((check) => /\s(ok|skipped)$/.test(check)));
  rig.blame(await axe(page), await reflow(page));

  await compared(page, path, rig);
  // The page would renew itself when one of the two is deleted, and the server would answer 404.
  await page.close();
  await deleted(rig, path);
}

// Waits for the row to complete, and makes sure that the page is still the one that was opened.
async function watched(page, title) {
  await page.evaluate(() => { window.opened = true; });
  const row = page.getByRole("row").filter({ hasText: title });
  await row.getByText("Completed").waitFor();
  assert.equal(await page.evaluate(() => window.opened), true, "it was not reloaded");
}

async function compared(page, path, rig) {
  await page.goto(path);
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("1 vessel named").waitFor();
  await page.getByRole("row").filter({ hasText: "Aegean Star" }).getByText("Discharging").waitFor();
  rig.blame(await axe(page), await reflow(page));
}

async function deleted(rig, path) {
  const owner = await rig.open({ as: "owner" });
  await owner.goto(path);
  await owner.getByRole("link", { name: TITLE, exact: true }).click();
  assert.equal(await owner.getByRole("link", { name: "Delete" }).count(), 0);
  await rig.refused(403, () => owner.goto(`${owner.url()}/delete`));
  await owner.getByRole("heading", { name: "Not open to you" }).waitFor();

  const admin = await rig.open({ as: "admin", script: false });
  await admin.goto(path);
  await admin.getByRole("link", { name: TITLE, exact: true }).click();
  await admin.getByRole("link", { name: "Delete" }).click();
  await admin.getByLabel("Title of the snapshot").fill("another");
  await rig.refused(422, () => admin.getByRole("button", { name: "Delete for good" }).click());
  await admin.getByText("type it exactly as it is").waitFor();
  await admin.getByLabel("Title of the snapshot").fill(TITLE);
  await admin.getByRole("button", { name: "Delete for good" }).click();
  await admin.getByRole("heading", { name: "Snapshots" }).waitFor();
  assert.equal(await admin.getByRole("link", { name: TITLE, exact: true }).count(), 0);
  await admin.goto(path.replace("snapshots", "activity"));
  await admin.getByText(`deleted the snapshot “${TITLE}”`).first().waitFor();
}
