-- What the checks that are made by themselves found, the newest thirty. One without finished_at is under
-- way until lease_until, and only one may be. `damaged` and `findings` are JSON.
CREATE TABLE fsck_runs (
    id          TEXT PRIMARY KEY,
    started_at  {{time}} NOT NULL,
    lease_until {{time}},
    finished_at {{time}},
    logs        BIGINT NOT NULL,
    entries     BIGINT NOT NULL,
    records     BIGINT NOT NULL,
    files       BIGINT NOT NULL,
    damaged     TEXT NOT NULL,
    findings    TEXT NOT NULL,
    error       TEXT
);
CREATE UNIQUE INDEX idx_fsck_runs_one_at_a_time ON fsck_runs ((finished_at IS NULL)) WHERE finished_at IS NULL;
