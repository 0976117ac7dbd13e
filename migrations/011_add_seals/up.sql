-- The seal of a snapshot's PDF, kept before the file is stored: with it the same bytes can be made
-- again. `trusted_time` is that of a time-stamp authority; where there is none, `note` says why. A seal that
-- is made while its snapshot is deleted goes with it.
CREATE TABLE snapshot_seals (
    snapshot_id  TEXT PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    sealed_at    {{time}} NOT NULL,
    cms          {{bytes}} NOT NULL,
    signer       TEXT NOT NULL,
    self_made    BOOLEAN NOT NULL,
    trusted_time {{time}},
    note         TEXT
);
