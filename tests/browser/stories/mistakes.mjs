// What people bring is asked about before it does harm, and taken back after: an ETA in the past, six files on one row, a
// file beside all rows, a certificate without a date, a wrong version. With script, and without.
import assert from "node:assert/strict";
import { axe, reflow } from "../checks.mjs";
import { dropFiles } from "../rig.mjs";

const STUDY = "Ship-to-ship compatibility and mooring study";
const PLAN = "Operation-specific risk assessment";
const FENDERS = "Fender certificates and inspection log";

export default async function mistakes(rig) {
  const room = await opened(rig, await rig.open({ as: "broker", poor: true }), "STS Ceuta");
  await opened(rig, await rig.open({ as: "broker", script: false, poor: true }), "STS Melilla");
  const page = await rig.open({ as: "broker", poor: true });
  await page.goto(`/rooms/${room}/documents`);
  await dropped(rig, page);
  await dated(rig, page);
  await withdrawn(rig, page);
  await withdrawnWithoutScript(rig, room);
}

// An ETA in the past is asked about: the form comes back with a box to tick, and with what was typed.
async function opened(rig, page, title) {
  await page.goto("/rooms/new");
  await page.getByLabel("Title").fill(title);
  await page.getByLabel("Location").fill("Off Ceuta");
  await page.getByLabel("ETA (UTC)").fill("2020-12-01T08:30");
  assert.equal(await page.getByLabel("The ETA in the past is meant").count(), 0, "nothing is asked before it has to be");
  await rig.refused(422, async () => {
    await page.getByRole("button", { name: "Open the room" }).click();
    await page.getByLabel("The ETA in the past is meant").waitFor();
  });
  rig.blame(await axe(page), await reflow(page));
  assert.equal(await page.getByLabel("Title").inputValue(), title);
  await page.getByLabel("The ETA in the past is meant").check();
  await page.getByRole("button", { name: "Open the room" }).click();
  await page.getByRole("heading", { name: title }).waitFor();
  return page.url().match(/rooms\/([0-9a-f-]{36})/)[1];
}

const rowOf = (page, name) => page.getByRole("row").filter({ hasText: name }).first();
const selector = async (page, name) => `tr[data-document="${await rowOf(page, name).getAttribute("data-document")}"]`;
const paper = (words) => Buffer.from(`%PDF-1.7\n% ${words}\n%%EOF\n`);

// Several files on one row, and one beside all rows: a sheet asks which is for which document.
async function dropped(rig, page) {
  const sheet = page.locator("#matching");
  const names = ["one.pdf", "two.pdf", "three.pdf", "COMPAT study.pdf", "five.pdf", "six.pdf"];
  await dropFiles(page, await selector(page, STUDY), ...names.map((name) => ({ name, bytes: paper(name) })));
  await sheet.getByText("six.pdf").waitFor();
  rig.blame(await axe(page), await reflow(page));
  const lines = sheet.getByRole("listitem");
  assert.equal(await lines.count(), 6);
  const choose = (name, document) => lines.filter({ hasText: name }).getByLabel("Document").selectOption({ label: `The operation: ${document}` });
  assert.match(await lines.filter({ hasText: "COMPAT study.pdf" }).getByLabel("Document").evaluate((select) => select.selectedOptions[0].text), /compatibility/);
  await choose("one.pdf", STUDY);
  await sheet.getByRole("button", { name: "Upload" }).click();
  await sheet.getByRole("alert").getByText("Two files are for").waitFor();
  await choose("one.pdf", PLAN);
  await sheet.getByRole("button", { name: "Upload" }).click();
  await rowOf(page, STUDY).getByText("COMPAT study.pdf").waitFor();
  await rowOf(page, PLAN).getByText("one.pdf").waitFor();
  const inForce = await rowOf(page, STUDY).locator("td.in-force").innerText();
  assert.ok(inForce.includes("v1 ·"), `six files are not six versions: ${inForce}`);

  await dropFiles(page, "h1", { name: "somewhere.pdf", bytes: paper("somewhere") });
  await sheet.getByText("dropped on the row of its document").waitFor();
  await sheet.getByRole("button", { name: "Upload" }).click();
  await sheet.getByRole("alert").getByText("No file is for a document yet").waitFor();
  await sheet.getByRole("button", { name: "Cancel" }).click();
  await sheet.waitFor({ state: "hidden" });
}

// A certificate without a date is one without a date, until somebody gives it.
async function dated(rig, page) {
  await rowOf(page, FENDERS).getByRole("link").first().click();
  const panel = page.locator("#panel");
  await panel.getByText("Upload the first version").waitFor();
  await panel.getByLabel("File").setInputFiles({ name: "fenders.pdf", mimeType: "application/pdf", buffer: paper("fenders") });
  await panel.getByRole("button", { name: "Upload", exact: true }).click();
  await panel.getByText("No date given").first().waitFor();
  await rowOf(page, FENDERS).getByText("No date given").waitFor();
  await page.reload();
  await panel.getByRole("button", { name: "Give the date" }).waitFor();
  rig.blame(await axe(page), await reflow(page));
  await panel.getByText("Upload a new version").click();
  await panel.getByRole("button", { name: "Take this day" }).click();
  assert.match(await panel.getByLabel("Valid until").inputValue(), /^20[0-9]{2}-/);
  // The mark leads to the field: the file is there already.
  await rowOf(page, FENDERS).getByRole("link", { name: /^No date given/ }).click();
  await page.waitForFunction(() => document.activeElement.matches("#date input[type=date]"));
  await page.locator(":focus").fill("2031-01-31");
  await panel.getByRole("button", { name: "Give the date" }).click();
  await panel.getByRole("heading", { name: "Version 2", exact: true }).waitFor();
  await panel.getByText("31 Jan 2031").first().waitFor();
  await page.reload();
  assert.equal(await rowOf(page, FENDERS).getByText("No date given").count(), 0);
}

// The version in force is withdrawn with a reason; the one before it counts again.
async function withdrawn(rig, page) {
  const panel = page.locator("#panel");
  await panel.getByRole("link", { name: "Withdraw version 2" }).click();
  await panel.getByLabel("Why it counts no more").fill("The fenders of another base");
  await panel.getByRole("button", { name: "Withdraw version 2" }).click();
  await panel.getByText("The fenders of another base").waitFor();
  const struck = panel.locator("s", { hasText: "Version 2" });
  await struck.waitFor();
  await panel.getByRole("link", { name: "Withdraw version 1" }).waitFor();
  rig.blame(await axe(page), await reflow(page));
}

async function withdrawnWithoutScript(rig, room) {
  const page = await rig.open({ as: "broker", script: false, poor: true });
  await page.goto(`/rooms/${room}/documents`);
  await rowOf(page, FENDERS).getByRole("link").first().click();
  const panel = page.locator("#panel");
  await panel.getByRole("link", { name: "Withdraw version 1" }).click();
  await panel.getByLabel("Why it counts no more").fill("These, too");
  await panel.getByRole("button", { name: "Withdraw version 1" }).click();
  await panel.getByText("Nothing counts here: what was uploaded was withdrawn.").waitFor();
  await panel.locator("s", { hasText: "Version 1" }).waitFor();
  rig.blame(await axe(page), await reflow(page));
}
