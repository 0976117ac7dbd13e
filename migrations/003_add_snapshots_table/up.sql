CREATE TABLE snapshots (
    id            TEXT PRIMARY KEY,
    room_id       TEXT NOT NULL REFERENCES rooms (id),
    title         TEXT NOT NULL,
    created_by    TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('generating', 'completed', 'failed')),
    file_url      TEXT,
    file_size     BIGINT NOT NULL,
    snapshot_type TEXT NOT NULL CHECK (snapshot_type IN ('pdf', 'json', 'csv')),
    data          TEXT NOT NULL,
    created_at    {{time}} NOT NULL
);
CREATE INDEX idx_snapshots_room_id ON snapshots (room_id);
CREATE INDEX idx_snapshots_created_by ON snapshots (created_by);
CREATE INDEX idx_snapshots_status ON snapshots (status);
CREATE INDEX idx_snapshots_room_created ON snapshots (room_id, created_at);

-- The record: canonical JSON (RFC 8785), zstd-compressed; `sha256` is that of the canonical bytes.
CREATE TABLE snapshot_records (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id),
    sha256      {{bytes}} NOT NULL,
    body        {{bytes}} NOT NULL
);

-- The work still to do. A row without not_before has been given up and waits for a retry.
CREATE TABLE snapshot_jobs (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id),
    attempts    BIGINT NOT NULL,
    lease_until {{time}},
    not_before  {{time}},
    progress    BIGINT NOT NULL,
    last_error  TEXT
);
CREATE INDEX idx_snapshot_jobs_not_before ON snapshot_jobs (not_before);

-- The rendered file's own facts.
CREATE TABLE snapshot_files (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id),
    sha256      {{bytes}} NOT NULL,
    renderer    TEXT NOT NULL,
    fonts       TEXT NOT NULL
);
