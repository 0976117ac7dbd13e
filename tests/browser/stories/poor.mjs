// A line that breaks: uploads go on where they were, through a change of tabs and a reload; pages that were loaded stay, say
// since when they are not up to date, and are brought up to date by themselves.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { axe, reflow } from "../checks.mjs";

const MB = 1_000_000;
const STALE = /Not up to date since \d\d:\d\d UTC\./;

export default async function poor(rig) {
  const broker = await rig.api("broker");
  const { id: room } = await broker.room();
  const documents = await broker.get(`/rooms/${room}/documents?limit=100`);
  const named = (code) => documents.find(({ document_type }) => document_type === code);
  const place = { rig, broker, room, document: (code) => `/rooms/${room}/documents/${named(code).id}` };
  await breaksAndGoesOn(place);
  await staysThroughTabs(place);
  await goesOnAfterAReload(place);
  await followsAgain(place);
  await readsOn(place);
}

const folder = mkdtempSync(join(tmpdir(), "sts-poor-"));
process.once("exit", () => rmSync(folder, { recursive: true }));

// Makes a PDF of so many bytes on the disk, where it stays the same file when it is chosen again.
function paper(name, size) {
  const begin = Buffer.from(`%PDF-1.7\n1 0 obj\n<< /Title (${name}) >>\nendobj\n`);
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([begin, Buffer.alloc(size - begin.length, 32)]));
  return path;
}

const lineOf = (page, name) => page.locator("#uploads li").filter({ hasText: name });

// Opens a document, and sends a file for it.
async function send(page, path, file) {
  await page.goto(path);
  await choose(page, file);
}

async function choose(page, file) {
  await page.locator("#panel input[type=file]").setInputFiles(file);
  await page.locator("#panel form[data-uploads] button[type=submit]").click();
}

// Waits until the server has some of an upload, and not all.
const underWay = (page, name) => lineOf(page, name).getByText(/^[1-9]\d? %$/).waitFor();

async function whole({ broker }, path, size) {
  const { newest } = await broker.get(path);
  assert.equal(newest?.file_size, size, path);
}

async function breaksAndGoesOn(place) {
  const { rig, document } = place;
  const page = await rig.open({ as: "broker" });
  const line = await rig.line(page);
  const offsets = [];
  page.on("request", (request) => request.method() === "PATCH" && offsets.push(Number(request.headers()["upload-offset"])));
  await line.goes(MB / 2);
  await send(page, document("COMPAT"), paper("study.pdf", 3 * MB));
  for (let breaks = 0; breaks < 2; breaks += 1) {
    await underWay(page, "study.pdf");
    await line.breaks();
    await lineOf(page, "study.pdf").getByText(/The line broke at \d+ %\. It goes on by itself at/).waitFor();
    if (breaks === 0) rig.blame(await axe(page));
    await line.goes(MB / 2);
    await page.waitForFunction(() => !document.querySelector("#uploads [data-words]")?.textContent.includes("broke"));
  }
  await line.goes();
  await lineOf(page, "study.pdf").getByText("Uploaded as version 1.").waitFor();
  await whole(place, document("COMPAT"), 3 * MB);
  // Nothing was begun again.
  assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
  assert.equal(offsets.filter((offset) => offset === 0).length <= 2, true, `${offsets}`);
  await page.context().close();
}

async function staysThroughTabs(place) {
  const { rig, room, document } = place;
  const page = await rig.open({ as: "broker" });
  const line = await rig.line(page);
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    dialog.dismiss();
  });
  await line.goes(MB / 40);
  await send(page, document("JPO"), paper("plan.pdf", 2 * MB));
  await underWay(page, "plan.pdf");
  const tabs = page.getByRole("navigation", { name: "Room" });
  await tabs.getByRole("link", { name: "Vessels" }).click();
  await page.waitForURL((url) => url.pathname === `/rooms/${room}/vessels`);
  await page.getByRole("heading", { name: "Vessels" }).waitFor();
  assert.equal(await lineOf(page, "plan.pdf").count(), 1);
  rig.blame(await axe(page), await reflow(page));
  await tabs.getByRole("link", { name: "Activity" }).click();
  await page.waitForURL((url) => url.pathname.startsWith(`/rooms/${room}/activit`));
  await page.goBack();
  await page.waitForURL((url) => url.pathname === `/rooms/${room}/vessels`);
  await tabs.getByRole("link", { name: "Vessels" }).and(page.locator("[aria-current=page]")).waitFor();
  assert.deepEqual(asked, []);
  // Out of the room it would end, and that is asked.
  await page.getByRole("link", { name: "Verify" }).click();
  await page.waitForFunction(() => document.querySelector("#uploads li") !== null);
  assert.deepEqual(asked, ["beforeunload"]);
  await tabs.getByRole("link", { name: "Documents" }).click();
  await page.locator("#panel-title").waitFor();
  await line.goes();
  await lineOf(page, "plan.pdf").getByText("Uploaded as version 1.").waitFor();
  await whole(place, document("JPO"), 2 * MB);
  // With nothing on its way, links are links again.
  await tabs.getByRole("link", { name: "Vessels" }).click();
  await page.waitForURL((url) => url.pathname === `/rooms/${room}/vessels`);
  assert.equal(await page.locator("#uploads").count(), 0);
  await page.context().close();
}

async function goesOnAfterAReload(place) {
  const { rig, document } = place;
  const page = await rig.open({ as: "broker" });
  const line = await rig.line(page);
  page.on("dialog", (dialog) => dialog.accept());
  const file = paper("fenders.pdf", 2 * MB);
  await line.goes(MB / 4);
  const first = page.waitForResponse((response) => response.request().method() === "PATCH");
  await send(page, document("FENDER_CERT"), file);
  await first;
  await underWay(page, "fenders.pdf");
  await page.reload();
  await lineOf(page, "fenders.pdf").getByText("Choose the file again, and it goes on.").waitFor();
  rig.blame(await axe(page), await reflow(page));
  await line.goes();
  const [part] = await Promise.all([page.waitForRequest((request) => request.method() === "PATCH"), choose(page, file)]);
  assert.ok(Number(part.headers()["upload-offset"]) > 0, "it begins again");
  await lineOf(page, "fenders.pdf").getByText(/^Uploaded as version 1\./).waitFor();
  assert.equal(await lineOf(page, "fenders.pdf").count(), 1);
  await whole(place, document("FENDER_CERT"), 2 * MB);
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes(" upload ")).length), 0);
  await page.context().close();
}

async function followsAgain({ rig, broker, room }) {
  const page = await rig.open({ as: "broker" });
  const line = await rig.line(page);
  await page.goto(`/rooms/${room}/documents`);
  await line.breaks();
  await page.getByText(STALE).waitFor();
  rig.blame(await axe(page));
  await broker.send("PATCH", `/rooms/${room}`, { title: "STS Gibraltar" });
  await page.getByRole("navigation", { name: "Room" }).getByRole("link", { name: "Vessels" }).click();
  await page.getByText("This page cannot be fetched now; this one stays").waitFor();
  assert.equal(new URL(page.url()).pathname, `/rooms/${room}/documents`);
  // So do the panel, and forms.
  await page.locator("tr[data-document] th a").first().click();
  await page.getByText("This page cannot be fetched now; this one stays").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("This cannot be sent now; what you typed stays here").waitFor();
  await page.setViewportSize({ width: 320, height: 800 });
  rig.blame(await axe(page), await reflow(page));
  await page.setViewportSize({ width: 1280, height: 800 });
  await line.goes();
  await page.getByRole("heading", { name: "STS Gibraltar" }).waitFor();
  await page.getByText(STALE).waitFor({ state: "hidden" });
  await page.getByRole("navigation", { name: "Room" }).getByRole("link", { name: "Vessels" }).click();
  await page.waitForURL((url) => url.pathname === `/rooms/${room}/vessels`);
  await page.context().close();
}

// Pages that follow nothing, or look again by themselves.
async function readsOn({ rig }) {
  const page = await rig.open({ as: "broker" });
  const line = await rig.line(page);
  for (const path of ["/", "/verify"]) {
    await page.goto(path);
    await line.breaks();
    await page.getByText(STALE).waitFor();
    await page.locator(".me a").click();
    await page.getByText("This page cannot be fetched now; this one stays").waitFor();
    assert.equal(new URL(page.url()).pathname, path);
    rig.blame(await axe(page), await reflow(page));
    await line.goes();
    await page.getByText(STALE).waitFor({ state: "hidden" });
    await page.locator(".me a").click();
    await page.waitForURL((url) => url.pathname === "/account");
  }
  await page.context().close();
}
