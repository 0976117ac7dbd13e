// Every page, in the demo: its name, where it is, and who looks at it; `status` where it is an error's page, `act` for
// what is done first. All of them are checked, and shot by `screenshots.mjs`.

export const PAGES = [
  { name: "sign-in", path: () => "/sign-in" },
  { name: "verify", path: () => "/verify" },
  { name: "verify-result", path: () => "/verify", act: verifyFile },
  { name: "rooms", as: "broker", path: () => "/" },
  { name: "account", as: "broker", path: () => "/account" },
  { name: "not-found", as: "broker", path: ({ room }) => `/rooms/${room}/none`, status: 404 },
];

// What paths need: ids, and a file to bring.
export async function ids(rig) {
  const broker = await rig.api("broker");
  const room = (await broker.get("/rooms")).find((one) => one.status === "active").id;
  const snapshots = await broker.get(`/rooms/${room}/snapshots`);
  const snapshot = snapshots.find((one) => one.snapshot_type === "pdf" && one.status === "completed");
  const file = { name: "snapshot.pdf", mimeType: "application/pdf", buffer: await broker.bytes(snapshot.download_url) };
  return { room, snapshot: snapshot.id, file };
}

// Opens a page of the table before whoever looks at it.
const looking = new Map();
export async function show(rig, entry, known) {
  if (!looking.has(entry.as)) looking.set(entry.as, await rig.open({ as: entry.as }));
  const page = looking.get(entry.as);
  const go = () => page.goto(entry.path(known));
  await (entry.status ? rig.refused(entry.status, go) : go());
  await entry.act?.(page, known);
  return page;
}

async function verifyFile(page, { file }) {
  await page.getByLabel("File", { exact: true }).setInputFiles(file);
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByRole("status").filter({ hasText: "Verified" }).waitFor();
}
