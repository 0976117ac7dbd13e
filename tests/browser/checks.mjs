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
  const found = [];
  // axe-core needs timers. A page that was loaded without script has no scripts of its own that would start now. Where there
  // is script, no session is taken: one that is detached takes the network conditions of others with it (Chromium 148).
  const devtools = script ? null : await page.context().newCDPSession(page);
  if (devtools) await allowScript(devtools);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const violation of await violations(page)) found.push(`axe, ${colorScheme}, ${page.url()}: ${violation}`);
  }
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
  await devtools?.send("Emulation.setScriptExecutionDisabled", { value: true });
  await devtools?.detach();
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

// The widths at which every page is read: telephones, tablets, and what windows are on desks; half of it is 200 % of zoom.
const WIDTHS = [320, 360, 600, 768, 900, 1024, 1280, 1920, 2560];

// Returns what cannot be read at some width: a page that is wider than the window (WCAG 1.4.10), a word of up to 12
// letters that a column breaks or cuts off, and a row of a table that takes more than 5 lines.
export async function legible(page, widths = WIDTHS) {
  const size = page.viewportSize();
  const found = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    for (const fault of await page.evaluate(illegible)) found.push(`${page.url()} at ${width} px: ${fault}`);
  }
  await page.setViewportSize(size);
  return found;
}

// Returns what is wider than the narrowest of common telephones, or cannot be read there.
export const reflow = (page) => legible(page, [360]);

// Runs in the page.
function illegible() {
  const SHORT_WORD = /(?<!\S)\S{1,12}(?!\S)/gu;
  // What is a line of a wide table is a card of a narrow one, with a line for each cell.
  const mostLines = (row) => (getComputedStyle(row).display === "block" ? 9 : 5);
  const found = [];
  const seen = (rects) => [...rects].filter((rect) => rect.width > 0 && rect.height > 0);
  // Lines are parted by more than half of their height: a word in smaller letters stands in the line of the others.
  const lines = (rects) => {
    const middles = rects.map((rect) => rect.top + rect.height / 2).sort((one, other) => one - other);
    return middles.filter((middle, i) => i === 0 || middle - middles[i - 1] > 8).length;
  };
  const range = document.createRange();
  // What only screen readers read has no lines.
  const isClipped = (element) => element !== null && (getComputedStyle(element).clipPath !== "none" || isClipped(element.parentElement));
  const textsOf = (root) => {
    const [walker, texts] = [document.createTreeWalker(root, NodeFilter.SHOW_TEXT), []];
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      const isRead = parent.checkVisibility({ visibilityProperty: true }) && !parent.closest("option") && !isClipped(parent);
      if (isRead && walker.currentNode.data.trim() !== "") texts.push(walker.currentNode);
    }
    return texts;
  };

  const right = (element) => element.getBoundingClientRect().left + element.scrollWidth;
  const over = document.scrollingElement.scrollWidth - innerWidth;
  if (over > 0) {
    const widest = [...document.body.querySelectorAll("*")].reduce((one, other) => (right(other) >= right(one) ? other : one));
    found.push(`it is ${over} px too wide: ${widest.outerHTML.slice(0, 160)}`);
  }
  for (const text of textsOf(document.body)) {
    const column = text.parentElement.closest("th, td, dd, dt, li, p") ?? document.body;
    // A long name may end in an ellipsis, in a column that has room for each of its words.
    const elides = getComputedStyle(column).textOverflow === "ellipsis";
    const leaves = (rect) => (elides ? rect.width > column.clientWidth : rect.right > column.getBoundingClientRect().right + 1);
    for (const { 0: word, index } of text.data.matchAll(SHORT_WORD)) {
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const rects = seen(range.getClientRects());
      const isBroken = lines(rects) > 1 && !/[-/]/.test(word);
      const isCutOff = column.matches("th, td") && rects.some(leaves);
      if (isBroken || isCutOff) found.push(`\`${word}\` ${isBroken ? "is broken" : "leaves its column"}: ${column.outerHTML.slice(0, 160)}`);
    }
  }
  // What people wrote at length stands in tables of prose, and may take the lines that it needs.
  for (const row of document.querySelectorAll("table:not(.prose) tr")) {
    const rects = textsOf(row).flatMap((text) => {
      range.selectNodeContents(text);
      return seen(range.getClientRects());
    });
    if (lines(rects) > mostLines(row)) found.push(`a row takes ${lines(rects)} lines: ${row.innerText.slice(0, 160)}`);
  }
  return found.slice(0, 6);
}

// Returns a finding if a page takes more sheets than this when it is printed upright.
export async function sheets(page, most) {
  const found = [];
  for (const format of ["A4", "Letter"]) {
    const printed = (await page.pdf({ format })).toString("latin1");
    const count = printed.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    if (count === 0 || count > most) found.push(`${page.url()} takes ${count} sheets of ${format}, not 1 to ${most}`);
  }
  return found;
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
