// The verifier that is one page, opened from a file as from a USB stick: it has the stated verdict for every vector, and no
// file verifies in which a byte was flipped. STS_TEST_EVERY says of which bytes: `small.pdf:397` is every 397th of that file.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { axe, reflow } from "../checks.mjs";

const root = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const vectors = (name) => readFile(root(`docs/vectors/${name}`));

export default async function offline(rig) {
  const page = await rig.open();
  await page.goto(pathToFileURL(root("verifier/index.html")).href);
  rig.blame(await axe(page), await reflow(page));
  await everyVector(rig, page);
  await people(rig, page);
  for (const [name, every] of (process.env.STS_TEST_EVERY ?? "").split(" ").filter(Boolean).map((one) => one.split(":"))) {
    await flips(page, name, Number(every));
  }
}

// Verifies every vector by the function that the form calls.
async function everyVector(rig, page) {
  const { vectors: index } = JSON.parse(await vectors("vectors.json"));
  assert.ok(index.length > 50);
  const text = async (name) => (name ? String(await vectors(name)) : null);
  for (const vector of index) {
    const given = { bytes: edited(await vectors(vector.file), vector.edits ?? []).toString("base64") };
    Object.assign(given, { key: await text(vector.key), receipt: await text(vector.receipt) });
    const found = await page.evaluate(async ({ bytes, key, receipt }) => {
      try {
        return await verify(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)), key, receipt);
      } catch (error) {
        return { code: error instanceof Unreadable ? 2 : error.stack, checks: [] };
      }
    }, given);
    const outcomes = Object.fromEntries(found.checks.map(({ name, outcome }) => [name, outcome]));
    for (const [name, outcome] of Object.entries(vector.checks)) {
      // The page reads no signature of a PDF.
      const expected = name === "sealed" && outcome === "ok" ? "skipped" : outcome;
      if (outcomes[name] !== expected) rig.blame(`${vector.name}: ${name} is ${outcomes[name]}, not ${expected}`);
    }
    if (found.code !== vector.exit) rig.blame(`${vector.name}: ${found.code}, not ${vector.exit}: ${JSON.stringify(found)}`);
  }
}

function edited(file, edits) {
  const parts = [];
  let done = 0;
  for (const { at, remove = 0, insert = "", times = 1 } of edits) {
    parts.push(file.subarray(done, at), ...Array(times).fill(Buffer.from(insert, "hex")));
    done = at + remove;
  }
  return Buffer.concat([...parts, file.subarray(done)]);
}

// Uses the page as people do.
async function people(rig, page) {
  const verdict = async (words) => {
    await page.getByRole("button", { name: "Verify" }).click();
    await page.locator(".verdict").filter({ hasText: words }).waitFor();
  };
  await page.getByLabel("File", { exact: true }).setInputFiles(root("docs/vectors/rich.pdf"));
  await verdict("Cannot be judged");
  await page.getByLabel("A file of such keys (optional)").setInputFiles(root("docs/vectors/server.key"));
  await verdict("Verified");
  assert.ok((await page.getByRole("rowheader").allInnerTexts()).length === 6);
  rig.blame(await axe(page), await reflow(page));
  await page.getByLabel("Receipt (optional)").setInputFiles(root("docs/vectors/later.receipt"));
  await verdict("Does not verify");
  await page.getByLabel("File", { exact: true }).setInputFiles(root("docs/vectors/server.key"));
  await verdict("Not checked");
}

// Flips one bit of every so many bytes of a file. Only a byte of the signature may be another one.
async function flips(page, name, every) {
  const given = { bytes: (await vectors(name)).toString("base64"), key: String(await vectors("server.key")), every };
  const { tried, passed, first, last } = await page.evaluate(async ({ bytes: encoded, key, every: step }) => {
    const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    if ((await verify(bytes, key)).code !== 0) throw new Error("it does not verify as it is");
    const passed = [];
    let tried = 0;
    for (let at = 0; at < bytes.length; at += step) {
      bytes[at] ^= 1 << (Math.floor(at / step) % 8);
      const code = await verify(bytes, key).then((found) => found.code, (error) => (error instanceof Unreadable ? 2 : Promise.reject(error)));
      bytes[at] ^= 1 << (Math.floor(at / step) % 8);
      tried += 1;
      if (code === 0) passed.push(at);
    }
    const text = latin(bytes);
    const first = text.indexOf("/Contents<", text.lastIndexOf(SIGNATURE)) + 10;
    return { tried, passed, first, last: first + 2 * (4 + parseInt(text.slice(first + 4, first + 8), 16)) };
  }, given);
  const unseen = passed.filter((at) => !name.endsWith(".pdf") || at < first || at >= last);
  assert.deepEqual(unseen, [], `${name}: flips that verify, of ${tried}`);
  assert.ok(tried > 100, name);
}
