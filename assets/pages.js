// What HTML alone cannot do: local times, copying, and renewing parts of a page. Every page works without it.

import { found, lost, pause } from "./connection.js";

const regions = () => [...document.querySelectorAll("[data-live]")];

// The time zone of the account, if it names one that the browser knows; that of the browser otherwise.
const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
const named = document.body.dataset.timeZone;
const OWN_TIME = { dateStyle: "full", timeStyle: "long", timeZone: zones.includes(named) || named === "UTC" ? named : undefined };

// Adds the viewer's own time to what is shown on hover. `data-local` marks times that have it already.
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf()) && time.dateTime.includes("T") && !time.dataset.local) {
      time.dataset.local = "";
      time.title = `${time.title || time.dateTime}\n${at.toLocaleString([], OWN_TIME)}`;
    }
  }
}

// Copies the value of a button. One listener for all of them: parts of the page are replaced, and buttons with them.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  announce("Copied");
});

// Shows what is typed into the field of a new password, and hides it again before it is sent.
for (const button of document.querySelectorAll("[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  const show = (is) => {
    field.type = is ? "text" : "password";
    button.ariaPressed = String(is);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
}

// Whoever unfolds a form goes on to type into it.
document.addEventListener("click", (event) => {
  const fold = event.target.closest("details.adds > summary")?.parentElement;
  if (!fold || fold.open) return;
  fold.addEventListener("toggle", () => fold.querySelector("form :is(input:not([type=hidden]), select, textarea)")?.focus(), { once: true });
});

export function announce(words) {
  document.getElementById("announcer").textContent = words;
}

// What was sent is at work: its form takes no second click until the page is left, or shown again after the request has
// failed. A browser says nothing of a request that was stopped, so that the buttons also come back by themselves; a second
// request under the form's key would do nothing.
const LONGEST_AT_WORK = 30_000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.ariaBusy === "true") return event.preventDefault();
  atWork(form, true);
  announce("Being sent");
  setTimeout(atWork, LONGEST_AT_WORK, form, false);
});
addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach((form) => atWork(form, false)));

function atWork(form, is) {
  form.ariaBusy = is ? "true" : null;
  for (const button of form.querySelectorAll("button")) button.ariaDisabled = is ? "true" : null;
}

// Whether somebody is typing in a part of the page, or has typed something there that a new copy would lose.
function isInUse(region) {
  const active = document.activeElement;
  if (region.contains(active) && active.matches("input:not([type=checkbox]), select, textarea")) return true;
  return [...region.querySelectorAll("input, textarea, select")].some(
    (field) => field.type !== "hidden" && field.value !== (field.defaultValue ?? field.value),
  );
}

// A form has another key whenever it is drawn, which is no news.
const withoutKeys = (html) => (html ?? "").replace(/(name="once" value=")[^"]*/g, "$1");

// Fetches the page again, and replaces the parts that are live and have changed. Events that come while it is fetched
// lead to one more round, not to several at once: an older answer could otherwise replace a newer one.
let refreshing = false;
let again = false;
export async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    await renewRegions(location.href);
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

async function renewRegions(path) {
  const response = await fetch(path, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response || response.status >= 500) return failed();
  // The session has ended, or the room is closed to the viewer: the server has the page that says so.
  if (response.redirected || response.status === 401 || response.status === 403) return location.reload();
  if (!response.ok) return;
  const text = await response.text().catch(() => null);
  if (text === null) return failed();
  const page = new DOMParser().parseFromString(text, "text/html");
  // Another document was opened meanwhile: its forms must not become those of the one before.
  if (location.href !== path) {
    again = true;
    return;
  }
  if (document.title !== page.title && !document.getElementById("panel")) document.title = page.title;
  for (const region of regions()) {
    const fresh = page.getElementById(region.id);
    if (fresh && withoutKeys(fresh.outerHTML) !== withoutKeys(region.dataset.last) && !isInUse(region)) replace(region, fresh);
  }
  came();
}

// Notes of each live part what came from the server: it is replaced only if it differs from that, not from what scripts have
// made of it since.
export function renewed() {
  for (const region of regions()) region.dataset.last = region.outerHTML;
}

// What could not be fetched is tried again after pauses that grow. One try in vain is not said: proxies end streams now and
// then, and the next one is open in a moment.
let tries = 0;
let due;
let suspected = null;
function failed() {
  suspected ??= new Date();
  if (tries > 0 || !navigator.onLine) lost(suspected);
  clearTimeout(due);
  due = setTimeout(retry, pause(tries));
  tries += 1;
}

function retry() {
  clearTimeout(due);
  if (document.visibilityState === "hidden") return;
  if (stream) stream.open();
  else refresh();
}

function came() {
  if (stream && !stream.isOpen()) return;
  clearTimeout(due);
  tries = 0;
  suspected = null;
  found();
}

// Replaces the content of a part of the page. Focus, ticks, folded parts and open previews stay as they are.
function replace(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  // The focused element goes with the old content; its successor is found by its id, or by where it leads.
  const path = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.getAttribute("href") && `[href="${CSS.escape(focused.getAttribute("href"))}"]`);
  const html = fresh.outerHTML;
  const known = new Map([...region.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  const ticked = new Map([...region.querySelectorAll("[type=checkbox][id]")].map((box) => [box.id, box.checked]));
  // An open preview stays the same element: every fetch of its picture is logged as a look at the document.
  document.adoptNode(fresh);
  for (const kept of region.querySelectorAll("details.preview[open]")) fresh.querySelector(`#${CSS.escape(kept.id)}`)?.replaceWith(kept);
  region.replaceChildren(...fresh.childNodes);
  for (const details of region.querySelectorAll("details[id]")) if (known.has(details.id)) details.open = known.get(details.id);
  for (const box of region.querySelectorAll("[type=checkbox][id]")) if (ticked.has(box.id)) box.checked = ticked.get(box.id);
  region.dataset.last = html;
  localTimes(region);
  if (path) region.querySelector(path)?.focus({ preventScroll: true });
}

// Listens to the events of the room. An event says only that something is new; what it is, the page has. A hidden page
// does not listen: browsers open few connections to one server (six with HTTP/1.1), and share them among all tabs. Returns
// `null` if there is nothing to listen to.
function listen() {
  const first = document.body.dataset.events;
  if (!first || regions().length === 0) return null;
  const address = new URL(first, location.href);
  let source;
  let soonest;
  const soon = (event) => {
    // The position is kept in the address, since a new `EventSource` forgets the last id that the one before has seen.
    if (event.lastEventId) address.searchParams.set("after", event.lastEventId);
    clearTimeout(soonest);
    // One operation may append several entries: wait for the others, and fetch once.
    soonest = setTimeout(refresh, 150);
  };
  const open = () => {
    source?.close();
    const own = (source = new EventSource(address));
    // What was missed while there was no stream comes with it, or as the page itself.
    own.addEventListener("open", () => suspected && refresh());
    // Not resumed by the browser, which tries for ever at one pace and tells nobody.
    own.addEventListener("error", () => {
      own.close();
      if (own === source && document.visibilityState === "visible") failed();
    });
    own.addEventListener("entry", soon);
    own.addEventListener("progress", soon);
    own.addEventListener("end", () => {
      own.close();
      refresh();
    });
  };
  open();
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (document.visibilityState === "visible") open();
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    // Out of the back-forward cache, with what it showed when it was left.
    if (event.persisted) location.reload();
  });
  return { open, isOpen: () => source.readyState === EventSource.OPEN };
}

// A page about many rooms has no stream of its own: it is fetched again every few seconds while somebody can be looking at
// it. After half an hour without a sign of them it is not, since each fetch keeps the session from ending.
const RENEWED_EACH = 15_000;
const LONGEST_UNSEEN = 30 * 60_000;
function renew() {
  if (!("renewed" in document.body.dataset)) return;
  let seen = Date.now();
  for (const sign of ["pointermove", "pointerdown", "keydown"]) addEventListener(sign, () => (seen = Date.now()), { passive: true });
  // After a try in vain the pauses are others.
  const look = () => document.visibilityState === "visible" && Date.now() - seen < LONGEST_UNSEEN && tries === 0 && refresh();
  setInterval(look, RENEWED_EACH);
  document.addEventListener("visibilitychange", () => (tries === 0 ? look() : retry()));
}

// Offers the names of time zones, of which the server has no list.
const zoneField = document.querySelector("input[name=time_zone]");
if (zoneField) {
  const list = document.createElement("datalist");
  list.id = "time-zones";
  list.append(...zones.map((zone) => new Option(zone)));
  zoneField.after(list);
  zoneField.setAttribute("list", list.id);
}

renewed();
localTimes(document);
const stream = listen();
renew();
addEventListener("offline", () => (suspected ??= new Date()));
// A page without live parts is what it was when it was loaded.
addEventListener("online", () => (regions().length > 0 ? retry() : found()));
