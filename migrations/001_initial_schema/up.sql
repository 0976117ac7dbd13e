-- Ids are UUIDs as text. {{time}} and {{bytes}} become the database's own types (src/db/engine/dialect.rs).

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('owner', 'broker', 'charterer', 'seller', 'buyer', 'admin')),
    password_hash TEXT NOT NULL,
    disabled      BOOLEAN NOT NULL,
    created_at    {{time}} NOT NULL
);

-- Only the SHA-256 of a token is kept: a copy of the database opens no session.
CREATE TABLE sessions (
    token_hash {{bytes}} PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    created_at {{time}} NOT NULL,
    expires_at {{time}} NOT NULL
);

-- Keyed by the SHA-256 of what was typed, whether or not such a user exists: the answer tells
-- nothing, and no input takes more room than another.
CREATE TABLE sign_in_attempts (
    address_hash {{bytes}} PRIMARY KEY,
    attempts     BIGINT NOT NULL,
    since        {{time}} NOT NULL
);

CREATE TABLE rooms (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    location      TEXT NOT NULL,
    sts_eta       {{time}} NOT NULL,
    description   TEXT,
    cargo_profile TEXT CHECK (cargo_profile IN ('oil', 'chem', 'lpg_lng', 'bulk')),
    status        TEXT NOT NULL CHECK (status IN ('active', 'deleted')),
    phase         TEXT NOT NULL CHECK (phase IN ('nomination', 'clearance', 'planning', 'arrival', 'mooring',
                                                 'transfer', 'unmooring', 'documents', 'closed')),
    created_at    {{time}} NOT NULL,
    created_by    TEXT NOT NULL
);

CREATE TABLE parties (
    id       TEXT PRIMARY KEY,
    room_id  TEXT NOT NULL REFERENCES rooms (id),
    role     TEXT NOT NULL CHECK (role IN ('owner', 'broker', 'charterer', 'seller', 'buyer', 'admin')),
    name     TEXT NOT NULL,
    email    TEXT NOT NULL,
    company  TEXT,
    added_at {{time}} NOT NULL,
    UNIQUE (room_id, email)
);

-- The log of each room, and of the platform where room_id is null. Append-only: see the triggers.
CREATE TABLE activity_log (
    id        TEXT PRIMARY KEY,
    room_id   TEXT REFERENCES rooms (id),
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    meta_json TEXT NOT NULL,
    ts        {{time}} NOT NULL,
    seq       BIGINT NOT NULL,
    leaf_hash {{bytes}} NOT NULL
);
CREATE UNIQUE INDEX idx_activity_log_seq ON activity_log (COALESCE(room_id, 'platform'), seq);

-- The compact range of each log's Merkle tree (RFC 6962): `frontier` holds the roots of its perfect
-- subtrees, largest first, 32 bytes each. Its key is a room's id or 'platform'.
CREATE TABLE room_logs (
    room_id  TEXT PRIMARY KEY,
    size     BIGINT NOT NULL,
    frontier {{bytes}} NOT NULL
);

-- Files to remove from the store, written by the transaction that forgot them.
CREATE TABLE file_deletions (
    file_url   TEXT PRIMARY KEY,
    not_before {{time}} NOT NULL
);

-- What an Idempotency-Key made, for a day.
CREATE TABLE idempotency_keys (
    actor        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash {{bytes}} NOT NULL,
    created_id   TEXT NOT NULL,
    created_at   {{time}} NOT NULL,
    PRIMARY KEY (actor, key)
);
