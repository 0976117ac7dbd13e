// What HTML alone cannot do. Every page works without it.

const regions = () => [...document.querySelectorAll("[data-live]")];

// Times: the viewer's own beside UTC, on hover.
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf()) && time.dateTime.includes("T") && !time.dataset.local) {
      time.dataset.local = "";
      time.title = `${time.title || time.dateTime}\n${at.toLocaleString([], { dateStyle: "full", timeStyle: "long" })}`;
    }
  }
}

// Copies a value.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  announce("Copied");
});

export function announce(words) {
  document.getElementById("announcer").textContent = words;
}

// Whether somebody is at work in a part of the page, which is then left alone.
function isInUse(region) {
  const active = document.activeElement;
  if (region.contains(active) && active.matches("input, select, textarea")) return true;
  return [...region.querySelectorAll("input, textarea, select")].some(
    (field) => field.type !== "hidden" && field.value !== (field.defaultValue ?? field.value),
  );
}

// Fetches the page again, and puts in place what is live and has changed.
let refreshing = false;
let again = false;
export async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (response.redirected || response.status === 401 || response.status === 403) {
      location.reload();
      return;
    }
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of regions()) {
      const fresh = page.getElementById(region.id);
      if (fresh && fresh.outerHTML !== region.dataset.last && !isInUse(region)) replace(region, fresh);
    }
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

// The focus stays where it was.
function replace(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.getAttribute("href") && `[href="${CSS.escape(focused.getAttribute("href"))}"]`);
  const html = fresh.outerHTML;
  const opened = [...region.querySelectorAll("details[id][open]")].map((details) => details.id);
  // An open preview stays the same element: to fetch it again would be noted in the log.
  document.adoptNode(fresh);
  for (const kept of region.querySelectorAll("details.preview[open]")) fresh.querySelector(`#${CSS.escape(kept.id)}`)?.replaceWith(kept);
  region.replaceChildren(...fresh.childNodes);
  for (const details of region.querySelectorAll("details[id]")) details.open ||= opened.includes(details.id);
  region.dataset.last = html;
  localTimes(region);
  if (path) region.querySelector(path)?.focus({ preventScroll: true });
}

// Events of the room: each tells that something is new, and the page says what. A page that nobody sees does not
// listen: a browser has few connections to one server.
function listen() {
  const first = document.body.dataset.events;
  if (!first || regions().length === 0) return;
  const address = new URL(first, location.href);
  let source;
  let due;
  const soon = (event) => {
    if (event.lastEventId) address.searchParams.set("after", event.lastEventId);
    clearTimeout(due);
    due = setTimeout(refresh, 150);
  };
  const open = () => {
    source?.close();
    source = new EventSource(address);
    // Refused, not interrupted: the server may have been full.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED || document.visibilityState === "hidden") return;
      clearTimeout(due);
      due = setTimeout(() => {
        refresh();
        open();
      }, 30_000);
    });
    source.addEventListener("entry", soon);
    source.addEventListener("progress", soon);
    source.addEventListener("end", () => {
      source.close();
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
    if (event.persisted) location.reload();
  });
}

// What has not changed since the page came is not touched.
for (const region of regions()) region.dataset.last = region.outerHTML;
localTimes(document);
listen();
