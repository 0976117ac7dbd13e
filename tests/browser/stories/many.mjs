// Forty papers of a folder come into their documents with their dates, and forty decisions are made, each with few signs of
// a hand: every click and key is counted.
import assert from "node:assert/strict";
import { axe, reflow } from "../checks.mjs";
import { dropFiles } from "../rig.mjs";

const VESSELS = [["MT Aegean Star", "discharging", "9074729"], ["MT Baltic Wind", "receiving", "9224439"], ["MT Coral Sea", "other", "9162318"]];
const MANY = 40;

export default async function many(rig) {
  const broker = await rig.api("broker");
  const parties = [{ role: "charterer", name: "charterer", email: rig.accounts.charterer.email }];
  const { id: room } = await broker.room({ parties });
  for (const [name, role, imo_number] of VESSELS) {
    await broker.post(`/rooms/${room}/vessels`, { name, role, imo_number });
  }
  const types = await (await rig.api("admin")).get("/config/document-types?limit=100");
  const expires = (code) => Boolean(types.find((type) => type.code === code).validity_days);
  const documents = (await all(broker, room)).map((document) => ({ ...document, expires: expires(document.document_type) }));
  const chosen = documents.filter(({ needed }) => needed).slice(0, MANY);
  assert.equal(chosen.length, MANY);
  await dropped(rig, broker, room, chosen);
  await decided(rig, broker, room);
}

async function all(api, room) {
  return [...(await api.get(`/rooms/${room}/documents?limit=100`)), ...(await api.get(`/rooms/${room}/documents?limit=100&offset=100`))];
}

// A paper as a print to PDF makes it: its words stand in the first stream.
function paper(words) {
  const drawn = `BT /F1 12 Tf 72 720 Td (${words.replace(/[()\\]/g, "\\$&")}) Tj ET`;
  return Buffer.from(`%PDF-1.7\n1 0 obj\n<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream\nendobj\n%%EOF\n`);
}

// Names as people write them: the code and the vessel, or the vessel alone on a scan that says itself what it is.
function named({ document_type, name, vessel, expires }, i) {
  const code = document_type.replaceAll("_", " ");
  const of = vessel ? ` ${vessel.replace("MT ", "")}` : "";
  const day = expires ? `Valid until 31 January ${2031 + (i % 3)}` : "";
  return { name: `${code}${of} (${i}).pdf`, bytes: paper(`${vessel ?? ""} ${name} ${day} No. ${i}`) };
}

async function dropped(rig, api, room, chosen) {
  const page = await rig.open({ as: "broker" });
  await page.goto(`/rooms/${room}/documents`);
  // One hand moves forty files: a drop is one sign of it, a confirmation another.
  let signs = 1;
  await dropFiles(page, "h1", ...chosen.map(named));
  const sheet = page.locator("#matching");
  await sheet.getByText(`${MANY} of ${MANY} files found their document.`).waitFor();
  rig.blame(await axe(page), await reflow(page));
  await page.setViewportSize({ width: 320, height: 800 });
  rig.blame(await axe(page), await reflow(page));
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("Enter");
  signs += 1;
  for (let tries = 0; ; tries += 1) {
    const under = (await all(api, room)).filter(({ newest }) => newest);
    if (under.length === MANY) break;
    assert.ok(tries < 300, `${under.length} of ${MANY} came`);
    await page.waitForTimeout(100);
  }
  assert.ok(signs <= 15, `${signs} clicks and keys`);
  for (const { document_type, name, vessel, newest } of await all(api, room)) {
    const i = chosen.findIndex((one) => one.document_type === document_type && one.vessel === vessel);
    assert.equal(newest?.file_name, i < 0 ? undefined : named(chosen[i], i).name, `${vessel}: ${name}`);
    if (i >= 0) assert.equal(newest.expires_on, chosen[i].expires ? `${2031 + (i % 3)}-01-31` : null, name);
  }
}

async function decided(rig, api, room) {
  const page = await rig.open({ as: "charterer" });
  await page.goto(`/rooms/${room}/documents?show=mine`);
  await page.getByRole("row").filter({ hasText: "Waits for me" }).first().getByRole("link").first().click();
  const panel = page.locator("#panel");
  await page.locator("#keys").waitFor();
  for (let key = 1; key <= MANY; key += 1) {
    const open = await panel.getAttribute("data-document");
    if (key === 2) rig.blame(await axe(page), await reflow(page));
    await page.keyboard.press("y");
    await page.waitForFunction((id) => document.getElementById("panel")?.dataset.document !== id, open);
  }
  await panel.waitFor({ state: "detached" });
  const approved = (await all(api, room)).filter(({ status }) => status === "approved");
  assert.equal(approved.length, MANY);
  await page.goto(`/rooms/${room}/documents?show=approved`);
  await page.getByRole("row").filter({ hasText: "approved by charterer" }).first().waitFor();
  rig.blame(await axe(page), await reflow(page));
}
