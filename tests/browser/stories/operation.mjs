// An STS operation from its opening to its first gate, by six people, each in a browser of their own: a room is opened
// and filled, documents are uploaded and decided on, vessels cleared, a gate passed and one overridden; at the end one
// of the six is removed while they look on.
import assert from "node:assert/strict";
import { axe, reflow } from "../checks.mjs";
import { dropFiles } from "../rig.mjs";

const VESSELS = [["Aegean Star", "Discharging", "9074729"], ["Northern Light", "Receiving", "9319466"]];
const PARTIES = [["owner", "Owner", "Discharging"], ["receiver", "Owner", "Receiving"], ["charterer", "Charterer", "Receiving"], ["seller", "Seller", "Discharging"], ["buyer", "Buyer", "Receiving"]];
const Q88 = "Vessel particulars questionnaire (Q88 / VPQ)";

export default async function operation(rig) {
  const broker = await rig.open({ as: "broker" });
  const room = await opened(rig, broker);
  await uploaded(rig, room, broker);
  await decided(rig, room);
  await cleared(rig, room, broker);
  await advanced(rig, room, broker);
  await shutOut(rig, room);
}

// Opens the room, names its vessels and adds its parties, by forms alone.
async function opened(rig, page) {
  await page.getByText("No room yet").or(page.getByRole("link", { name: "Open a room" })).first().waitFor();
  rig.blame(await axe(page), await reflow(page));
  await page.getByRole("link", { name: "Open a room" }).first().click();
  await page.getByLabel("Title").fill("STS Ceuta");
  await page.getByLabel("Location").fill("Off Ceuta");
  await page.getByLabel("ETA (UTC)").fill("2030-12-01T08:30");
  await page.getByLabel("Cargo").selectOption("oil");
  await page.getByRole("button", { name: "Open the room" }).click();
  await page.getByRole("heading", { name: "STS Ceuta" }).waitFor();
  const room = page.url().match(/rooms\/([0-9a-f-]{36})/)[1];

  await page.goto(`/rooms/${room}/vessels`);
  for (const [name, role, imo] of VESSELS) {
    await unfold(page, "Name a vessel");
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Role").selectOption({ label: role });
    await page.getByLabel("IMO number").fill(imo);
    await page.getByRole("button", { name: "Name the vessel" }).click();
    await page.getByRole("rowheader", { name }).waitFor();
  }
  await page.goto(`/rooms/${room}/parties`);
  for (const [who, role, side] of PARTIES) {
    await unfold(page, "Add a party");
    await page.getByLabel("Name", { exact: true }).fill(who);
    await page.getByLabel("E-mail").fill(rig.accounts[who].email);
    await page.getByRole("checkbox", { name: role }).check();
    await page.getByLabel("Side").selectOption({ label: side });
    await page.getByRole("button", { name: "Add party" }).click();
    await page.getByRole("rowheader", { name: who }).waitFor();
  }
  rig.blame(await axe(page), await reflow(page));
  return room;
}

async function unfold(page, words) {
  const details = page.locator("details", { has: page.getByText(words, { exact: true }) });
  if (!(await details.evaluate((element) => element.open))) await page.getByText(words, { exact: true }).click();
}

// The seller drops a file on a row, and then another, and is asked for the day of each. The network is slowed down, so
// that the progress of the first can be seen; the broker, on another page, sees both come.
async function uploaded(rig, room, broker) {
  await broker.goto(`/rooms/${room}/documents`);
  const page = await rig.open({ as: "seller" });
  await page.goto(`/rooms/${room}/documents`);
  const id = await page.getByRole("row").filter({ hasText: Q88 }).first().getAttribute("data-document");
  const row = `tr[data-document="${id}"]`;
  const slow = await page.context().newCDPSession(page);
  await slow.send("Network.enable");
  await slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 });
  const seen = progress(page);
  const sheet = page.locator("#matching");
  await dropFiles(page, row, { name: "q88 old.pdf", bytes: paper("old", 900_000) });
  await sheet.getByLabel("Valid until").fill("2031-01-31");
  await sheet.getByRole("button", { name: "Upload" }).click();
  await page.locator(row).getByText("q88 old.pdf").waitFor();
  await dropFiles(page, row, { name: "q88.pdf", bytes: paper("new", 1000) });
  await sheet.getByLabel("Valid until").fill("2031-01-31");
  await sheet.getByRole("button", { name: "Upload" }).click();
  await page.locator(row).getByText("q88.pdf").waitFor();
  assert.ok((await seen).some((part) => part > 0 && part < 100), "its progress was shown");
  await broker.locator(row).getByText("q88.pdf").waitFor();
  await slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });

  await rig.refused(422, () => dropFiles(page, row, { name: "notes.pdf", bytes: Buffer.from("no paper") })
    .then(() => sheet.getByRole("button", { name: "Upload" }).click()).then(() => page.locator("#uploads").getByText("notes.pdf").locator("xpath=ancestor::li").getByRole("button", { name: "Retry" }).waitFor()));
  rig.blame(await axe(page), await reflow(page));

  await page.locator(row).getByRole("link").first().click();
  const panel = page.locator("#panel");
  await panel.getByRole("heading", { name: "Version 2", exact: true }).waitFor();
  assert.equal(await panel.getByRole("button", { name: "Approve", exact: true }).count(), 0, "a seller does not decide");
  rig.blame(await axe(page), await reflow(page));

  // The same without script, which takes one file at a time.
  const plain = await rig.open({ as: "owner", script: false });
  await plain.goto(`/rooms/${room}/documents/${id}`);
  await plain.locator("#panel").getByText("Upload a new version").click();
  await plain.getByLabel("Valid until").fill("2031-01-31");
  await plain.getByLabel("File").setInputFiles({ name: "q88 final.pdf", mimeType: "application/pdf", buffer: paper("final", 1000) });
  await plain.getByRole("button", { name: "Upload", exact: true }).click();
  await plain.locator("#panel").getByText("q88 final.pdf").first().waitFor();
  rig.blame(await axe(plain), await reflow(plain));
  await panel.getByText("q88 final.pdf").first().waitFor();
}

// Returns the values that the bar of an upload shows until it is gone.
function progress(page) {
  return page.evaluate(() => new Promise((resolve) => {
    const seen = [];
    const look = setInterval(() => {
      const bar = document.querySelector("#uploads progress");
      if (bar && !bar.hidden) seen.push(bar.value);
      if (seen.length > 0 && (!bar || bar.hidden)) {
        clearInterval(look);
        resolve(seen);
      }
    }, 20);
  }));
}

function paper(words, size) {
  return Buffer.from(`%PDF-1.7\n% ${words}\n${"%".repeat(size)}\n%%EOF\n`);
}

// The charterer rejects and then approves by keys alone: `j` steps to the row, Enter opens it, `r` and `a` lead to
// forms.
async function decided(rig, room) {
  const page = await rig.open({ as: "charterer" });
  await page.goto(`/rooms/${room}/documents?q=Q88`);
  await page.getByRole("row").filter({ hasText: Q88 }).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("#panel").getByRole("heading", { name: "Version 3", exact: true }).waitFor();
  await page.keyboard.press("r");
  await page.keyboard.type("The draught does not fit the berth");
  await page.getByRole("button", { name: "Reject" }).click();
  await page.locator("#panel").getByText("The draught does not fit the berth").first().waitFor();
  await page.keyboard.press("a");
  await page.keyboard.type("A corrected page 3");
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.locator("#panel").getByText("A corrected page 3").first().waitFor();
  // The form has led to a new page, which hears keys once its script has shown them.
  await page.locator("#keys").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#panel").waitFor({ state: "detached" });
  rig.blame(await axe(page), await reflow(page));
}

async function cleared(rig, room, broker) {
  await broker.goto(`/rooms/${room}/clearance`);
  for (const [who, vessel] of [["receiver", VESSELS[0][0]], ["owner", VESSELS[1][0]]]) {
    const page = await rig.open({ as: who, script: who !== "owner" });
    await page.goto(`/rooms/${room}/clearance`);
    await page.getByRole("link", { name: new RegExp(vessel) }).first().click();
    await page.getByRole("button", { name: `Clear ${vessel}` }).click();
    await page.waitForURL(new RegExp("/clearance$"));
    rig.blame(await axe(page), await reflow(page));
  }
  // Both vessels are cleared, by a reply each.
  await broker.locator(".chip.good").filter({ hasText: "Cleared" }).nth(3).waitFor();
}

async function advanced(rig, room, page) {
  await page.goto(`/rooms/${room}/phase`);
  await page.getByRole("button", { name: /clearance/i }).click();
  await page.getByRole("listitem").and(page.locator("[aria-current=step]")).filter({ hasText: "Clearance" }).waitFor();
  await page.goto(`/rooms/${room}/phase`);
  rig.blame(await axe(page), await reflow(page));
  await page.getByLabel("Why the gate is overridden").fill("The rest comes by tomorrow");
  await page.getByRole("button", { name: /planning/i }).click();
  await page.getByRole("listitem").and(page.locator("[aria-current=step]")).filter({ hasText: "Planning" }).waitFor();
  await page.goto(`/rooms/${room}/activity`);
  await page.getByText("The rest comes by tomorrow").first().waitFor();
  rig.blame(await axe(page), await reflow(page));
}

// The buyer looks on while the broker removes them: the event of the removal itself ends what they see.
async function shutOut(rig, room) {
  const buyer = await rig.open({ as: "buyer" });
  await buyer.goto(`/rooms/${room}/activity`);
  const second = await buyer.context().newPage();
  await second.goto("/account");

  const broker = await rig.open({ as: "broker", script: false });
  await broker.goto(`/rooms/${room}/parties`);
  await broker.getByRole("link", { name: "Remove buyer" }).click();
  await rig.refused(403, async () => {
    await broker.getByRole("button", { name: "Remove buyer" }).click();
    await buyer.getByRole("heading", { name: "Not open to you" }).waitFor();
  });

  // A session that is ended from another browser is over here, too.
  const elsewhere = await rig.open({ as: "buyer" });
  await elsewhere.goto("/account");
  await elsewhere.getByRole("button", { name: "Sign out everywhere else" }).click();
  await elsewhere.getByText("This one").waitFor();
  await second.reload();
  await second.getByRole("heading", { name: "Sign in" }).waitFor();
}
