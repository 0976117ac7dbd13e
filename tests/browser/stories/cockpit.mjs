// The cockpit has fifteen rooms on one screen, each in a line that unfolds, with script and without, and keeps up with what
// happens.
import assert from "node:assert/strict";
import { axe, legible } from "../checks.mjs";

const ROOMS = 15;
const FIRST = "More of STS Ceuta 1: Aegean Star / Northern Light";
const [WIDTH, HEIGHT] = [1280, 800];

export default async function cockpit(rig) {
  const broker = await rig.api("broker");
  const open = (title, day) => broker.room({ title, sts_eta: `2031-01-${String(day).padStart(2, "0")}T08:00:00Z` });
  for (let day = 1; day <= ROOMS; day++) await open(`STS Ceuta ${day}: Aegean Star / Northern Light`, day);

  const page = await rig.open({ as: "broker", width: WIDTH, height: HEIGHT });
  const last = page.getByRole("row").filter({ hasText: `STS Ceuta ${ROOMS}:` });
  const { y, height } = await last.boundingBox();
  assert.ok(y + height <= HEIGHT, `the last room ends at ${y + height} px`);
  rig.blame(await axe(page), await legible(page));
  await unfold(page);
  rig.blame(await axe(page), await legible(page));

  // An open line stays open when the list is renewed, which happens by itself while somebody looks.
  await open("STS Malta", 1);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByRole("link", { name: "STS Malta" }).waitFor();
  assert.ok(await blocker(page).isVisible());

  // What is looked for is in the address, so that it can be sent and kept.
  await page.getByLabel("Sort by").selectOption("Title");
  await page.getByLabel("Search", { exact: true }).fill("Malta");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/\?q=Malta.*&sort=title/);

  const plain = await rig.open({ as: "broker", script: false, width: WIDTH, height: HEIGHT });
  await unfold(plain);
}

// Returns the blockers of the first room, which its line unfolds to.
const blocker = (page) =>
  page.locator("tr", { has: page.getByLabel(FIRST) }).locator("xpath=following-sibling::tr[1]").getByText("No discharging vessel is named");

async function unfold(page) {
  assert.ok(!(await blocker(page).isVisible()), "a folded line shows no more than itself");
  await page.getByLabel(FIRST).click();
  await blocker(page).waitFor();
}
