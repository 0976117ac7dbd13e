// Whether the server can be reached: a line that says since when what is shown may be out of date, pauses that grow between
// tries, and links and forms that do not leave for the browser's error page.

const LONGEST_PAUSE = 60_000;
const LONGEST_ASKED = 10_000;

const line = document.createElement("p");
line.className = "connection";
line.setAttribute("role", "status");
line.hidden = true;
const told = line.appendChild(document.createElement("strong"));
const said = line.appendChild(document.createElement("span"));
document.querySelector("main").before(line);
let since = null;

// Returns how long to wait after so many tries in vain: a second, two, four, up to a minute. Pages that have lost the server at
// one moment do not all come back at one.
export const pause = (tries) => Math.min(1000 * 2 ** tries, LONGEST_PAUSE) * (0.75 + Math.random() / 2);

export const isLost = () => since !== null;

export function lost(at = new Date()) {
  if (since !== null) return;
  since = at;
  const [day, time] = [at.toISOString().slice(0, 10), at.toISOString().slice(11, 16)];
  told.textContent = `Not up to date since ${day === new Date().toISOString().slice(0, 10) ? "" : `${day} `}${time} UTC.`;
  say("The connection is lost; what is shown here can be read, and is brought up to date by itself.");
}

export function found() {
  since = null;
  line.hidden = true;
  told.textContent = "";
  said.textContent = "";
}

function say(words) {
  said.textContent = ` ${words}`;
  line.hidden = false;
}

// Says that something could not be fetched, and stays.
export const sayUnreachable = () => say("This page cannot be fetched now; this one stays, and the link can be tried again.");

// Returns whether the server answers, whatever it says.
async function canReach() {
  if (!navigator.onLine) return false;
  return fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(LONGEST_ASKED) }).then(() => true, () => false);
}

// Whether a click is one that has this page follow its link.
export function follows(event, link) {
  return link && !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey
    && link.target !== "_blank" && link.origin === location.origin;
}

const isWithin = (link) => link.hash !== "" && link.pathname === location.pathname && link.search === location.search;
let letThrough = null;

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[href]");
  if (link === letThrough || !follows(event, link) || isWithin(link) || (!isLost() && navigator.onLine)) return;
  event.preventDefault();
  if (!(await canReach())) {
    lost();
    return sayUnreachable();
  }
  letThrough = link;
  link.click();
  letThrough = null;
});

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (form === letThrough || event.defaultPrevented || form.method === "dialog" || (!isLost() && navigator.onLine)) return;
  event.preventDefault();
  if (!(await canReach())) {
    lost();
    return say("This cannot be sent now; what you typed stays here, and can be sent again.");
  }
  letThrough = form;
  form.requestSubmit(submitter);
  letThrough = null;
});

addEventListener("offline", () => lost());
