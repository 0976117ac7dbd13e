// The documents of a room: the panel beside the list, keys, and uploads by dropping files. All of it can also be done
// without script.

import { sayUnreachable } from "./connection.js";
import { drop, restore } from "./drafts.js";
import { dropped, matchingSheet } from "./matching.js";
import { announce, localTimes } from "./pages.js";
import { arrived, isAway, stayWhileBusy } from "./tabs.js";
import { enqueue, nameLeft } from "./uploads.js";

const documents = document.getElementById("documents");
const panel = () => document.getElementById("panel");
const address = () => location.pathname + location.search;
let shown = address();
let asked = 0;

async function show(path, { push = true } = {}) {
  const from = panel()?.dataset.document;
  const turn = ++asked;
  const response = await fetch(path, { headers: { accept: "text/html" } }).catch(() => null);
  const text = await response?.text().catch(() => null);
  if (!response || text === null) return sayUnreachable();
  if (!response.ok || response.redirected) return location.assign(path);
  const page = new DOMParser().parseFromString(text, "text/html");
  // Another document was opened while this one was fetched: the later click wins.
  if (turn !== asked) return;
  const fresh = page.getElementById("panel");
  if (push) history.pushState(null, "", path);
  shown = address();
  document.title = page.title;
  panel()?.remove();
  if (fresh) documents.prepend(document.adoptNode(fresh));
  documents.classList.toggle("has-panel", Boolean(fresh));
  current(fresh?.dataset.document);
  for (const region of documents.querySelectorAll("[data-live]")) {
    // The new panel is as the server has it. The rest of the page is older: without `last`, the next refresh replaces
    // it.
    if (fresh?.contains(region)) region.dataset.last = region.outerHTML;
    else delete region.dataset.last;
  }
  localTimes(documents);
  offerDays();
  if (fresh) restore(fresh);
  // Focus goes to the title of the panel, or back to the row that it was opened from (WCAG 2.4.3).
  const focused = fresh ? document.getElementById("panel-title") : rows().find((row) => row.dataset.document === from)?.querySelector("a");
  const target = fresh && location.hash ? fresh.querySelector(location.hash) : null;
  if (target) target.closest("details").open = true;
  (target?.querySelector("input, textarea") ?? focused)?.focus({ preventScroll: true });
  (target ?? focused)?.scrollIntoView({ block: "nearest" });
}

const rows = () => [...documents.querySelectorAll("tr[data-document]")];

function current(id) {
  for (const row of rows()) {
    const is = row.dataset.document === id;
    row.classList.toggle("current", is);
    for (const link of row.querySelectorAll("th a")) is ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
}

const close = () => panel() && show(panel().querySelector("[data-close]").href);

function step(by) {
  // Rows of a group that is folded are passed over.
  const all = rows().filter((row) => row.checkVisibility());
  const at = all.findIndex((row) => row.contains(document.activeElement) || row.querySelector("th [aria-current]"));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  current(next.dataset.document);
  next.querySelector("th a").focus();
}

// Moves the focus to the form of a decision: that of the open document, or of the one that `j` or `k` has reached.
async function decide(form) {
  if (!panel()) {
    const link = documents.querySelector("th [aria-current]");
    if (!link) return;
    await show(link.href);
  }
  const field = panel()?.querySelector(`#${form} textarea`);
  if (field) field.focus();
  else announce("There is nothing to decide here.");
}

// Approves the open document as it is, and opens the next one that waits for the viewer; where none is open, it opens the
// first.
let deciding = false;
// What was decided by a key here: the list may be a moment older than that.
const decided = new Set();
async function approveAndGoOn() {
  const form = panel()?.querySelector("#approve");
  if (deciding) return;
  const open = panel()?.dataset.document;
  if (!form || decided.has(open) || !rowOf(open)?.matches("[data-mine]")) return goOn();
  if (form.elements.subjects.value.trim()) return announce("Subjects are written: send the form with its button.");
  deciding = true;
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    // What was refused is shown by the page itself, under the same key, so that nothing is said twice.
    if (!response.ok) return form.requestSubmit();
    announce(`Approved: ${document.getElementById("panel-title").textContent}`);
    decided.add(open);
    // The next key counts from here on: it finds this row decided.
    deciding = false;
    await goOn();
  } catch {
    announce("The connection broke; press the key again.");
  } finally {
    deciding = false;
  }
}

async function goOn() {
  const all = rows();
  const at = all.indexOf(rowOf(panel()?.dataset.document));
  const next = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))].find((row) => "mine" in row.dataset && !decided.has(row.dataset.document));
  if (next) return show(next.querySelector("th a").href);
  announce("Nothing waits for you any more.");
  await close();
}

function keys() {
  const hint = document.getElementById("keys");
  const button = hint.querySelector("[data-keys]");
  let on = localStorage.getItem("keys") !== "off";
  const tell = () => (button.textContent = on ? "Turn keys off" : "Turn keys on");
  button.addEventListener("click", () => {
    on = !on;
    localStorage.setItem("keys", on ? "on" : "off");
    tell();
  });
  tell();
  hint.hidden = false;
  const does = { j: () => step(1), k: () => step(-1), a: () => decide("approve"), y: approveAndGoOn, r: () => decide("reject"), "?": () => hint.scrollIntoView({ block: "center" }) };
  document.addEventListener("keydown", (event) => {
    // Combinations belong to the browser and to assistive technology.
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isAway()) return;
    const types = event.target.closest("input, textarea, select");
    if (event.key === "Escape") return types ? types.blur() : close();
    if (!on || types || !does[event.key]) return;
    event.preventDefault();
    does[event.key]();
  });
}

function fieldsOf(form) {
  return [...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== "");
}

// Shows the buttons that fill in the usual last day; without script its words alone are there.
function offerDays() {
  for (const button of documents.querySelectorAll("[data-fills]")) button.hidden = false;
}

const nameOf = (row) => row.querySelector("th a").textContent;
const rowOf = (id) => rows().find((row) => row.dataset.document === id);

function uploads() {
  documents.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("uploads" in form.dataset)) return;
    event.preventDefault();
    enqueue(panel().dataset.document, document.getElementById("panel-title").textContent, form.elements.file.files, fieldsOf(form));
    drop(form);
    form.reset();
  });
  const match = matchingSheet(documents, rows, enqueue);
  // Many at once also without a pointer.
  const many = document.getElementById("many");
  const button = documents.querySelector("[data-many]");
  button.hidden = false;
  button.addEventListener("click", () => many.click());
  many.addEventListener("change", () => {
    if (many.files.length > 0) match(many.files);
    many.value = "";
  });
  nameLeft((id) => rowOf(id) && nameOf(rowOf(id)));
  stayWhileBusy(() => shown);

  // Every drop is caught, wherever it lands: a browser would open the file in the place of the page.
  let over = null;
  const mark = (place) => {
    over?.classList.remove("dropping");
    (over = place)?.classList.add("dropping");
  };
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files") || event.target.closest?.("input[type=file]")) return mark(null);
    event.preventDefault();
    mark(event.target.closest?.("[data-document]"));
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && mark(null));
  addEventListener("drop", async (event) => {
    if (!event.dataTransfer.types.includes("Files") || event.target.closest?.("input[type=file]")) return;
    event.preventDefault();
    if (isAway()) return announce("Files are dropped on the page of the documents.");
    const place = over;
    mark(null);
    const files = await dropped(event.dataTransfer);
    if (files.length === 0) return announce("There is no file in it.");
    const form = place && place === panel() ? place.querySelector("[data-uploads]") : null;
    const fields = form ? fieldsOf(form) : [];
    const row = place && rowOf(place.dataset.document);
    const lacksDay = row?.dataset.usual && !fields.some(([name]) => name === "expires_on");
    // One file on a document of which nothing else has to be known goes there; anything else is asked about.
    if (!place || files.length > 1 || lacksDay) match(files, place?.dataset.document, files.length > 1 ? [] : fields);
    else enqueue(place.dataset.document, place.querySelector("th a, h2").textContent, files, fields);
  });
}

documents.addEventListener("click", (event) => {
  const { fills, value } = event.target.closest("[data-fills]")?.dataset ?? {};
  if (fills) document.getElementById(fills).value = value;
  const link = event.target.closest("a[data-panel], a[data-close]");
  // A click with a modifier opens a new tab or window, as links do.
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link.href);
});
addEventListener("popstate", () => arrived(shown) || show(location.href, { push: false }));
// A look at a document is logged, so its picture is fetched when the preview is opened, not before. `toggle` does not
// bubble, hence the capture.
documents.addEventListener("toggle", (event) => {
  const link = event.target.open && event.target.querySelector("[data-preview]");
  if (!link) return;
  const picture = new Image();
  picture.alt = link.textContent;
  picture.src = link.href;
  picture.addEventListener("error", () => picture.replaceWith("There is no preview of this file; download it to see it."));
  link.replaceWith(picture);
}, true);
offerDays();
keys();
if (documents.dataset.uploadsTo) uploads();
