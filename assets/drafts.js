// Drafts: what is typed into a form is kept in this browser, under the user's id, for a week: whatever becomes of the page,
// the session or the connection. A draft goes when its form was sent and done, when somebody drops it, and with signing out.

const LONGEST_KEPT = 7 * 24 * 60 * 60 * 1000;
const user = document.body.dataset.user;
// Two forms of a page may be sent to one address, and then say by `word` which is which.
const nameOf = (form) => `draft ${user} ${new URL(form.action).pathname} ${form.querySelector("[name=word]")?.value ?? ""}`;
const SENT = "draft that was sent";

// What is selected in a list is not typed, and a password is kept nowhere, also while it is shown.
const TYPED = "textarea, select, input:not([type=hidden], [type=password], [type=file], [type=search], [data-pick], [autocomplete$=password])";
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.matches(TYPED));
// A box is one of several of a name, each with a word of its own.
const keyOf = (field) => (field.type === "checkbox" ? `${field.name}=${field.value}` : field.name);
const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);
// What the server has filled fields with.
const filled = new WeakMap();

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name));
    return draft && Date.now() - draft.at < LONGEST_KEPT ? draft : null;
  } catch {
    return null;
  }
}

// Keeps what was typed, with what the form was filled with first: when it is sent later, what others have changed since
// is found out.
function keep(form) {
  const before = read(nameOf(form))?.fields ?? {};
  const fields = {};
  for (const field of fieldsOf(form)) {
    if (valueOf(field) !== filled.get(field) || keyOf(field) in before) fields[keyOf(field)] = valueOf(field);
  }
  const own = [...form.querySelectorAll("[type=hidden]")].filter((field) => /^(was\.|once$|etag$)/.test(field.name));
  const hidden = Object.fromEntries(own.map((field) => [field.name, field.value]));
  try {
    localStorage.setItem(nameOf(form), JSON.stringify({ at: Date.now(), fields, hidden }));
  } catch {
    // The browser keeps nothing, or no more: the form works without.
  }
}

export function drop(form) {
  localStorage.removeItem(nameOf(form));
}

// Puts drafts back into the forms of a part of the page, and says so.
export function restore(root) {
  if (!user) return;
  for (const form of root.querySelectorAll('form[method="post"]:not([data-undrafted])')) {
    for (const field of fieldsOf(form)) filled.set(field, valueOf(field));
    const draft = read(nameOf(form));
    // A form that was refused shows what was typed already.
    if (!draft || form.parentElement.querySelector(".refused")) continue;
    let typed = null;
    for (const field of fieldsOf(form)) {
      const value = draft.fields[keyOf(field)];
      if (value === undefined || value === valueOf(field)) continue;
      field.type === "checkbox" ? (field.checked = value) : (field.value = value);
      typed ??= field;
    }
    if (!typed) continue;
    for (const [name, value] of Object.entries(draft.hidden)) {
      const field = form.elements[name];
      if (field instanceof HTMLInputElement) field.value = value;
    }
    const details = form.closest("details");
    if (details) details.open = true;
    form.prepend(say(form, draft));
  }
}

function say(form, draft) {
  const line = document.createElement("p");
  line.className = "draft";
  line.append(`What you typed here on ${new Date(draft.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })} has not been sent. `);
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "quiet", textContent: "Drop it" });
  button.addEventListener("click", () => {
    if (!confirm("Drop what you typed here? It cannot be brought back.")) return;
    drop(form);
    location.reload();
  });
  line.append(button);
  return line;
}

function forgetAll(isToGo) {
  const names = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at));
  for (const name of names) if (name.startsWith("draft ") && isToGo(name)) localStorage.removeItem(name);
}

// A form that was done leads elsewhere. Whatever else comes after it, such as the page that asks to sign in first, the form
// itself with what is wrong, or the page before because there was no connection, keeps its draft.
function settle() {
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  const [navigation] = performance.getEntriesByType("navigation");
  if (sent && navigation.type === "navigate" && navigation.redirectCount > 0) localStorage.removeItem(sent);
}

settle();
forgetAll((name) => !read(name));
if (user) {
  restore(document);
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    // The rows of another reading are about other people.
    if (form?.method === "post" && !("undrafted" in form.dataset) && event.target.matches(TYPED)) keep(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (new URL(form.action).pathname === "/sign-out") forgetAll((name) => name.startsWith(`draft ${user} `));
    else sessionStorage.setItem(SENT, nameOf(form));
  });
}
document.querySelector('[aria-invalid="true"]')?.focus();
