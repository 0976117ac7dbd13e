// The documents of a room: the panel beside the list, and uploads by dropping files. All of it can also be done without
// script.

import { sayUnreachable } from "./connection.js";
import { deciding } from "./deciding.js";
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
  (target?.querySelector("input:not([type=hidden]), textarea") ?? focused)?.focus({ preventScroll: true });
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
  const viewed = event.target.closest("[data-view]");
  if (viewed) view(viewed);
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
let viewer;
async function view(button) {
  viewer ??= import("./viewer.js").then(({ viewer }) => viewer({ panel, keys }));
  (await viewer)(button);
}

offerDays();
const keys = deciding({ documents, panel, rows, show, close, current, view });
if (documents.dataset.uploadsTo) uploads();
