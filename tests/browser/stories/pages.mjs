// Every page of the demo is accessible in light and dark (axe-core), fits a narrow window, and is light to load.
import { axe, light, reflow } from "../checks.mjs";
import { PAGES, ids, show } from "../pages.mjs";

export default async function pages(rig) {
  const known = await ids(rig);
  for (const entry of PAGES) {
    const page = await show(rig, entry, known);
    rig.blame(await axe(page), await reflow(page));
    if (!entry.status) rig.blame(await light(page, entry.path(known), entry.limit));
  }
}
