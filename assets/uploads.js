// The queue of uploads. A file that is large for a poor line goes in parts by tus 1.0, and on after a break from where the
// server has it; a small one goes whole, and again after a break, under one key.

import { pause } from "./connection.js";
import { announce, refresh } from "./pages.js";

const documents = document.getElementById("documents");
const NAMES = { file: "File", expires_on: "Valid until", notes: "Notes", sha256: "File" };
// Up to here a file is sent whole: it is no more than one part.
const SMALL = 256 * 1024;
const SMALLEST_PART = 256 * 1024;
const LARGEST_PART = 8 * 1024 * 1024;
// How long a part is to take: what a break can cost.
const SECONDS_EACH = 8;
// How long nothing may move before the line counts as broken; the server examines a file meanwhile.
const LONGEST_STILL = 90_000;
// Some proxies take no longer heads.
const LONGEST_SAID = 4000;
const LONGEST_KEPT = 24 * 60 * 60 * 1000;
// Answers after which the same may succeed in a moment.
const PASSING = [408, 425, 500, 502, 503, 504];

class Broken extends Error {}
class Refused extends Error {}

const queue = [];
let sending = null;
let speed = SMALLEST_PART / SECONDS_EACH;

export const isBusy = () => sending !== null || queue.length > 0;

export function enqueue(document_, name, files, fields) {
  for (const file of files) {
    const line = lineOf(`${file.name} – ${name}`, file.name);
    // Under one key for all tries: an upload whose answer was lost adds no second version when it is sent again.
    const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const upload = { id: document_, file, fields, line, key, at: (part) => line.querySelector(`[data-${part}]`) };
    upload.at("cancel").addEventListener("click", () => cancel(upload));
    upload.at("retry").addEventListener("click", () => (upload.wake ? upload.wake() : wait(upload)));
    upload.at("dismiss").addEventListener("click", () => dismiss(upload));
    document.querySelector(`#uploads [data-left="${CSS.escape(keptAs(upload))}"]`)?.remove();
    wait(upload);
  }
}

function lineOf(title, name) {
  const line = document.getElementById("upload-line").content.cloneNode(true).firstElementChild;
  line.querySelector("[data-name]").textContent = title;
  for (const button of line.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  document.querySelector("#uploads ul").append(line);
  document.getElementById("uploads").hidden = false;
  return line;
}

function say(upload, words, outcome) {
  upload.line.className = outcome ?? "";
  upload.at("words").textContent = words;
  const over = outcome !== undefined;
  upload.at("cancel").hidden = over;
  upload.at("retry").hidden = outcome !== "failed" && !upload.wake;
  upload.at("dismiss").hidden = !over;
  upload.line.querySelector("progress").hidden = over;
  if (over) announce(`${upload.file.name}: ${words}`);
  // A success shows in the list, so its line may go by itself. A failure stays until it is dismissed.
  if (outcome === "done") setTimeout(dismiss, 8000, upload);
}

function show(upload, sent) {
  const bar = upload.line.querySelector("progress");
  bar.value = (100 * sent) / Math.max(upload.file.size, 1);
  say(upload, sent < upload.file.size ? `${Math.floor(bar.value)} %` : "Being checked");
}

function wait(upload) {
  upload.aborted = new AbortController();
  say(upload, "Waits");
  queue.push(upload);
  next();
}

function dismiss({ line }) {
  line.remove();
  const section = document.getElementById("uploads");
  section.hidden = section.querySelector("li") === null;
}

function cancel(upload) {
  if (sending === upload) return upload.aborted.abort();
  queue.splice(queue.indexOf(upload), 1);
  forget(upload);
  say(upload, "Cancelled", "failed");
}

async function next() {
  if (sending || queue.length === 0) return;
  const upload = queue.shift();
  // Checked here as well as by the server.
  const limit = Number(documents.dataset.uploadLimit);
  if (upload.file.size > limit) {
    say(upload, `The file is larger than the ${limit / 1024 / 1024} MiB that it may have.`, "failed");
    return next();
  }
  sending = upload;
  const [words, outcome] = await sent(upload);
  sending = null;
  say(upload, words, outcome);
  next();
}

// Sends a file, as often as the line breaks. Returns what it came to, in words and in one.
async function sent(upload) {
  for (let tries = 0; ; tries += 1) {
    const before = upload.offset ?? 0;
    try {
      const answer = await (inParts(upload) ? sendInParts(upload) : sendWhole(upload));
      refresh();
      return [answer.message, answer.duplicate ? "known" : "done"];
    } catch (error) {
      if (upload.aborted.signal.aborted) {
        forget(upload);
        return ["Cancelled", "failed"];
      }
      if (!(error instanceof Broken)) return [error instanceof Refused ? error.message : `It cannot be sent: ${error.message}`, "failed"];
      // Whatever came through counts as a line that works.
      if ((upload.offset ?? 0) > before) tries = 0;
      await rest(upload, pause(tries));
    }
  }
}

// Waits until it is time for the next try, or there is a connection again, or somebody does not want to wait.
function rest(upload, milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(over, milliseconds);
    const at = new Date(Date.now() + milliseconds).toLocaleTimeString([], { timeStyle: "medium" });
    function over() {
      clearTimeout(timer);
      removeEventListener("online", over);
      upload.aborted.signal.removeEventListener("abort", over);
      upload.wake = null;
      resolve();
    }
    upload.wake = over;
    addEventListener("online", over);
    upload.aborted.signal.addEventListener("abort", over);
    const percent = Math.floor((100 * (upload.offset ?? 0)) / Math.max(upload.file.size, 1));
    say(upload, `The line broke at ${percent} %. It goes on by itself at ${at}.`);
  });
}

// Sends a request, and returns its answer. Not `fetch`: it does not report the progress of what is sent.
function request(upload, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const { signal } = upload.aborted;
    const sends = new XMLHttpRequest();
    let timer;
    const abort = () => sends.abort();
    const moves = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, LONGEST_STILL);
    };
    sends.upload.addEventListener("progress", ({ loaded }) => {
      moves();
      if (body) show(upload, Math.min((upload.offset ?? 0) + loaded, upload.file.size));
    });
    sends.addEventListener("loadend", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (sends.status === 0 || PASSING.includes(sends.status)) reject(new Broken());
      else resolve(sends);
    });
    signal.addEventListener("abort", abort);
    sends.responseType = "json";
    sends.open(method, path);
    for (const [name, value] of Object.entries(headers)) sends.setRequestHeader(name, value);
    moves();
    if (signal.aborted) abort();
    sends.send(body);
  });
}

function refused({ response, status }) {
  const faults = (response?.errors ?? []).map((fault) => `${NAMES[fault.field] ?? fault.field} ${fault.message}.`.replaceAll("`", ""));
  return new Refused(faults.join(" ") || response?.detail || `The server refused it (${status}).`);
}

async function sendWhole(upload) {
  const form = new FormData();
  for (const [name, value] of upload.fields) form.append(name, value);
  form.append("file", upload.file, upload.file.name);
  show(upload, 0);
  const path = `${documents.dataset.uploadsTo}/${upload.id}/versions`;
  const answer = await request(upload, "POST", path, { "Idempotency-Key": upload.key }, form);
  if (answer.status >= 300) throw refused(answer);
  return answer.response;
}

const inParts = (upload) => upload.file.size > SMALL && saidOf(upload).length < LONGEST_SAID;

// What is said of the file, as the header has it.
function saidOf({ file, fields }) {
  const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return [["filename", file.name], ...fields].map(([name, value]) => `${name} ${encoded(value)}`).join(",");
}

// An upload is remembered in this browser as drafts are: it goes with signing out, and a file that is chosen again after the page
// was left goes on where it was.
const keptAs = ({ id, file }) => `draft ${document.body.dataset.user} upload ${id} ${file.size} ${file.lastModified} ${file.name}`;

function remembered(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(name));
    return kept && Date.now() - kept.at < LONGEST_KEPT ? kept : null;
  } catch {
    return null;
  }
}

function remember(upload, url) {
  upload.url = url;
  try {
    localStorage.setItem(keptAs(upload), JSON.stringify({ at: Date.now(), url, said: saidOf(upload), name: upload.file.name }));
  } catch {
    // The browser keeps nothing, or no more: the upload works without.
  }
}

const unkeep = (upload) => localStorage.removeItem(keptAs(upload));

// Removes what the server has of an upload that is not wanted any more.
function forget(upload) {
  unkeep(upload);
  upload.offset = 0;
  if (!upload.url) return;
  fetch(upload.url, { method: "DELETE" }).catch(() => {});
  upload.url = null;
  upload.key += "+";
}

// Finds out where an upload goes on, or begins it.
async function begin(upload) {
  const said = saidOf(upload);
  if (!upload.url) {
    const kept = remembered(keptAs(upload));
    upload.url = kept?.url;
    // Another day or other notes make another upload.
    if (kept && kept.said !== said) forget(upload);
  }
  if (upload.url) {
    const known = await request(upload, "GET", upload.url, {});
    if (known.status < 300) {
      upload.offset = known.response.offset;
      return;
    }
    if (known.status !== 404 && known.status !== 409) throw refused(known);
    // It was forgotten, or another server has it.
    unkeep(upload);
    upload.url = null;
    upload.key += "+";
  }
  upload.offset = 0;
  const headers = { "Idempotency-Key": upload.key, "Upload-Length": String(upload.file.size), "Upload-Metadata": said };
  const begun = await request(upload, "POST", `${documents.dataset.uploadsTo}/${upload.id}/uploads`, headers);
  if (begun.status >= 300) throw refused(begun);
  upload.offset = Number(begun.getResponseHeader("Upload-Offset"));
  remember(upload, begun.getResponseHeader("Location"));
}

async function sendInParts(upload) {
  await begin(upload);
  const { file } = upload;
  while (upload.offset < file.size) {
    show(upload, upload.offset);
    const size = Math.min(Math.max(speed * SECONDS_EACH, SMALLEST_PART), LARGEST_PART);
    const part = file.slice(upload.offset, upload.offset + Math.floor(size));
    const began = performance.now();
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(upload.offset) };
    const taken = await request(upload, "PATCH", upload.url, headers, part);
    // Another request has it, or has sent more: the next try asks where it goes on.
    if (taken.status === 409) throw new Broken();
    if (taken.status >= 300) {
      if (taken.status === 413 || taken.status === 422) forget(upload);
      throw refused(taken);
    }
    speed = part.size / Math.max((performance.now() - began) / 1000, 0.001);
    upload.offset = Number(taken.getResponseHeader("Upload-Offset"));
  }
  show(upload, file.size);
  const known = await request(upload, "GET", upload.url, {});
  if (known.status >= 300) throw refused(known);
  unkeep(upload);
  return known.response.outcome;
}

// Names the uploads to this room that the page was left with: their files have to be chosen again.
export function nameLeft(titleOf) {
  const start = `draft ${document.body.dataset.user} upload `;
  const names = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at)).filter((name) => name.startsWith(start));
  for (const name of names) {
    const kept = remembered(name);
    const title = titleOf(name.slice(start.length).split(" ")[0]);
    if (!kept) localStorage.removeItem(name);
    if (!kept || !title) continue;
    const line = lineOf(`${kept.name} – ${title}`, kept.name);
    line.dataset.left = name;
    line.className = "failed";
    line.querySelector("[data-words]").textContent = "Not all of it has come. Choose the file again, and it goes on.";
    line.querySelector("progress").hidden = true;
    line.querySelector("[data-cancel]").hidden = true;
    const button = line.querySelector("[data-dismiss]");
    button.hidden = false;
    button.addEventListener("click", () => {
      localStorage.removeItem(name);
      fetch(kept.url, { method: "DELETE" }).catch(() => {});
      dismiss({ line });
    });
  }
}

// Asks before an upload is lost.
addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());
