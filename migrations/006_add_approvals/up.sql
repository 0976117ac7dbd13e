-- A party's clearance of a vessel; what it was before is in the log.
CREATE TABLE approvals (
    id         TEXT PRIMARY KEY,
    room_id    TEXT NOT NULL REFERENCES rooms (id),
    vessel_id  TEXT NOT NULL REFERENCES vessels (id),
    party      TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'broker', 'charterer', 'seller', 'buyer', 'admin')),
    side       TEXT CHECK (side IN ('discharging', 'receiving')),
    status     TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'approved_with_subjects', 'rejected')),
    comment    TEXT,
    decided_at {{time}} NOT NULL,
    UNIQUE (vessel_id, party)
);
CREATE INDEX idx_approvals_room_id ON approvals (room_id);
