// One's own account: what one says of oneself, times in one's zone, what the system holds of one, and what is erased of it.
import assert from "node:assert/strict";
import { axe, legible } from "../checks.mjs";
import { download } from "../rig.mjs";

export default async function account(rig) {
  const broker = await rig.api("broker");
  const { id: room } = await broker.room({ parties: [{ role: "owner", name: "owner", email: rig.accounts.owner.email }] });
  const page = await rig.open({ as: "owner" });
  await page.goto("/account");
  // The browser knows the names of time zones.
  assert.ok((await page.locator("#time-zones option").count()) > 100);
  await page.getByLabel("Company").fill("A company with a rather long name of several words");
  await page.getByLabel("Position").fill("Superintendent");
  await page.getByLabel("Telephone").fill("+30 210 000 0000");
  await page.getByLabel("Time zone").fill("Asia/Singapore");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForFunction(() => document.body.dataset.timeZone === "Asia/Singapore");
  rig.blame(await axe(page), await legible(page));
  // The browser stands in Athens; the account's zone counts, and UTC stays in sight.
  await page.goto(`/rooms/${room}/documents`);
  const eta = page.locator(".room-facts time").first();
  assert.match(await eta.textContent(), /1 Dec 2030, 08:30 UTC/);
  assert.match(await eta.getAttribute("title"), /16:30:00/);

  const others = await rig.open({ as: "broker" });
  await others.goto(`/rooms/${room}/parties`);
  await others.getByText("Superintendent").waitFor();
  rig.blame(await axe(others), await legible(others));

  await page.goto("/account");
  const { name, bytes } = await download(page, () => page.getByRole("link", { name: "Download it (JSON)" }).click());
  assert.equal(name, "my-data.json");
  const held = JSON.parse(bytes.toString());
  assert.equal(held.details.telephone, "+30 210 000 0000");
  assert.equal(held.rooms[0].room_id, room);

  await page.getByRole("link", { name: "Erase what can be erased" }).click();
  rig.blame(await axe(page), await legible(page));
  await page.getByRole("button", { name: "Erase it" }).click();
  await page.waitForURL(/\/account$/);
  assert.equal(await page.getByLabel("Telephone").inputValue(), "");
  await others.reload();
  assert.equal(await others.getByText("Superintendent").count(), 0);
}
