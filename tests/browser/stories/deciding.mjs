// Deciding on papers by keys: rejecting and going on, from one paper to the next, several at once, with script and without,
// and in the viewer over the whole window.
import assert from "node:assert/strict";
import { axe, legible, reflow } from "../checks.mjs";

const LONG = `Certificate of ${"a very long name that somebody has given ".repeat(4)}.pdf`;

export default async function deciding(rig) {
  const broker = await rig.api("broker");
  const parties = ["charterer", "owner"].map((role) => ({ role, name: role, email: rig.accounts[role].email }));
  const { id: room } = await broker.room({ parties });
  const documents = (await broker.get(`/rooms/${room}/documents?limit=100`)).filter(({ needed }) => needed).slice(0, 12);
  for (const [i, { id }] of documents.entries()) await upload(broker, room, id, i === 0 ? LONG : `paper ${i}.pdf`, i);
  await byKeys(rig, room);
  await several(rig, broker, room);
  await withoutScript(rig, broker, room, documents);
  await viewed(rig, broker, room, documents);
}

function upload(api, room, id, name, i) {
  const form = new FormData();
  form.append("file", new Blob([`%PDF-1.7\n% ${i}\n%%EOF\n`], { type: "application/pdf" }), name);
  return api.post(`/rooms/${room}/documents/${id}/versions`, form);
}

// Returns what was decided on a document: verdicts with reasons, the newest first.
async function decisions(api, room, { id }) {
  const { versions } = await api.get(`/rooms/${room}/documents/${id}`);
  return versions.flatMap(({ decisions }) => decisions).map(({ verdict, reason }) => (reason ? `${verdict}: ${reason}` : verdict));
}

const open = (page) => page.locator("#panel").getAttribute("data-document");
const leaves = (page, id) => page.waitForFunction((id) => document.getElementById("panel")?.dataset.document !== id, id);

// `r` leads to the reason, Enter sends it and the next one opens; `j` and `k` go on and back without deciding.
async function byKeys(rig, room) {
  const page = await rig.open({ as: "charterer" });
  const api = await rig.api("charterer");
  await page.goto(`/rooms/${room}/documents?show=mine`);
  await page.locator("#keys").waitFor();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await sheet.getByText("rejects: opens the reason").waitFor();
  rig.blame(await axe(page), await legible(page));
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });

  await page.keyboard.press("n");
  await leaves(page);
  const first = await open(page);
  await page.keyboard.press("j");
  await leaves(page, first);
  const second = await open(page);
  await page.keyboard.press("k");
  await leaves(page, second);
  assert.equal(await open(page), first);
  await page.keyboard.press("r");
  await page.keyboard.type("Not signed");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("by the master");
  await page.locator("#reject .sends").waitFor();
  rig.blame(await axe(page), await legible(page));
  await page.keyboard.press("Enter");
  await leaves(page, first);
  assert.equal(await open(page), second);
  assert.deepEqual(await decisions(api, room, { id: first }), ["rejected: Not signed\nby the master"]);
  // A reason that was not written is not sent.
  await page.keyboard.press("r");
  await page.keyboard.press("Enter");
  assert.deepEqual(await decisions(api, room, { id: second }), []);
  await page.keyboard.press("Escape");
  await page.keyboard.press("y");
  await leaves(page, second);
  assert.deepEqual(await decisions(api, room, { id: second }), ["approved"]);
  // What was typed into the form that a key has sent is no draft any more.
  await page.goto(`/rooms/${room}/documents/${first}`);
  await page.locator("#keys").waitFor();
  assert.equal(await page.locator(".draft").count(), 0);
  await page.goto(`/rooms/${room}/documents`);
  // Whose word counts is read whole beside the longest name of a file.
  for (const width of [1280, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    for (const deciders of await page.locator(".deciders").all()) {
      if (!(await deciders.isVisible())) continue;
      const [seen, needed] = await deciders.evaluate((element) => [element.clientWidth, element.scrollWidth]);
      assert.ok(needed <= seen, `${await deciders.textContent()} is cut off at ${width} px`);
    }
  }
  await page.context().close();
}

// A range by the shift key, one more by `x`; a version that comes meanwhile is told by row, and the rest is done.
async function several(rig, broker, room) {
  const page = await rig.open({ as: "charterer" });
  const api = await rig.api("charterer");
  await page.goto(`/rooms/${room}/documents?show=mine`);
  await page.locator("#keys").waitFor();
  const bar = page.locator("#several");
  assert.ok(await bar.isHidden());
  const boxes = page.locator("[data-pick]");
  assert.equal(await boxes.count(), 10);
  await boxes.nth(0).check();
  await boxes.nth(3).click({ modifiers: ["Shift"] });
  await bar.getByText("4 selected").waitFor();
  await boxes.nth(5).focus();
  await page.keyboard.press("x");
  await bar.getByText("5 selected").waitFor();
  rig.blame(await axe(page), await legible(page));
  // What is ticked stays so when the list is renewed; the new version of one is another file, and is not ticked.
  const ids = await boxes.evaluateAll((all) => all.map((box) => box.closest("tr").dataset.document));
  await upload(broker, room, ids[1], "a newer one.pdf", 100);
  await bar.getByText("4 selected").waitFor();
  await bar.getByRole("button", { name: "Approve all" }).click();
  await page.waitForURL(/show=mine$/);
  for (const i of [0, 2, 3, 5]) assert.deepEqual(await decisions(api, room, { id: ids[i] }), ["approved"]);
  assert.deepEqual(await decisions(api, room, { id: ids[1] }), []);

  await page.getByRole("link", { name: "Select all 6 that wait for me" }).click();
  await bar.getByText("6 selected").waitFor();
  const rest = await page.locator("[data-pick]:checked").evaluateAll((all) => all.map((box) => box.closest("tr").dataset.document));
  await bar.getByRole("button", { name: "Reject with reasons" }).click();
  await page.getByRole("heading", { name: "Reject 6 documents" }).waitFor();
  rig.blame(await axe(page), await legible(page));
  await page.getByLabel("Reason for all").fill("Of another voyage");
  await page.locator("textarea").nth(2).fill("Blurred");
  await page.getByRole("button", { name: "Reject 6 documents" }).click();
  await page.waitForURL(/show=mine$/);
  assert.deepEqual(await decisions(api, room, { id: rest[1] }), ["rejected: Blurred"]);
  assert.deepEqual(await decisions(api, room, { id: rest[2] }), ["rejected: Of another voyage"]);
  await page.context().close();
}

async function withoutScript(rig, broker, room, documents) {
  for (const [i, { id }] of documents.slice(0, 3).entries()) await upload(broker, room, id, `again ${i}.pdf`, 200 + i);
  const page = await rig.open({ as: "charterer", script: false });
  await page.goto(`/rooms/${room}/documents?show=mine`);
  await page.getByRole("link", { name: /Select all \d+ that wait for me/ }).click();
  rig.blame(await axe(page), await reflow(page));
  const ticked = page.locator("[data-pick]:checked");
  const count = await ticked.count();
  assert.ok(count >= 3, `${count} are ticked`);
  // One of them gets a newer version while the page is looked at.
  const row = page.locator("tr[data-document]").filter({ has: page.locator("[data-pick]:checked") }).first();
  const id = await row.getAttribute("data-document");
  await upload(broker, room, id, "meanwhile.pdf", 300);
  await rig.refused(409, () => page.getByRole("button", { name: "Approve all" }).click());
  await page.getByRole("alert").getByText("has come meanwhile").waitFor();
  await page.getByRole("alert").getByText(`${count - 1} documents approved; 1 not.`).waitFor();
  rig.blame(await axe(page), await legible(page));
}

// A PDF of three pages, each with a bar that is longer than that of the page before.
function threePages() {
  const pages = [1, 2, 3].map((page) => {
    const bar = `0 0 ${50 * page} 100 re f`;
    const number = 1 + 2 * page;
    return `${number} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents ${number + 1} 0 R>> endobj
${number + 1} 0 obj <</Length ${bar.length}>> stream\n${bar}\nendstream endobj\n`;
  });
  return `%PDF-1.7
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R 5 0 R 7 0 R]/Count 3>> endobj
${pages.join("")}trailer <</Root 1 0 R>>\n%%EOF\n`;
}

// Returns the share of the page that is dark, by a row of its pixels.
const dark = (page) => page.locator("#viewer canvas").evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1);
  return Math.round((100 * data.filter((value, i) => i % 4 === 0 && value < 128).length) / canvas.width);
});

// All pages by keys, larger and smaller, from paper to paper, and decisions on them, without leaving the viewer.
async function viewed(rig, broker, room, documents) {
  const ids = documents.slice(4, 7).map(({ id }) => id);
  for (const [i, id] of ids.entries()) {
    const form = new FormData();
    const bytes = i === 1 ? "%PDF-1.7\nno page\n%%EOF\n" : threePages().replace("%PDF-1.7", `%PDF-1.7\n% ${i}`);
    form.append("file", new Blob([bytes], { type: "application/pdf" }), `pages ${i}.pdf`);
    await broker.post(`/rooms/${room}/documents/${id}/versions`, form);
  }
  const page = await rig.open({ as: "charterer" });
  const viewer = page.getByRole("dialog");
  const isAt = (where) => viewer.getByText(where, { exact: true }).waitFor();
  await page.goto(`/rooms/${room}/documents/${ids[0]}?show=mine`);
  await page.locator("#keys").waitFor();
  await page.keyboard.press("v");
  await isAt("Page 1 of 3");
  assert.equal(await dark(page), 25);
  rig.blame(await axe(page), await legible(page));
  await page.keyboard.press("ArrowRight");
  await isAt("Page 2 of 3");
  await page.waitForFunction(() => document.querySelector("#viewer canvas")?.ariaLabel.startsWith("Page 2"));
  assert.equal(await dark(page), 50);
  await page.keyboard.press("End");
  await isAt("Page 3 of 3");
  await page.keyboard.press("ArrowRight");
  await isAt("Page 3 of 3");
  // Twice as wide, and drawn finer.
  const isWide = (width, pixels) => page.waitForFunction(([width, pixels]) => {
    const canvas = document.querySelector("#viewer canvas");
    return canvas?.style.width === width && canvas.width === pixels;
  }, [width, pixels]);
  await isWide("900px", 1000);
  for (const key of ["+", "+"]) await page.keyboard.press(key);
  await isWide("1800px", 2000);
  for (const key of ["-", "-"]) await page.keyboard.press(key);
  await isWide("900px", 1000);
  // Focus stays in the viewer, and comes back to the button that opened it.
  for (let i = 0; i < 14; i += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("#viewer") !== null));
  }
  await page.keyboard.press("Escape");
  await viewer.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement.matches("#panel-newest [data-view]"));
  // One look, however many pages.
  const looks = (await broker.get(`/rooms/${room}/activities?limit=100`)).filter(({ action }) => action === "document_previewed");
  assert.equal(looks.length, 1);

  // The next paper in the viewer: its file cannot be drawn, which is said; the one after it is rejected from there.
  await page.getByRole("button", { name: /^View version/ }).first().click();
  await isAt("Page 1 of 3");
  await rig.refused(409, async () => {
    await page.keyboard.press("y");
    await viewer.getByText("cannot be previewed").waitFor();
  });
  assert.equal(await open(page), ids[1]);
  assert.deepEqual((await decisions(broker, room, { id: ids[0] }))[0], "approved");
  rig.blame(await axe(page), await legible(page));
  await viewer.getByRole("button", { name: "Next document" }).click();
  await isAt("Page 1 of 3");
  assert.equal(await open(page), ids[2]);
  const cannot = viewer.getByText("cannot be previewed");
  await rig.refused(409, async () => {
    await page.keyboard.press("k");
    await cannot.waitFor();
  });
  await page.keyboard.press("r");
  await page.keyboard.type("It has no page");
  await page.keyboard.press("Enter");
  await isAt("Page 1 of 3");
  assert.equal(await open(page), ids[2]);
  assert.ok((await decisions(broker, room, { id: ids[1] })).includes("rejected: It has no page"));
  await page.setViewportSize({ width: 320, height: 800 });
  rig.blame(await axe(page), await reflow(page));
  // Another one waits, from before; after that nothing does.
  await rig.refused(409, async () => {
    await page.keyboard.press("y");
    await cannot.waitFor();
  });
  await page.keyboard.press("y");
  await viewer.waitFor({ state: "hidden" });
}
