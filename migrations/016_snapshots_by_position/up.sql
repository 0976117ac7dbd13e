-- The position of the room's log that a snapshot shows, and the instant at which clocks are reckoned. Those of earlier versions have a stored record instead.
CREATE TABLE snapshot_positions (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id),
    size        BIGINT NOT NULL,
    at          {{time}} NOT NULL
);

-- What the log tells of the body of a snapshot's file: the file but for its receipt and its seal.
CREATE TABLE snapshot_bodies (
    snapshot_id   TEXT PRIMARY KEY REFERENCES snapshots (id),
    record_sha256 {{bytes}} NOT NULL,
    sha256        {{bytes}} NOT NULL,
    size          BIGINT NOT NULL,
    renderer      TEXT NOT NULL,
    fonts         TEXT NOT NULL
);

-- The receipt of a snapshot's file: the proof of the entry that tells of its body. It is kept before the file is stored,
-- so that the file can be made again byte for byte.
CREATE TABLE snapshot_receipts (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    receipt     TEXT NOT NULL
);

-- How many attempts in a row have failed for the reason in `last_error`.
ALTER TABLE snapshot_jobs ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;

-- The room of the snapshot, in which rooms take turns: with a long queue, a claim would look through all of it.
ALTER TABLE snapshot_jobs ADD COLUMN room_id TEXT;
UPDATE snapshot_jobs SET room_id = (SELECT room_id FROM snapshots WHERE snapshots.id = snapshot_jobs.snapshot_id);
CREATE INDEX idx_snapshot_jobs_room_due ON snapshot_jobs (room_id, not_before, lease_until);
