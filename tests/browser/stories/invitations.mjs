// Invitations by mail: a broker adds four outsiders from the addresses of a mail, each comes in by a link of their own and
// decides on a paper, one of them on a telephone; an address bounces, is corrected and written to again; and a second admin
// confirms from a mail. Every click and key is counted.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { axe, legible, reflow } from "../checks.mjs";

const MISTYPED = "mistyped@outside.example";
const TELEPHONE = { width: 360, height: 800 };
// As a mail has them in its head; what they are in the room is known to who invites them.
const OUTSIDERS = [
  { name: "Eleni Papadopoulou", email: "eleni.papadopoulou@aegean.example", role: "Owner", side: "d" },
  { name: "Jonas Berg", email: "jonas.berg@baltic.example", role: "Owner", side: "r" },
  { name: "Ann Lee", email: "ann.lee@charter.example", role: "Charterer" },
  { name: "Samir Haddad", email: "samir.haddad@broking.example", role: "Broker" },
];
const HEAD = `To: "Papadopoulou, Eleni" <${OUTSIDERS[0].email}>; Jonas Berg <${OUTSIDERS[1].email}>;
 ${OUTSIDERS[2].email}; ${OUTSIDERS[3].email}`;

// What a hand does: each click, and each key with Shift and Control. A paste is its two keys.
class Hand {
  clicks = 0;
  keys = 0;

  async click(locator) {
    this.clicks += 1;
    await locator.click();
  }

  async press(page, ...keys) {
    for (const key of keys) {
      this.keys += key.split("+").length;
      await page.keyboard.press(key);
    }
  }

  async paste(page, text) {
    this.keys += 2;
    await page.keyboard.insertText(text);
  }
}

export default async function invitations(rig) {
  const mails = new Mails(rig.base);
  const room = await prepared(rig);
  await invited(rig, room);
  await joined(rig, mails, room);
  await bounced(rig, mails, room);
  await withoutScript(rig, mails, room);
  await confirmed(rig, mails);
}

// The mails that have arrived: each is a file in the folder of the mail server.
class Mails {
  #folder = process.env.STS_TEST_MAILS;
  #followed = new Set();

  constructor(base) {
    this.base = base;
  }

  // Waits for a mail to an address, and returns the path in it that was not followed yet.
  async path(to) {
    for (let tries = 0; tries < 400; tries += 1) {
      for (const name of (await readdir(this.#folder)).filter((one) => one.endsWith(".mail"))) {
        const mail = JSON.parse(await readFile(join(this.#folder, name), "utf8"));
        const link = mail.text.match(/^https:\/\/\S+/m)?.[0];
        if (mail.to[0] !== to || !link || this.#followed.has(link)) continue;
        this.#followed.add(link);
        const { pathname, search } = new URL(link);
        return pathname + search;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no mail came to ${to}`);
  }
}

// A room of the broker's with four papers that wait for a decision.
async function prepared(rig) {
  const broker = await rig.api("broker");
  const { id: room } = await broker.room();
  const seller = await broker.post(`/rooms/${room}/parties`, { role: "seller", name: "seller", email: rig.accounts.seller.email });
  const documents = (await broker.get(`/rooms/${room}/documents?limit=100`)).filter(({ needed }) => needed).slice(0, 6);
  const api = await rig.api("seller");
  for (const [i, { id }] of documents.entries()) {
    const form = new FormData();
    form.append("file", new Blob([`%PDF-1.7\n% ${i}\n%%EOF\n`], { type: "application/pdf" }), `paper ${i}.pdf`);
    await api.post(`/rooms/${room}/documents/${id}/versions`, form);
  }
  // They have brought their papers, and nobody but the broker is in the room.
  await broker.send("DELETE", `/rooms/${room}/parties/${seller.id}`);
  return room;
}

// The broker stands in the room, and has the head of a mail at hand.
async function invited(rig, room) {
  const [page, hand] = [await rig.open({ as: "broker" }), new Hand()];
  await page.goto(`/rooms/${room}`);
  await hand.click(page.getByRole("navigation", { name: "Room" }).getByRole("link", { name: "Parties" }));
  await hand.click(page.getByLabel("Addresses"));
  await hand.paste(page, HEAD);
  await hand.click(page.getByRole("button", { name: "Read the addresses" }));
  await page.getByRole("heading", { name: "Add 4 parties?" }).waitFor();
  rig.blame(await axe(page), await legible(page));
  for (const { name, email, role, side } of OUTSIDERS) {
    const row = page.getByRole("group", { name: email });
    assert.equal(await row.getByLabel("Name").inputValue(), name);
    await hand.click(row.getByRole("checkbox", { name: role }));
    if (!side) continue;
    // By the letter with which the word begins.
    await hand.click(row.getByLabel("Side"));
    await hand.press(page, side, "Enter");
  }
  await hand.click(page.getByRole("button", { name: "Add 4 parties" }));
  await page.waitForURL(/\/parties$/);
  console.log(`who invites four: ${hand.clicks} clicks and ${hand.keys} keys`);
  assert.ok(hand.clicks <= 12 && hand.keys <= 60, `${hand.clicks} clicks and ${hand.keys} keys`);
  const api = await rig.api("broker");
  const listed = (await api.get(`/rooms/${room}/parties`)).slice(1);
  const sides = { d: "discharging", r: "receiving" };
  assert.deepEqual(listed.map(({ name, email, role, side }) => ({ name, email, role, side })),
    OUTSIDERS.map(({ name, email, role, side }) => ({ name, email, role: role.toLowerCase(), side: sides[side] ?? null })));
  rig.blame(await axe(page), await legible(page));
  await page.context().close();
}

// Each follows the link of their mail, has their password manager fill in a password, and approves the paper that is open then.
async function joined(rig, mails, room) {
  const hand = new Hand();
  for (const [i, { email }] of OUTSIDERS.entries()) {
    const isOnTelephone = i === 3;
    const page = await rig.open(isOnTelephone ? TELEPHONE : {});
    const path = await mails.path(email);
    // The link in the mail.
    hand.clicks += 1;
    await page.goto(path);
    await page.getByRole("button", { name: "Join" }).waitFor();
    if (i === 0) rig.blame(await axe(page), await legible(page));
    if (i === 0) await looked(page);
    await hand.paste(page, `a passphrase of ${email.slice(0, 4)} alone`);
    if (isOnTelephone) await hand.click(page.getByRole("button", { name: "Join" }));
    else await hand.press(page, "Enter");
    await page.waitForURL((url) => url.pathname.startsWith(`/rooms/${room}/documents/`));
    const document = await page.locator("#panel").getAttribute("data-document");
    if (isOnTelephone) await onTelephone(rig, page);
    if (isOnTelephone) {
      await hand.click(page.getByRole("button", { name: "Approve", exact: true }));
      await page.locator("#panel").getByText("You said:").waitFor();
    } else {
      await page.locator("#keys").waitFor();
      await hand.press(page, "y");
      await page.waitForFunction((id) => document.getElementById("panel")?.dataset.document !== id, document);
    }
    const { versions: [{ decisions }] } = await (await rig.api("broker")).get(`/rooms/${room}/documents/${document}`);
    assert.deepEqual(decisions.map(({ party, verdict }) => [party, verdict]).filter(([party]) => party === email), [[email, "approved"]]);
    await page.context().close();
  }
  console.log(`four who are invited, together: ${hand.clicks} clicks and ${hand.keys} keys`);
  assert.ok(hand.clicks <= 6 && hand.keys <= 30, `${hand.clicks} clicks and ${hand.keys} keys`);
}

// A password is typed once, and can be looked at; what is sent is hidden again, and no draft is kept of it.
async function looked(page) {
  const [field, shows] = [page.getByLabel("Password"), page.getByRole("button", { name: "Show what is typed" })];
  await field.fill("short");
  await shows.click();
  assert.equal(await field.getAttribute("type"), "text");
  await shows.click();
  assert.equal(await field.getAttribute("type"), "password");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await field.fill("");
  await field.focus();
}

// The head of a room leaves the telephone to what is below it, and has the rest at hand.
async function onTelephone(rig, page) {
  rig.blame(await axe(page), await reflow(page));
  const head = page.locator("#room-head");
  const { height } = await head.boundingBox();
  assert.ok(height <= TELEPHONE.height / 6, `the head takes ${height} px`);
  const eta = head.getByText("ETA");
  assert.ok(await eta.isHidden());
  await head.getByText("More").click();
  assert.ok(await eta.isVisible());
  rig.blame(await axe(page), await reflow(page));
  await head.getByText("More").click();
}

// A mail that cannot arrive: the broker sees it in the room, puts the address right, and another goes out by that.
async function bounced(rig, mails, room) {
  const page = await rig.open({ as: "broker" });
  await page.goto(`/rooms/${room}/parties`);
  // What was typed into rows is no draft: the rows of another reading are about others.
  await page.getByText("Add several parties").click();
  await page.getByLabel("Addresses").fill("not.now@outside.example");
  await page.getByRole("button", { name: "Read the addresses" }).click();
  await page.getByRole("checkbox", { name: "Buyer" }).check();
  await page.getByLabel("Name").fill("Not Now");
  await page.getByRole("link", { name: "Back to the parties" }).click();
  await page.getByLabel("Addresses").fill(`Charterer: Zoe Kaya <${MISTYPED}>, Ann Lee <${OUTSIDERS[2].email}>`);
  await page.getByRole("button", { name: "Read the addresses" }).click();
  await page.getByText(`1 address left out, of who is a party already: ${OUTSIDERS[2].email}`).waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "Zoe Kaya");
  assert.ok(!(await page.getByRole("checkbox", { name: "Buyer" }).isChecked()));
  await page.getByRole("button", { name: "Add party" }).click();
  const row = page.getByRole("row").filter({ hasText: "Zoe Kaya" });
  await row.waitFor();
  assert.equal(await page.locator(".draft").count(), 0);
  // No entry of the log tells of it: the page looks for it by itself.
  await row.getByText("Bounced").waitFor({ timeout: 40_000 });
  assert.match(await row.textContent(), /no such user here/);
  rig.blame(await axe(page), await legible(page));
  await row.getByRole("link", { name: "Edit Zoe Kaya" }).click();
  await page.getByLabel("E-mail").fill("zoe.kaya@outside.example");
  await page.getByRole("button", { name: "Save" }).click();
  await row.getByText("Bounced").waitFor({ state: "detached" });
  const path = await mails.path("zoe.kaya@outside.example");

  // It is lost, and sent once more; any of its links leads in.
  await page.reload();
  await row.getByRole("link", { name: "Invite Zoe Kaya" }).click();
  await page.getByRole("button", { name: "Send again" }).click();
  assert.notEqual(await mails.path("zoe.kaya@outside.example"), path);
  const zoe = await rig.open();
  await zoe.goto(path);
  await zoe.getByLabel("Password").fill("a passphrase of zoe alone");
  await zoe.getByRole("button", { name: "Join" }).click();
  await zoe.locator("#panel").waitFor();
  await page.goto(`/rooms/${room}/parties`);
  await row.getByText("Joined").waitFor();
}

// The same without script: addresses are read, roles missed and ticked, and who is invited comes in and decides.
async function withoutScript(rig, mails, room) {
  const page = await rig.open({ as: "broker", script: false });
  await page.goto(`/rooms/${room}/parties/several`);
  await page.getByLabel("Addresses").fill("nobody at all");
  await rig.refused(422, () => page.getByRole("button", { name: "Read the addresses" }).click());
  await page.getByText("have no e-mail address among them").waitFor();
  await page.getByLabel("Addresses").fill("bo.lind@plain.example (owner, receiving)\ncy.moss@plain.example");
  await page.getByRole("button", { name: "Read the addresses" }).click();
  await rig.refused(422, () => page.getByRole("button", { name: "Add 2 parties" }).click());
  await page.getByText("Roles are missing: tick one at least").waitFor();
  rig.blame(await axe(page), await reflow(page));
  await page.getByRole("group", { name: "cy.moss@plain.example" }).getByRole("checkbox", { name: "Charterer" }).check();
  await page.getByRole("button", { name: "Add 2 parties" }).click();
  await page.getByRole("rowheader", { name: "Bo Lind" }).waitFor();
  for (const [email, size] of [["bo.lind@plain.example", {}], ["cy.moss@plain.example", TELEPHONE]]) {
    const outsider = await rig.open({ script: false, ...size });
    await outsider.goto(await mails.path(email));
    await outsider.getByLabel("Password").fill(`a passphrase of ${email.slice(0, 2)} alone`);
    await outsider.getByRole("button", { name: "Join" }).click();
    await outsider.locator("#panel").getByRole("button", { name: "Approve", exact: true }).click();
    await outsider.locator("#panel").getByText("You said:").waitFor();
    rig.blame(await axe(outsider), await reflow(outsider));
  }
}

// One admin asks for another, and a second one is called by mail: signs in on the way, and confirms.
async function confirmed(rig, mails) {
  for (const script of [true, false]) {
    const name = script ? "Third Admin" : "Fourth Admin";
    const email = `${name.split(" ")[0].toLowerCase()}@outside.example`;
    const page = await rig.open({ as: "admin", script });
    await page.goto("/admin/users/new");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Role").selectOption("admin");
    await page.getByRole("button", { name: "Add user" }).click();
    await page.getByRole("heading", { name: "Waits for another admin" }).waitFor();

    const second = await rig.open({ script });
    await second.goto(await mails.path(rig.accounts.second.email));
    await second.getByRole("heading", { name: "Sign in" }).waitFor();
    await second.getByLabel("E-mail").fill(rig.accounts.second.email);
    await second.getByLabel("Password").fill(rig.accounts.second.password);
    await second.getByRole("button", { name: "Sign in" }).click();
    await second.getByRole("heading", { name: "Add an admin?" }).waitFor();
    rig.blame(await axe(second), await reflow(second));
    await second.getByRole("button", { name: "Confirm" }).click();
    await second.getByRole("heading", { name }).waitFor();

    // The new one has a mail of their own, and chooses a password by it.
    const third = await rig.open({ script });
    await third.goto(await mails.path(email));
    await third.getByLabel("Password").fill("a passphrase of an admin");
    await third.getByRole("button", { name: "Save and sign in" }).click();
    await third.getByRole("link", { name: "Administration" }).waitFor();
  }
}
