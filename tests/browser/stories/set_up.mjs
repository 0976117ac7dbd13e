// The pages of a server that has no account yet are as good as all others.
import { axe, legible, light, sheets } from "../checks.mjs";
import { PAGES_BEFORE, show } from "../pages.mjs";

export default async function setUp(rig) {
  for (const entry of PAGES_BEFORE) {
    const page = await show(rig, entry, {});
    rig.blame(await axe(page), await legible(page), await sheets(page, 1), await light(page, entry.path()));
  }
  const page = await show(rig, PAGES_BEFORE[0], {});
  await page.getByRole("button", { name: "Make the admin" }).waitFor();
}
