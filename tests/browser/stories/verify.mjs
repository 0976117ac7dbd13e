// Somebody without an account verifies a snapshot: without script by choosing the file, with script by dropping it.
import assert from "node:assert/strict";
import { axe, light, reflow } from "../checks.mjs";
import { dropFiles } from "../rig.mjs";

export default async function verify(rig) {
  const broker = await rig.api("broker");
  const room = await broker.room();
  const bytes = await broker.bytes((await broker.snapshot(room.id)).download_url);
  const changed = Buffer.from(bytes);
  changed[changed.indexOf("/Title(") + 8] ^= 1;

  const plain = await rig.open({ script: false });
  await plain.goto("/verify");
  await plain.getByLabel("File", { exact: true }).setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: bytes });
  await answer(plain, "Verified");
  const checks = await plain.getByRole("rowheader").allInnerTexts();
  assert.ok(checks.length > 5 && checks.every((check) => /\sok$/.test(check)), checks.join(", "));
  rig.blame(await axe(plain), await reflow(plain));

  const page = await rig.open();
  rig.blame(await light(page, "/verify"), await axe(page), await reflow(page));
  await dropFiles(page, "#file", { name: "changed.pdf", bytes: changed });
  await answer(page, "Does not verify");
  assert.notEqual(await page.getByRole("rowheader").filter({ hasText: "failed" }).count(), 0);
  await dropFiles(page, "#file", { name: "notes.txt", bytes: Buffer.from("no snapshot") });
  await rig.refused(422, () => answer(page, "Not checked"));
  rig.blame(await axe(page), await reflow(page));
}

async function answer(page, verdict) {
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".verdict").filter({ hasText: verdict }).waitFor();
}
