// Runs a story against a server: node tests/browser/run.mjs STORY BASE_URL. Accounts come as JSON in STS_TEST_ACCOUNTS;
// without it they are those of the demo.
import { fileURLToPath } from "node:url";
import { DEMO_ACCOUNTS } from "./demo.mjs";
import { Rig } from "./rig.mjs";

const DEADLINE_SECONDS = Number(process.env.STS_TEST_DEADLINE_SECONDS ?? 600);
const SHOTS = fileURLToPath(new URL("../../target/browser", import.meta.url));

const [story, base] = process.argv.slice(2);
if (!base) {
  console.error("usage: node tests/browser/run.mjs STORY BASE_URL");
  process.exit(2);
}
const { default: tell } = await import(`./stories/${story}.mjs`);
const given = process.env.STS_TEST_ACCOUNTS;
const rig = await Rig.launch(base, given ? JSON.parse(given) : DEMO_ACCOUNTS);
const deadline = new Promise((_, reject) => {
  const late = () => reject(new Error(`the story takes longer than ${DEADLINE_SECONDS} seconds`));
  setTimeout(late, DEADLINE_SECONDS * 1000).unref();
});
// A story that throws has failed, but is shot and reported like one whose checks found something.
await Promise.race([tell(rig), deadline]).catch((error) => rig.blame(error.stack.replace(/Browser logs:.*?(?=\n    at )/s, "")));
for (const fault of rig.faults) console.error(`- ${fault}`);
if (rig.faults.length > 0) {
  for (const shot of await rig.shoot(`${SHOTS}/${story}-${process.pid}`)) console.error(`as it was then: ${shot}`);
}
await rig.close();
process.exit(rig.faults.length > 0 ? 1 : 0);
