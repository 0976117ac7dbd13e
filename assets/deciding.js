// Deciding on papers by keys: from one to the next, and to the next that waits. Whatever a key does, a button does too.

import { drop } from "./drafts.js";
import { announce } from "./pages.js";
import { isAway } from "./tabs.js";

// `documents` is the part of the page with the list and the panel, `show` opens the document of a path, and `current` marks
// the row of one; `view` opens the viewer. Returns what the viewer does of it.
export function deciding({ documents, panel, rows, show, close, current, view }) {
  const hint = document.getElementById("keys");
  const sheet = document.getElementById("keys-sheet");
  const rowOf = (id) => rows().find((row) => row.dataset.document === id);

  function step(by) {
    // Rows of a group that is folded are passed over.
    const all = rows().filter((row) => row.checkVisibility());
    const at = all.findIndex((row) => row.contains(document.activeElement) || row.querySelector("th [aria-current]"));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next || (panel() && at === all.indexOf(next))) return;
    current(next.dataset.document);
    // Where a document is open, the next one opens.
    if (panel()) return show(next.querySelector("th a").href);
    next.querySelector("th a").focus();
  }

  // Moves the focus to the form of a decision: that of the open document, or of the one that `j` or `k` has reached.
  async function decide(name) {
    if (!panel()) {
      const link = documents.querySelector("th [aria-current]");
      if (!link) return;
      await show(link.href);
    }
    const form = panel()?.querySelector(`#${name}`);
    if (!form) return announce("There is nothing to decide here.");
    // Who came by the key goes on by Enter; who types without keys starts lines by it.
    form.dataset.byKey = "";
    form.querySelector("textarea").focus();
  }

  // Sends a decision, and opens the next document that waits for the viewer.
  let sending = false;
  // What was decided by a key here: the list may be a moment older than that.
  const decided = new Set();
  async function send(form, word) {
    if (sending) return;
    sending = true;
    // As the list is now: what is decided may be gone from it when the answer comes.
    const ids = order();
    try {
      const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      // What was refused is shown by the page itself, under the same key, so that nothing is said twice.
      if (!response.ok) return form.requestSubmit();
      drop(form);
      announce(`${word}: ${document.getElementById("panel-title").textContent}`);
      decided.add(panel()?.dataset.document);
      // The next key counts from here on: it finds this row decided.
      sending = false;
      await goOn([...ids, ...order()]);
      document.dispatchEvent(new Event("decided"));
    } catch {
      announce("The connection broke; press the key again.");
    } finally {
      sending = false;
    }
  }

  // Approves the open document as it is, and opens the next one that waits; where none is open, it opens the first.
  async function approve() {
    const form = panel()?.querySelector("#approve");
    const open = panel()?.dataset.document;
    if (!form || decided.has(open) || !rowOf(open)?.matches("[data-mine]")) return goOn();
    if (form.elements.subjects.value.trim()) return announce("Subjects are written: send the form with its button.");
    await send(form, "Approved");
  }

  // The documents in the order in which they come after the open one.
  function order() {
    const ids = rows().map((row) => row.dataset.document);
    const at = ids.indexOf(panel()?.dataset.document);
    return [...ids.slice(at + 1), ...ids.slice(0, Math.max(at, 0))];
  }

  async function goOn(ids = order()) {
    if (sending) return;
    const next = ids.map(rowOf).find((row) => row && "mine" in row.dataset && !decided.has(row.dataset.document));
    if (next) return show(next.querySelector("th a").href);
    announce("Nothing waits for you any more.");
    await close();
  }

  // Boxes select documents to decide on together. What is ticked stays so when the list is renewed (`pages.js`).
  const form = document.getElementById("several");
  const boxes = () => [...documents.querySelectorAll("[data-pick]")].filter((box) => box.checkVisibility());
  let last = null;
  function count() {
    if (!form) return;
    const selected = documents.querySelectorAll("[data-pick]:checked").length;
    form.hidden = selected === 0;
    form.querySelector("[data-selected]").textContent = `${selected} selected:`;
  }
  function select(box, is) {
    box.checked = is;
    last = box.id;
    count();
  }
  documents.addEventListener("click", (event) => {
    if (event.target.closest("[data-pick-mine]")) {
      event.preventDefault();
      for (const box of boxes()) if (box.closest("[data-mine]")) select(box, true);
      form.querySelector("button").focus();
    }
    if (!event.target.matches("[data-pick]")) return;
    // With the shift key, everything from the last box to this one.
    const all = boxes();
    const [from, to] = [all.findIndex((box) => box.id === last), all.indexOf(event.target)];
    if (event.shiftKey && from >= 0) for (const box of all.slice(Math.min(from, to), Math.max(from, to) + 1)) box.checked = event.target.checked;
    select(event.target, event.target.checked);
  });
  if (form) {
    const none = form.querySelector("[data-unpick]");
    none.hidden = false;
    // Not left to the browser, which would tick again what the page came with.
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const box of documents.querySelectorAll("[data-pick]:checked")) select(box, false);
    });
    new MutationObserver(count).observe(document.getElementById("documents-list"), { childList: true });
    count();
  }
  function pick() {
    const row = rows().find((row) => row.contains(document.activeElement)) ?? rowOf(panel()?.dataset.document);
    const box = row?.querySelector("[data-pick]");
    if (box) select(box, !box.checked);
    else announce("There is nothing to select here.");
  }

  let on = localStorage.getItem("keys") !== "off";
  const tell = () => {
    for (const button of document.querySelectorAll("[data-keys]")) button.textContent = on ? "Turn keys off" : "Turn keys on";
    documents.classList.toggle("hears-keys", on);
  };
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.addEventListener("click", () => {
      on = !on;
      localStorage.setItem("keys", on ? "on" : "off");
      tell();
    });
  }
  tell();
  hint.hidden = false;

  const does = {
    j: () => step(1),
    k: () => step(-1),
    n: goOn,
    a: () => decide("approve"),
    y: approve,
    r: () => decide("reject"),
    x: pick,
    v: () => panel() && view(),
    "?": () => sheet.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    // Combinations belong to the browser and to assistive technology.
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isAway()) return;
    // A sheet has keys of its own.
    if (document.querySelector("dialog[open]")) return;
    const types = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") return types ? types.blur() : close();
    const typed = event.target.form;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && on && event.target.matches("textarea") && typed && "byKey" in typed.dataset) {
      event.preventDefault();
      if (typed.reportValidity()) send(typed, typed.id === "reject" ? "Rejected" : "Approved");
      return;
    }
    if (!on || types || !does[event.key]) return;
    event.preventDefault();
    does[event.key]();
  });

  return { step, approve, decide, areOn: () => on };
}
