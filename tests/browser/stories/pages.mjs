// Every page of the demo is accessible in light and dark (axe-core), can be read at every width, and is light to load and
// to print.
import { axe, legible, light, sheets } from "../checks.mjs";
import { PAGES, ids, show } from "../pages.mjs";

export default async function pages(rig) {
  const known = await ids(rig);
  for (const entry of PAGES) {
    const page = await show(rig, entry, known);
    rig.blame(await axe(page), await legible(page), await sheets(page, entry.sheets ?? 3));
    if (!entry.status) rig.blame(await light(page, entry.path(known), entry.limit));
  }
}
