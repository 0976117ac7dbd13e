-- The inner nodes of each log's tree: the roots of its perfect subtrees over 2^level leaves. Level 0
-- are the leaf hashes in activity_log. Written once, when the last leaf below is appended.
CREATE TABLE log_nodes (
    log    TEXT NOT NULL,
    level  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash   {{bytes}} NOT NULL,
    PRIMARY KEY (log, level, number)
);

-- The log's name in its checkpoints, which it keeps, and the signed checkpoint of where it stands.
ALTER TABLE room_logs ADD COLUMN origin TEXT;
ALTER TABLE room_logs ADD COLUMN checkpoint TEXT;

-- Public keys of those that have signed checkpoints; the platform's log tells of each.
CREATE TABLE log_keys (
    public_key TEXT PRIMARY KEY,
    added_at   {{time}} NOT NULL
);

-- That the log holds the entry that announces the snapshot (C2SP tlog-proof), as of that entry. Null
-- for snapshots from before there were proofs.
ALTER TABLE snapshot_records ADD COLUMN proof TEXT;
