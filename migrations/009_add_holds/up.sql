-- What nobody deletes: a room, or one of its snapshots. A hold that was lifted stays, as history; so does that of a
-- snapshot deleted since.
CREATE TABLE holds (
    id             TEXT PRIMARY KEY,
    room_id        TEXT NOT NULL REFERENCES rooms (id),
    snapshot_id    TEXT,
    reason         TEXT NOT NULL,
    placed_by      TEXT NOT NULL,
    placed_at      {{time}} NOT NULL,
    -- Of who asked to lift it, and of who confirmed that.
    lift_asked_by  TEXT,
    lift_reason    TEXT,
    lifted_by      TEXT,
    lifted_at      {{time}},
    confirm_reason TEXT,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL)),
    CHECK ((lift_asked_by IS NULL) = (lifted_at IS NULL)),
    CHECK ((lift_reason IS NULL) = (lifted_at IS NULL)),
    CHECK (lifted_by <> lift_asked_by)
);
CREATE INDEX idx_holds_room_placed ON holds (room_id, placed_at);
CREATE UNIQUE INDEX idx_holds_in_force ON holds (room_id, COALESCE(snapshot_id, '')) WHERE lifted_at IS NULL;

-- What one admin has asked for and another has still to confirm: one request per subject, forgotten after a day.
CREATE TABLE confirmations (
    subject_id TEXT PRIMARY KEY,
    deed       TEXT NOT NULL CHECK (deed IN ('lift_hold', 'delete_snapshot', 'delete_room')),
    room_id    TEXT NOT NULL REFERENCES rooms (id),
    asked_by   TEXT NOT NULL,
    asked_at   {{time}} NOT NULL,
    reason     TEXT
);
CREATE INDEX idx_confirmations_room_id ON confirmations (room_id);

-- When the room was last closed, by the server's clock; stays when it is taken back.
ALTER TABLE rooms ADD COLUMN retained_from {{time}};
UPDATE rooms SET retained_from = COALESCE(
    (SELECT MAX(ts) FROM activity_log e
     WHERE e.room_id = rooms.id AND e.action = 'phase_changed' AND e.meta_json LIKE '%"to":"closed"%'),
    closed_at);
