// Shoots every page of the demo: node tests/browser/screenshots.mjs FOLDER [BINARY]; without a binary, cargo builds
// one.
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { DEMO_ACCOUNTS, serveDemo } from "./demo.mjs";
import { PAGES, ids, show } from "./pages.mjs";
import { Rig } from "./rig.mjs";

const WIDTHS = [360, 768, 1280, 1920];

const [folder, binary] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node tests/browser/screenshots.mjs FOLDER [BINARY]");
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const server = await serveDemo(binary && resolve(binary));
const rig = await Rig.launch(server.base, DEMO_ACCOUNTS);
try {
  const known = await ids(rig);
  for (const entry of PAGES) {
    const page = await show(rig, entry, known);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${folder}/${entry.name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
  console.log(`${PAGES.length} pages are in ${folder}`);
} finally {
  await rig.close();
  await server.stop();
}
for (const fault of rig.faults) console.error(`- ${fault}`);
process.exit(rig.faults.length > 0 ? 1 : 0);
