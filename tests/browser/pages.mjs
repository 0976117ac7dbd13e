// Every page of the demo: its name, its path, and who looks at it (`as`). `status` is that of a page of an error,
// `limit` the most bytes of a page with a picture, `sheets` the most that a long one takes when it is printed, `act` what is
// done before it is looked at. The story `pages` checks all of them, and `screenshots.mjs` shoots them.

const inRoom = (rest) => ({ room }) => `/rooms/${room}${rest}`;
const ofSnapshot = (rest) => ({ room, snapshot }) => `/rooms/${room}/snapshots/${snapshot}${rest}`;

// The pages of a server that has no account yet, which the story `set_up` checks.
export const PAGES_BEFORE = [
  { name: "set-up", path: () => "/set-up" },
  { name: "sign-in-before", path: () => "/sign-in" },
];

export const PAGES = [
  { name: "sign-in", path: () => "/sign-in" },
  { name: "forgotten", path: () => "/forgotten" },
  { name: "verify", path: () => "/verify" },
  { name: "verify-result", path: () => "/verify", act: verifyFile },
  { name: "docs", path: () => "/docs", sheets: 6 },
  { name: "rooms", as: "broker", path: () => "/" },
  { name: "rooms-none-found", as: "broker", path: () => "/?q=nowhere" },
  { name: "room-new", as: "broker", path: () => "/rooms/new" },
  { name: "room-edit", as: "broker", path: inRoom("/edit") },
  { name: "room-phase", as: "broker", path: inRoom("/phase") },
  { name: "room-phase-back", as: "broker", path: inRoom("/phase/back") },
  { name: "room-delete", as: "admin", path: inRoom("/delete") },
  { name: "documents", as: "broker", path: inRoom("/documents"), sheets: 6 },
  { name: "documents-buyer", as: "buyer", path: inRoom("/documents?show=missing") },
  { name: "document", as: "charterer", path: ({ room, document }) => `/rooms/${room}/documents/${document}` },
  { name: "document-decisions", as: "broker",
    path: ({ room, document, version }) => `/rooms/${room}/documents/${document}/versions/${version}` },
  { name: "clearance", as: "receiver", path: inRoom("/clearance") },
  { name: "clearance-word", as: "owner", path: ({ room, other_vessel }) => `/rooms/${room}/clearance/${other_vessel}` },
  { name: "clearance-revoke", as: "broker", path: ({ room, approval }) => `/rooms/${room}/approvals/${approval}/revoke` },
  { name: "parties", as: "broker", path: inRoom("/parties") },
  { name: "parties-several", as: "broker", path: inRoom("/parties/several") },
  { name: "room-mails", as: "broker", path: inRoom("/mails") },
  { name: "party-edit", as: "broker", path: ({ room, party }) => `/rooms/${room}/parties/${party}` },
  { name: "party-remove", as: "broker", path: ({ room, party }) => `/rooms/${room}/parties/${party}/remove` },
  { name: "vessels", as: "broker", path: inRoom("/vessels") },
  { name: "vessel", as: "broker", path: ({ room, vessel }) => `/rooms/${room}/vessels/${vessel}` },
  { name: "vessel-edit", as: "broker", path: ({ room, vessel }) => `/rooms/${room}/vessels/${vessel}/edit` },
  { name: "vessel-remove", as: "admin", path: ({ room, vessel }) => `/rooms/${room}/vessels/${vessel}/remove` },
  { name: "activity", as: "admin", path: inRoom("/activity") },
  { name: "snapshots", as: "broker", path: inRoom("/snapshots") },
  { name: "snapshot", as: "broker", path: ofSnapshot("") },
  { name: "snapshot-preview", as: "broker", path: ofSnapshot("?preview=true"), limit: 400_000 },
  { name: "snapshot-delete", as: "admin", path: ofSnapshot("/delete") },
  { name: "compare", as: "owner", path: ({ room, snapshot, other }) => `/rooms/${room}/compare?from=${other}&to=${snapshot}`, sheets: 6 },
  { name: "account", as: "broker", path: () => "/account" },
  { name: "account-name", as: "broker", path: () => "/account/name" },
  { name: "account-mails", as: "broker", path: () => "/account/mails" },
  { name: "account-erase", as: "broker", path: () => "/account/erase" },
  { name: "password", as: "broker", path: () => "/account/password" },
  { name: "admin-users", as: "admin", path: () => "/admin/users" },
  { name: "admin-user-new", as: "admin", path: () => "/admin/users/new" },
  { name: "admin-user", as: "admin", path: ({ user }) => `/admin/users/${user}` },
  { name: "admin-user-request", as: "admin", path: ({ request }) => `/admin/users/requests/${request}` },
  { name: "admin-document-types", as: "admin", path: () => "/admin/document-types" },
  { name: "admin-document-type-new", as: "admin", path: () => "/admin/document-types/new" },
  { name: "admin-document-type", as: "admin", path: () => "/admin/document-types/Q88" },
  { name: "admin-holds", as: "admin", path: () => "/admin/holds" },
  { name: "room-holds", as: "admin", path: inRoom("/holds") },
  { name: "hold-lift", as: "admin", path: ({ room, hold }) => `/rooms/${room}/holds/${hold}` },
  { name: "admin-mail", as: "admin", path: () => "/admin/mail" },
  { name: "admin-system", as: "admin", path: () => "/admin/system" },
  { name: "not-found", as: "broker", path: () => "/rooms/none", status: 404 },
  { name: "forbidden", as: "buyer", path: inRoom("/edit"), status: 403 },
  { name: "invalid", as: "broker", path: () => "/?limit=none", status: 422 },
];

// Returns what the paths need: ids of the demo, and a file to verify.
export async function ids(rig) {
  const broker = await rig.api("broker");
  const room = (await broker.get("/rooms")).find((one) => one.status === "active").id;
  const snapshots = await broker.get(`/rooms/${room}/snapshots`);
  const snapshot = snapshots.find((one) => one.snapshot_type === "pdf" && one.status === "completed");
  const file = { name: "snapshot.pdf", mimeType: "application/pdf", buffer: await broker.bytes(snapshot.download_url) };
  const documents = await broker.get(`/rooms/${room}/documents?limit=100`);
  const { id: document, newest: { id: version } } = documents.find((one) => one.version_count > 1);
  const [party] = (await broker.get(`/rooms/${room}/parties`)).slice(1);
  const [vessel, other_vessel] = await broker.get(`/rooms/${room}/vessels`);
  const approvals = await broker.get(`/rooms/${room}/approvals`);
  const approval = approvals.find((one) => one.status.startsWith("approved"));
  const admin = await rig.api("admin");
  const [user] = await admin.get("/users?q=owner");
  const other = snapshots.findLast((one) => one.id !== snapshot.id);
  const [held] = await admin.get(`/rooms/${room}/holds`);
  const hold = held ?? (await admin.post(`/rooms/${room}/holds`, { reason: "A claim", snapshot_id: other.id }));
  return { room, snapshot: snapshot.id, other: other.id, document, version, party: party.id, vessel: vessel.id, other_vessel: other_vessel.id,
    approval: approval.id, hold: hold.id, user: user.id, request: await request(admin), file };
}

// Returns a request that waits for a second admin: to add a third one. It takes two only if there are two already.
async function request(admin) {
  const make = (name) =>
    admin.post("/users", { email: `${name}.admin@demo.example`, name: `The ${name} admin`, role: "admin", password: "given for the moment" });
  if ((await admin.get("/users?q=second.admin")).length === 0) await make("second");
  if ((await admin.get("/users/requests")).length === 0) await make("third");
  return (await admin.get("/users/requests"))[0].id;
}

// Opens a page of the table for the person who looks at it. Each person signs in once.
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
