-- What this server has signed in a snapshot's file and its log contradicts, as it was found when the file was verified.
-- The same signed checkpoint is found once, however many files carry it; `settled_at` is when it was found to agree again.
CREATE TABLE contradictions (
    origin      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    root        {{bytes}} NOT NULL,
    room_id     TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    detail      TEXT NOT NULL,
    seen_at     {{time}} NOT NULL,
    settled_at  {{time}},
    PRIMARY KEY (origin, size, root)
);
