// The viewer: the pages of a paper over the whole window, with what decides on it. It is fetched when it is first opened.

// How wide a page is shown, as a part of the width that a page has at first.
const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3];
const WIDEST = 900;
// From this width on, in pixels of the screen, the larger picture is asked for.
const LARGE = 1100;

// Returns what opens the viewer by the button of a version. `panel` is that of the open document, and `keys` are what
// decides on it and goes to others.
export function viewer({ panel, keys }) {
  const dialog = document.getElementById("viewer");
  const at = (part) => dialog.querySelector(`[data-${part}]`);
  const sheet = at("sheet");
  // What is looked at: the address of its pages, which of them, and how many there are.
  let path = null;
  let page = 1;
  let pages = 1;
  let zoom = ZOOMS.indexOf(1);
  let turn = 0;
  // Whether a reason is written meanwhile, after which the viewer goes on.
  let goesOn = false;

  const base = () => Math.min(sheet.clientWidth - 32, WIDEST);

  function size() {
    const canvas = sheet.querySelector("canvas");
    if (canvas) canvas.style.width = `${base() * ZOOMS[zoom]}px`;
    at("zoom-out").ariaDisabled = zoom === 0 ? "true" : null;
    at("zoom-in").ariaDisabled = zoom === ZOOMS.length - 1 ? "true" : null;
    at("scale").textContent = `${ZOOMS[zoom] * 100} %`;
  }

  function tell() {
    at("where").textContent = path ? `Page ${page} of ${pages}` : "";
    at("before").ariaDisabled = !path || page <= 1 ? "true" : null;
    at("after").ariaDisabled = !path || page >= pages ? "true" : null;
    // The button does what the key does, which approves only what waits.
    const waits = document.querySelector(`tr[data-mine][data-document="${panel()?.dataset.document}"]`);
    at("approve").hidden = !waits || !panel().querySelector("#approve");
    at("reject").hidden = !panel()?.querySelector("#reject");
  }

  // Draws the page. The picture is put onto a canvas, since the policy of the page lets no picture come from a script.
  async function draw() {
    const mine = ++turn;
    tell();
    size();
    if (!path) return sheet.replaceChildren("There is no preview of this file; download it to see it.");
    const closer = base() * ZOOMS[zoom] * devicePixelRatio > LARGE ? "&zoom=2" : "";
    sheet.ariaBusy = "true";
    const response = await fetch(`${path}?page=${page}${closer}`, { headers: { accept: "image/png, application/json" } }).catch(() => null);
    const picture = response?.ok ? await createImageBitmap(await response.blob()).catch(() => null) : null;
    const refusal = response && !response.ok ? (await response.json().catch(() => ({}))).detail : "";
    // Another page was asked for meanwhile: that one is shown.
    if (mine !== turn) return;
    sheet.ariaBusy = null;
    if (!picture) return sheet.replaceChildren(refusal || "The page did not come: the connection broke. Go to it again.");
    pages = Number(response.headers.get("x-page-count"));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: picture.width, height: picture.height, role: "img" });
    canvas.ariaLabel = `Page ${page} of ${pages} of ${at("file").textContent}`;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    sheet.replaceChildren(canvas);
    tell();
    size();
  }

  function turnTo(number) {
    if (!path || number < 1 || number > pages) return;
    page = number;
    sheet.scrollTop = 0;
    draw();
  }

  function scale(by) {
    const next = Math.min(Math.max(zoom + by, 0), ZOOMS.length - 1);
    if (next === zoom) return;
    zoom = next;
    draw();
  }

  function open(button) {
    const view = button ?? panel()?.querySelector("#panel-newest [data-view]");
    path = view?.dataset.view ?? null;
    [page, pages] = [1, 1];
    at("title").textContent = document.getElementById("panel-title").textContent;
    at("file").textContent = view?.dataset.file ?? panel().querySelector("#panel-newest .file")?.textContent ?? "Nothing was uploaded yet.";
    if (!dialog.open) dialog.showModal();
    sheet.scrollTop = 0;
    sheet.focus();
    draw();
  }

  // Does what goes to another document, and shows that one.
  async function go(step) {
    const before = panel()?.dataset.document;
    await step();
    if (!panel()) return dialog.close();
    if (panel().dataset.document !== before) open();
  }

  function reject() {
    if (!panel()?.querySelector("#reject")) return;
    goesOn = true;
    dialog.close();
    keys.decide("reject");
  }

  const does = {
    before: () => turnTo(page - 1),
    after: () => turnTo(page + 1),
    "zoom-out": () => scale(-1),
    "zoom-in": () => scale(1),
    previous: () => go(() => keys.step(-1)),
    next: () => go(() => keys.step(1)),
    approve: () => go(keys.approve),
    reject,
    leave: () => dialog.close(),
  };
  for (const [name, act] of Object.entries(does)) at(name).addEventListener("click", act);

  const letters = { j: does.next, k: does.previous, y: does.approve, r: reject, "+": does["zoom-in"], "-": does["zoom-out"] };
  const isAtEnd = () => sheet.scrollTop + sheet.clientHeight >= sheet.scrollHeight - 1;
  const isNarrow = () => sheet.scrollWidth <= sheet.clientWidth;
  const moves = {
    ArrowRight: () => isNarrow() && does.after,
    ArrowLeft: () => isNarrow() && does.before,
    PageDown: () => isAtEnd() && does.after,
    PageUp: () => sheet.scrollTop === 0 && does.before,
    Home: () => () => turnTo(1),
    End: () => () => turnTo(pages),
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = moves[event.key]?.() || (keys.areOn() && letters[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
  // The button that opened it may have gone with its panel.
  dialog.addEventListener("close", () => {
    turn += 1;
    sheet.replaceChildren();
    if (!goesOn) (panel()?.querySelector("#panel-newest [data-view]") ?? document.getElementById("panel-title"))?.focus();
  });
  addEventListener("resize", size);
  document.addEventListener("decided", () => {
    if (goesOn && panel()) open();
    goesOn = false;
  });
  addEventListener("pointerdown", () => (goesOn = false));
  return open;
}
