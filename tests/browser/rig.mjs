// Chromium for stories: a browser context for each person, and watches that make any story fail: errors in the console,
// violations of the policy, requests to other hosts, answers from 400 on that were not announced.
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { Api } from "./api.mjs";

const PATIENCE = 20_000;

// 100 kbit/s with 800 ms there and back.
const POOR_LINE = { offline: false, latency: 800, downloadThroughput: 12_500, uploadThroughput: 12_500 };
const NO_LINE = { ...POOR_LINE, offline: true };

export class Rig {
  faults = [];
  #announced = new Set();
  // The pages whose line a story breaks.
  #breaks = new Set();
  #apis = new Map();

  // Starts the browser. `accounts` are by name, each with `email` and `password`.
  static async launch(base, accounts) {
    const rig = new Rig();
    Object.assign(rig, { base, accounts });
    // No name is resolved but our own, so that a page that asks another host is found out and not served.
    const args = ["--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"];
    if (process.getuid?.() === 0) args.push("--no-sandbox");
    rig.browser = await chromium.launch({ executablePath: process.env.STS_TEST_CHROMIUM ?? "/usr/bin/chromium", args });
    return rig;
  }

  async close() {
    await this.browser.close();
  }

  // Opens a page in a context of its own, signed in `as` one of the accounts, or not signed in; then on a poor line, if so.
  async open({ as, script = true, poor = false, width = 1280, height = 800, scheme = "light" } = {}) {
    const context = await this.browser.newContext({
      baseURL: this.base,
      javaScriptEnabled: script,
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: "reduce",
      locale: "en-GB",
      timezoneId: "Europe/Athens",
    });
    context.setDefaultTimeout(PATIENCE);
    await this.#watch(context);
    const page = await context.newPage();
    if (as) await signIn(page, this.#account(as).email, this.#account(as).password);
    if (poor) await slowDown(page);
    return page;
  }

  // Returns the API as one of the accounts, to prepare what the story is about.
  async api(as) {
    if (!this.#apis.has(as)) this.#apis.set(as, await Api.signIn(this.base, this.#account(as)));
    return this.#apis.get(as);
  }

  // Runs an action that the server has to refuse with this status. Any other answer from 400 on is a fault.
  async refused(status, action) {
    const met = { status, came: false };
    this.#announced.add(met);
    try {
      const result = await action();
      if (!met.came) throw new Error(`no answer was ${status}`);
      return result;
    } finally {
      this.#announced.delete(met);
    }
  }

  // Returns how the line of a page is set: to so many bytes a second up, or to none at all.
  async line(page) {
    this.#breaks.add(page);
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const set = (conditions) => network.send("Network.emulateNetworkConditions", conditions);
    const goes = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    return { goes: (up = -1) => set({ ...goes, uploadThroughput: up }), breaks: () => set(NO_LINE) };
  }

  // Keeps what checks have found. The story goes on, and fails at its end: one run finds all faults.
  blame(...found) {
    this.faults.push(...found.flat());
  }

  // Shoots every page that is open, and returns the paths of the pictures.
  async shoot(start) {
    await mkdir(dirname(start), { recursive: true });
    const pages = this.browser.contexts().flatMap((context) => context.pages());
    const shots = pages.map(async (page, i) => {
      const path = `${start}-${i + 1}.png`;
      await page.screenshot({ path, fullPage: true, timeout: PATIENCE }).catch(() => {});
      return `${path} (${page.url()})`;
    });
    return Promise.all(shots);
  }

  #account(name) {
    const account = this.accounts[name];
    if (!account) throw new Error(`there is no account \`${name}\`, only ${Object.keys(this.accounts).join(", ")}`);
    return account;
  }

  async #watch(context) {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`Content Security Policy: \`${event.effectiveDirective}\` refuses ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on("console", (message) => {
      const [type, text] = [message.type(), message.text()];
      const isAnswer = text.startsWith("Failed to load resource: the server responded with a status of");
      // A line that a story has taken away; a request may end a moment after it is back.
      if (this.#breaks.has(message.page()) && text.includes("net::ERR_")) return;
      if (isAnswer || (type !== "error" && !text.includes("Content Security Policy"))) return;
      this.blame(`console: ${text} (${message.page()?.url()})`);
    });
    context.on("weberror", (error) => this.blame(`script: ${error.error().stack} (${error.page()?.url()})`));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?):$/.test(url.protocol) && url.host !== new URL(this.base).host) {
        this.blame(`another host is asked: ${url}`);
      }
    });
    context.on("response", (response) => {
      const status = response.status();
      if (status < 400) return;
      // Where a line broke, Chromium sends a part once more by itself; by then the server has something of it.
      if (status === 409 && response.request().method() === "PATCH" && this.#breaks.has(response.frame().page())) return;
      const met = [...this.#announced].filter((one) => one.status === status);
      for (const one of met) one.came = true;
      if (met.length === 0) this.blame(`${response.request().method()} ${response.url()} answers ${status}`);
    });
  }
}

// Puts a page on a poor line.
export async function slowDown(page) {
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", POOR_LINE);
}

// Signs in by the form, as a person does.
export async function signIn(page, email, password) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

// Drags files from outside the browser over what the selector names, and drops them there. The debugger does it, since
// a script cannot make a drop with real files.
export async function dropFiles(page, selector, ...files) {
  const target = page.locator(selector);
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const folder = scratch();
  const paths = await Promise.all(files.map(async ({ name, bytes }) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  }));
  // It ends with its page: a session that is detached takes the network conditions of others with it (Chromium 148).
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}

// Returns a folder that lasts until the story ends: the browser reads a dropped file only when it sends it.
function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "sts-drop-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  return folder;
}

// Returns the bytes and the name of the file that an action makes the browser download.
export async function download(page, action) {
  const [file] = await Promise.all([page.waitForEvent("download"), action()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}
