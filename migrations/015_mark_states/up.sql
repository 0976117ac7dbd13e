-- The state that the newest mark of each log is of: what the log tells up to the entry at `seq`, which has its SHA-256. It is
-- canonical JSON, compressed (zstd), and follows from the log: without it, the log is folded from its first entry.
CREATE TABLE log_marks (
    log TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    state {{bytes}} NOT NULL
);
