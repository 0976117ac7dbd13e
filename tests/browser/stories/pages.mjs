// Every page is for everybody: by axe-core, light and dark; narrow; light to load. Told of the demo.
import { axe, light, reflow } from "../checks.mjs";
import { PAGES, ids, show } from "../pages.mjs";

export default async function pages(rig) {
  const known = await ids(rig);
  const looking = new Map();
  for (const entry of PAGES) {
    if (!looking.has(entry.as)) looking.set(entry.as, await rig.open({ as: entry.as }));
    const page = looking.get(entry.as);
    await show(rig, page, entry, known);
    rig.blame(await axe(page), await reflow(page));
    if (!entry.status) rig.blame(await light(page, entry.path(known)));
  }
}
