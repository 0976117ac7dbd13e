// The sheet that asks for which document each of many files is, and until when it is valid. The server matches names and
// first words; nothing of the files themselves is sent before the sheet is confirmed.

import { announce } from "./pages.js";

const MOST_AT_ONCE = 100;
const MOST_READ = 512 * 1024;
const MOST_WORDS = 6000;
const MOST_HASHED = 16 * 1024 * 1024;
// What systems leave in folders.
const NO_PAPERS = /^(\..*|thumbs\.db|desktop\.ini)$/i;

// Returns the files of a drop, those in its folders with their paths. What was dropped has to be taken at once: it is gone
// when the event is over.
export async function dropped(data) {
  const items = [...data.items].filter((item) => item.kind === "file");
  const taken = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = await Promise.all(taken.map((one) => (one instanceof File ? [one] : one ? filesIn(one) : [])));
  return found.flat().filter((file) => !NO_PAPERS.test(file.name));
}

async function filesIn(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    Object.defineProperty(file, "path", { value: entry.fullPath.replace(/^\//, "") });
    return [file];
  }
  const reader = entry.createReader();
  const all = [];
  // A reader gives a hundred entries at most each time, and none when it is through.
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length > 0; ) all.push(...some);
  return (await Promise.all(all.map(filesIn))).flat();
}

// Returns the first words of a PDF, as far as they are plain: the first stream that draws text. A scan has none.
export async function firstWords(file) {
  if (!/\.pdf$/i.test(file.name)) return "";
  try {
    const bytes = new Uint8Array(await file.slice(0, MOST_READ).arrayBuffer());
    const latin = new TextDecoder("latin1").decode(bytes);
    for (const { 1: terms, index, 0: head } of latin.matchAll(/<<((?:[^<>]|<<[^<>]*>>|<[^<>]*>)*)>>\s*stream\r?\n/g)) {
      const from = index + head.length;
      const to = latin.indexOf("endstream", from);
      if (to < 0 || /\/(Subtype|Length1|Type)\b/.test(terms)) continue;
      const drawn = terms.includes("/FlateDecode") ? await inflated(bytes.subarray(from, to)) : latin.slice(from, to);
      const words = wordsIn(drawn);
      if (words) return words.slice(0, MOST_WORDS);
    }
  } catch {
    // A file that cannot be read here is matched by its name; what it is the server examines when it comes.
  }
  return "";
}

async function inflated(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const decoder = new TextDecoder("latin1");
  let text = "";
  try {
    for (let part; text.length < MOST_READ && !(part = await reader.read()).done; ) text += decoder.decode(part.value);
  } catch {
    // The end of the line stands behind a stream too, and is no part of it.
  }
  reader.cancel().catch(() => {});
  return text;
}

function wordsIn(drawn) {
  const shown = drawn.match(/\[(?:\((?:\\.|[^\\()])*\)|[^\]()])*\]\s*TJ|\((?:\\.|[^\\()])*\)\s*(?:Tj|'|")/g) ?? [];
  const lines = shown.map((one) => {
    let line = "";
    for (const { 1: text, 2: gap } of one.matchAll(/\(((?:\\.|[^\\()])*)\)|(-?[0-9.]+)/g)) line += text?.replace(/\\(.)/g, "$1") ?? (gap < -150 ? " " : "");
    return line;
  });
  return lines.join("\n").replace(/[^\x20-\x7e\n]/g, "").trim();
}

async function hashOf(file) {
  // Browsers hash only where a page came by TLS or from the machine itself.
  if (!globalThis.crypto.subtle || file.size > MOST_HASHED) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function asked(path, files) {
  const found = [];
  for (let from = 0; from < files.length; from += MOST_AT_ONCE) {
    const part = files.slice(from, from + MOST_AT_ONCE);
    const known = async (file) => ({ name: (file.path ?? file.name).slice(-1000), size: file.size, text: await firstWords(file), sha256: await hashOf(file) });
    const body = JSON.stringify({ files: await Promise.all(part.map(known)) });
    const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!response.ok) throw new Error(response.statusText);
    found.push(...(await response.json()).files);
  }
  return found;
}

// Prepares the sheet, and returns what opens it. `rows` are those of the documents, and `enqueue` sends a file.
export function matchingSheet(documents, rows, enqueue) {
  const sheet = document.getElementById("matching");
  const rowOf = (id) => rows().find((row) => row.dataset.document === id);
  const nameOf = (row) => row.querySelector("th a").textContent;
  const versions = sheet.querySelector("[data-versions]");
  let lines = [];
  let fields = [];

  function refuse(words) {
    const refused = sheet.querySelector(".refused");
    refused.textContent = words;
    refused.hidden = words === "";
  }

  // Two files for one document: versions of it, or one of them is for another?
  function twice() {
    const ids = lines.map(({ at }) => at("for").value).filter(Boolean);
    const id = ids.find((one, i) => ids.indexOf(one) !== i);
    versions.closest("label").hidden = !id;
    return id && !versions.checked ? `Two files are for ${nameOf(rowOf(id))}. Choose another document for one of them, leave it out, or say that they are versions.` : "";
  }

  function draw(file, found, chosen) {
    const line = document.getElementById("matching-line").content.cloneNode(true).firstElementChild;
    const at = (part) => line.querySelector(`[data-${part}]`);
    at("name").textContent = file.path ?? file.name;
    for (const table of documents.querySelectorAll(".group table")) {
      const group = document.createElement("optgroup");
      group.label = document.getElementById(table.getAttribute("aria-labelledby")).firstChild.textContent.trim();
      for (const row of table.querySelectorAll("tr[data-document]")) group.append(new Option(`${group.label}: ${nameOf(row)}`, row.dataset.document));
      at("for").append(group);
    }
    // Those that fit equally are offered first.
    const fit = (found?.candidates ?? []).map((id) => [...at("for").options].find((option) => option.value === id)).filter(Boolean);
    if (fit.length > 0) {
      const group = document.createElement("optgroup");
      group.label = "These fit equally";
      group.append(...fit.map((option) => new Option(option.text, option.value)));
      at("for").options[0].after(group);
    }
    const same = found?.same_file_in[0];
    at("told").textContent = found?.problem ?? (same ? `The same file is version ${same.version} of ${same.name} already.` : "");
    at("for").value = found?.problem ? "" : chosen || (rowOf(found?.document_id) ? found.document_id : "");
    at("date").value = found?.expires_on ?? "";
    const ask = () => {
      const usual = rowOf(at("for").value)?.dataset.usual;
      at("dated").hidden = !usual;
      at("usual").textContent = usual && !found?.expires_on ? `Usually ${usual}, if it was issued today. Without a date the document counts as not done.` : "";
    };
    at("for").addEventListener("change", () => {
      ask();
      refuse(twice());
    });
    ask();
    const isClear = at("for").value !== "" && (at("dated").hidden || at("date").value !== "");
    return { file, line, at, isClear };
  }

  function inShort() {
    const placed = lines.filter(({ at }) => at("for").value);
    const undated = placed.filter(({ isClear }) => !isClear).length;
    const parts = [`${placed.length} of ${lines.length} ${lines.length === 1 ? "file" : "files"} found their document`];
    if (undated > 0) parts.push(undated === 1 ? "1 needs a date" : `${undated} need a date`);
    if (placed.length < lines.length) parts.push("choose for the others");
    return `${parts.join("; ")}.`;
  }

  // `id` is the document of the row that they were dropped on, if they were dropped on one.
  async function match(given, id, told = []) {
    announce("Files are being matched");
    const files = [...given];
    const found = await asked(documents.dataset.matchesBy, files).catch(() => null);
    const all = files.map((file, i) => draw(file, found?.[i], files.length === 1 ? id : ""));
    // What has to be answered comes first.
    lines = [...all.filter((line) => !line.isClear), ...all.filter((line) => line.isClear)];
    fields = told;
    sheet.querySelector("ul").replaceChildren(...lines.map(({ line }) => line));
    const open = lines.filter((line) => !line.isClear).length;
    sheet.querySelector("[data-count]").textContent = found ? inShort() : "The server could not be asked: choose the documents yourself.";
    versions.checked = false;
    refuse(twice());
    sheet.returnValue = "";
    sheet.showModal();
    // Enter confirms where nothing is open.
    if (open === 0) sheet.querySelector("[value=upload]").focus();
  }

  versions.addEventListener("change", () => refuse(twice()));
  sheet.querySelector("[data-leave]").addEventListener("click", () => sheet.close());
  sheet.querySelector("form").addEventListener("submit", (event) => {
    const words = lines.some(({ at }) => at("for").value) ? twice() : "No file is for a document yet. Choose one, or cancel.";
    refuse(words);
    if (words) event.preventDefault();
  });
  sheet.addEventListener("close", () => {
    if (sheet.returnValue !== "upload") return;
    for (const { file, at } of lines) {
      const row = rowOf(at("for").value);
      const day = at("dated").hidden ? "" : at("date").value;
      if (row) enqueue(row.dataset.document, nameOf(row), [file], day ? [...fields.filter(([name]) => name !== "expires_on"), ["expires_on", day]] : fields);
    }
  });
  return match;
}
