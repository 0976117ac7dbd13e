// Every page is for everybody: by axe-core, light and dark; narrow; light to load. Told of the demo.
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
