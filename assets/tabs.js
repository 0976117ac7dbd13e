// While files are being sent, the other pages of the room are shown within this one, so that a change of tabs does not end an
// upload. What leads out of the room is asked about by the queue.

import { follows, sayUnreachable } from "./connection.js";
import { restore } from "./drafts.js";
import { localTimes, refresh, renewed } from "./pages.js";
import { isBusy } from "./uploads.js";

const main = document.getElementById("main");
const room = location.pathname.split("/").slice(0, 3).join("/");
const isInRoom = (url) => url.pathname === room || url.pathname.startsWith(`${room}/`);
const isOfDocuments = (url) => url.pathname.startsWith(`${room}/documents`);
// The page of the documents, while another one is shown in its place.
let kept = null;
let turn = 0;

export const isAway = () => kept !== null;

// Fetches a page of the room. Returns null if it is no page, or leads out of the room.
async function fetched(url) {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  const isPage = response.ok && response.headers.get("content-type")?.startsWith("text/html") && isInRoom(new URL(response.url));
  return isPage ? { url: response.url, page: new DOMParser().parseFromString(await response.text(), "text/html") } : null;
}

async function show(url, push) {
  const mine = ++turn;
  let found;
  try {
    found = await fetched(url);
  } catch {
    return sayUnreachable();
  }
  if (mine !== turn) return;
  if (!found) return location.assign(url);
  if (push) history.pushState(null, "", found.url);
  document.title = found.page.title;
  if (!kept) {
    // The lines of the uploads stay in sight.
    main.after(document.getElementById("uploads"));
    kept = document.createDocumentFragment();
    kept.append(...main.childNodes);
  }
  main.replaceChildren(...[...found.page.getElementById("main").childNodes].map((node) => document.adoptNode(node)));
  arrive();
}

function back(address) {
  turn += 1;
  main.replaceChildren(kept);
  kept = null;
  main.append(document.getElementById("uploads"));
  if (address) history.pushState(null, "", address);
  arrive();
  refresh();
}

function arrive() {
  renewed();
  localTimes(main);
  restore(main);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

// Shows the address that the page has come to by going back or forward; `shown` is that of the documents as they were left.
// Returns whether that is all.
export function arrived(shown) {
  const isOfList = isOfDocuments(location) && location.search === new URL(shown, location.href).search;
  const isShown = location.pathname + location.search === shown;
  if (kept && isShown) back();
  else if (kept || (!isOfList && isBusy())) show(location.href, false);
  else if (!isOfList) location.reload();
  return kept !== null || !isOfList || isShown;
}

// What is sent as a file leaves no page.
const isFile = (link) => link.hasAttribute("download") || /\/(download|archive|export|receipt)$/.test(link.pathname);

// `shown` returns the address of the documents as they are shown.
export function stayWhileBusy(shown) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!follows(event, link) || !(isBusy() || kept) || link.hash) return;
    // With this attribute the browser does not take it for leaving the page, which it would ask about.
    if (isFile(link)) link.setAttribute("download", "");
    // Documents open beside their list.
    if (isFile(link) || !isInRoom(link) || (!kept && link.matches("[data-panel], [data-close]"))) return;
    event.preventDefault();
    if (kept && link.pathname === `${room}/documents` && !link.search) back(shown());
    else show(link.href, true);
  }, true);
}
