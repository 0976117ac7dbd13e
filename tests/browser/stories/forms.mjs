// Forms on a poor line and between two people: a double click makes one room, nobody undoes a colleague, and what was typed
// is there again after another row, Escape, a closed tab, and a session that was over.
import assert from "node:assert/strict";
import { axe, reflow } from "../checks.mjs";
import { signIn, slowDown } from "../rig.mjs";

export default async function forms(rig) {
  const api = await rig.api("broker");
  await doubled(rig, api);
  const { id } = await api.room({ parties: [party("owner"), party("charterer")] });
  await edited(rig, id, true);
  await edited(rig, id, false);
  await kept(rig, id);
}

const party = (role) => ({ role, name: role, email: `${role}@example.com` });

async function doubled(rig, api) {
  for (const script of [true, false]) {
    const page = await rig.open({ as: "broker", script, poor: true });
    const before = (await api.get("/rooms?limit=100")).length;
    await page.goto("/rooms/new");
    await page.getByLabel("Title").fill("STS Malta");
    await page.getByLabel("Location").fill("Hurd Bank");
    await page.getByLabel("ETA (UTC)").fill("2030-12-01T08:30");
    if (script) await page.evaluate(noteWork);
    await page.getByRole("button", { name: "Open the room" }).dblclick({ noWaitAfter: true });
    await page.getByText("No vessel is named yet.").waitFor();
    assert.equal((await api.get("/rooms?limit=100")).length, before + 1, "a double click opens one room");
    if (script) assert.equal(await page.evaluate(() => sessionStorage.getItem("at work")), "true", "the button shows that it is at work");
    await page.context().close();
  }
}

// Notes how the button of a form is when the form has been sent, for the page that follows.
function noteWork() {
  addEventListener("submit", (event) => sessionStorage.setItem("at work", event.target.querySelector("button").ariaDisabled));
}

// Two people open the form of a room; the second to send meets what the first has changed.
async function edited(rig, room, script) {
  const [ours, theirs] = [await rig.open({ as: "broker", script, poor: true }), await rig.open({ as: "admin", script })];
  for (const page of [ours, theirs]) await page.goto(`/rooms/${room}/edit`);
  await theirs.getByLabel("ETA (UTC)").fill("2030-12-02T20:30");
  await theirs.getByLabel("Location").fill("Off Gozo");
  await theirs.getByRole("button", { name: "Save" }).click();
  await theirs.getByText("Off Gozo").first().waitFor();
  await ours.getByLabel("Description").fill("At anchor");
  await ours.getByLabel("Location").fill("Off Malta");
  await rig.refused(412, () => ours.getByRole("button", { name: "Save" }).click().then(() => ours.getByRole("alert").waitFor()));
  await ours.getByText("It is now: Off Gozo, by admin@example.com").waitFor();
  assert.equal(await ours.getByLabel("Location").inputValue(), "Off Malta", "what was typed is kept");
  assert.equal(await ours.getByLabel("ETA (UTC)").inputValue(), "2030-12-02T20:30", "what was not touched is as it is now");
  if (script) assert.equal(await ours.evaluate(() => document.activeElement.name), "location", "the focus is where the fault is");
  rig.blame(await axe(ours), await reflow(ours));
  await ours.getByRole("button", { name: "Save" }).click();
  await ours.getByText("Off Malta").first().waitFor();
  const now = await (await rig.api("broker")).get(`/rooms/${room}`);
  assert.deepEqual([now.location, now.description, now.sts_eta], ["Off Malta", "At anchor", "2030-12-02T20:30:00Z"]);
  await (await rig.api("broker")).send("PATCH", `/rooms/${room}`, { location: "Off Ceuta", description: null, sts_eta: "2030-12-01T08:30:00Z" });
  for (const page of [ours, theirs]) await page.context().close();
}

async function kept(rig, room) {
  const owner = await rig.api("owner");
  const documents = await owner.get(`/rooms/${room}/documents?limit=100`);
  const [one, other] = documents;
  const file = new FormData();
  file.append("file", new Blob(["%PDF-1.7\n%%EOF\n"]), "a.pdf");
  await owner.post(`/rooms/${room}/documents/${one.id}/versions`, file);

  const page = await rig.open({ as: "charterer", poor: true });
  await page.goto(`/rooms/${room}/documents/${one.id}`);
  const subjects = page.locator("#approve textarea");
  await subjects.fill("The annual survey is endorsed");
  // Another row, and back; then closed by Escape, once to leave the field.
  await page.locator(`tr[data-document="${other.id}"] a`).first().click();
  await page.locator(`#panel[data-document="${other.id}"]`).waitFor();
  await page.locator(`tr[data-document="${one.id}"] a`).first().click();
  await page.getByText("has not been sent.").waitFor();
  assert.equal(await subjects.inputValue(), "The annual survey is endorsed");
  rig.blame(await axe(page));
  await subjects.focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("#panel").waitFor({ state: "detached" });

  // A closed tab, and a session that is over when the form is sent.
  const again = await page.context().newPage();
  await slowDown(again);
  await page.close();
  await again.goto(`/rooms/${room}/documents/${one.id}`);
  const field = again.locator("#approve textarea");
  assert.equal(await field.inputValue(), "The annual survey is endorsed");
  await (await rig.api("charterer")).send("DELETE", "/auth/sessions");
  await rig.refused(401, () => again.getByRole("button", { name: "Approve", exact: true }).click().then(() => again.getByRole("link", { name: "Sign in and go on" }).waitFor()));
  await again.getByRole("link", { name: "Sign in and go on" }).click();
  await again.getByLabel("E-mail").fill(rig.accounts.charterer.email);
  await again.getByLabel("Password").fill(rig.accounts.charterer.password);
  await again.getByRole("button", { name: "Sign in" }).click();
  await again.waitForURL((url) => url.pathname.endsWith(one.id));
  assert.equal(await field.inputValue(), "The annual survey is endorsed", "one is where one was");

  // Dropped by a question, and typed anew; sent, it is gone.
  again.once("dialog", (dialog) => dialog.accept());
  await again.getByRole("button", { name: "Drop it" }).click();
  await again.waitForFunction(() => document.querySelector("#approve textarea")?.value === "");
  await field.fill("The pilot is booked");
  await again.getByRole("button", { name: "Approve", exact: true }).click();
  await again.getByText("You said:").waitFor();
  await again.goto(`/rooms/${room}/documents/${one.id}`);
  assert.equal(await again.locator("#approve textarea").inputValue(), "");

  // Who signs out leaves nothing of what they typed.
  await again.locator("#approve textarea").fill("for nobody's eyes");
  await again.getByRole("button", { name: "Sign out" }).click();
  await again.waitForURL((url) => url.pathname === "/sign-in");
  const left = await again.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!left.includes("nobody's eyes"), left);
  await signIn(again, rig.accounts.charterer.email, rig.accounts.charterer.password);
  await again.goto(`/rooms/${room}/documents/${one.id}`);
  assert.equal(await again.locator("#approve textarea").inputValue(), "");
}
