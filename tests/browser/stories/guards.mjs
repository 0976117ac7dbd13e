// The rig makes a story fail by what the story does not look at. Here each guard and check is shown to catch its fault.
import assert from "node:assert/strict";
import { axe, reflow } from "../checks.mjs";
import { download } from "../rig.mjs";

const CAUGHT = [
  [/^console: gone wrong/, () => console.error("gone wrong")],
  [/^script: Error: thrown/, () => setTimeout(() => { throw new Error("thrown"); })],
  [/answers 404$/, () => fetch("/none")],
  [/Content Security Policy: `connect-src` refuses http:\/\/sts\.example/, () => fetch("http://sts.example/").catch(() => {})],
  [/Content Security Policy: `script-src-elem` refuses inline/, () => {
    const script = document.body.appendChild(document.createElement("script"));
    script.textContent = "document.title = 'run'";
  }],
  [/Content Security Policy: `script-src` refuses eval/, () => setTimeout("document.title = 'run'")],
  [/Content Security Policy: `style-src-attr` refuses inline/, () => document.body.setAttribute("style", "color: red")],
];

export default async function guards(rig) {
  const page = await rig.open();
  await page.goto("/verify");
  assert.deepEqual([...(await axe(page)), ...rig.faults], [], "the page is good, and axe-core comes in without a word");
  for (const [fault, cause] of CAUGHT) {
    await page.evaluate(cause);
    await caught(rig, fault);
  }
  assert.notEqual(await page.title(), "run");

  // On a page without a policy, which would stop the request before the guard sees it.
  await page.goto("about:blank");
  await page.evaluate(() => fetch("http://sts.example/").catch(() => {}));
  await caught(rig, /^another host is asked: http:\/\/sts\.example/);

  await page.goto("/verify");
  const plain = await rig.open({ script: false });
  await plain.goto("/verify");
  await plain.evaluate(() => {
    document.querySelector("label").remove();
    document.querySelector("main").insertAdjacentHTML("beforeend", "<pre>" + "wide ".repeat(100) + "</pre>");
  });
  assert.match((await axe(plain)).join(), /axe, dark, .*must have labels/);
  assert.match((await reflow(plain)).join(), /px too wide:\s+<pre>/);

  await rig.refused(404, () => page.goto("/none"));
  await assert.rejects(rig.refused(404, () => page.goto("/verify")), /no answer was 404/);
  await page.evaluate(() => {
    const link = document.body.appendChild(document.createElement("a"));
    Object.assign(link, { href: URL.createObjectURL(new Blob(["told"])), download: "told.txt", textContent: "Told" });
  });
  const { name, bytes } = await download(page, () => page.getByRole("link", { name: "Told" }).click());
  assert.deepEqual([name, bytes.toString()], ["told.txt", "told"]);
}

// Waits for the fault, and then forgets all faults: the browser itself may write a second line about the same one.
async function caught(rig, fault) {
  for (let i = 0; i < 100 && !rig.faults.some((words) => fault.test(words)); i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(rig.faults.some((words) => fault.test(words)), `${fault} is not in: ${rig.faults.join("\n")}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  rig.faults.length = 0;
}
