// Checks that hold for every page. Each returns what it finds wrong, one sentence a finding, for `rig.blame`.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Returns what axe-core finds, light and dark. It is injected by the debugger, which no Content Security Policy stops,
// so that the policy of the page stays in force.
export async function axe(page) {
  const [dark, script] = await page.evaluate(() =>
    ["(prefers-color-scheme: dark)", "(scripting: enabled)"].map((query) => matchMedia(query).matches));
  const devtools = await page.context().newCDPSession(page);
  const found = [];
  // axe-core needs timers. A page that was loaded without script has no scripts of its own that would start now.
  if (!script) await allowScript(devtools);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const violation of await violations(page)) found.push(`axe, ${colorScheme}, ${page.url()}: ${violation}`);
  }
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
  if (!script) await devtools.send("Emulation.setScriptExecutionDisabled", { value: true });
  await devtools.detach();
  return found;
}

// A session of the debugger can lift only what it has imposed itself: so it imposes the ban first.
async function allowScript(devtools) {
  for (const value of [true, false]) await devtools.send("Emulation.setScriptExecutionDisabled", { value });
}

async function violations(page) {
  await page.evaluate(`${AXE}; undefined`);
  const options = { runOnly: RULES, resultTypes: ["violations"], iframes: false };
  const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 4).map(({ html, any, all, none }) => {
      const why = [...any, ...all, ...none].map((check) => check.message).join("; ");
      return `\n    ${html.slice(0, 160)}\n      ${why}`;
    });
    const more = nodes.length > 4 ? `\n    and ${nodes.length - 4} more` : "";
    return `${help} [${id}]${places.join("")}${more}`;
  });
}

// Returns what is wider than the window at 360 pixels (WCAG 1.4.10).
export async function reflow(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  const [over, widest] = await page.evaluate(() => {
    const right = (element) => element.getBoundingClientRect().left + element.scrollWidth;
    const widest = [...document.body.querySelectorAll("*")].reduce((one, other) => (right(other) >= right(one) ? other : one));
    return [document.scrollingElement.scrollWidth - innerWidth, widest.outerHTML.slice(0, 160)];
  });
  await page.setViewportSize(size);
  return over > 0 ? [`${page.url()} at 360 px is ${over} px too wide:\n    ${widest}`] : [];
}

// Returns how many bytes come over the wire for a page, headers included, with an empty cache; in all and by path.
export async function weight(page, path) {
  const devtools = await page.context().newCDPSession(page);
  const [paths, parts] = [new Map(), {}];
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => paths.set(requestId, new URL(request.url).pathname));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    parts[paths.get(requestId)] = encodedDataLength;
  });
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.goto(path);
  await devtools.detach();
  return { bytes: Object.values(parts).reduce((sum, part) => sum + part, 0), parts };
}

// Returns a finding if the first load of a page takes this many bytes or more.
export async function light(page, path, limit = 60_000) {
  const { bytes, parts } = await weight(page, path);
  return bytes < limit ? [] : [`${path} weighs ${bytes} bytes: ${JSON.stringify(parts)}`];
}
