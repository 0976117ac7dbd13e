-- The log of heads: the salted heads of all other logs, which witnesses cosign. It has one row here, which is its lock.
CREATE TABLE heads_log (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    origin     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    checkpoint TEXT
);

-- Its entries: each is the hash `commitment` of a head and a salt. Only `commitment` is shown to outsiders.
CREATE TABLE head_entries (
    position   BIGINT PRIMARY KEY,
    log        TEXT NOT NULL,
    origin     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    head       TEXT NOT NULL,
    salt       {{bytes}} NOT NULL,
    commitment {{bytes}} NOT NULL
);
CREATE INDEX idx_head_entries_log ON head_entries (log, size);

-- The nodes of its tree (RFC 6962), leaves included.
CREATE TABLE head_nodes (
    level  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash   {{bytes}} NOT NULL,
    PRIMARY KEY (level, number)
);

-- Its signed heads, with the cosignatures of witnesses as these come.
CREATE TABLE head_checkpoints (
    size         BIGINT PRIMARY KEY,
    note         TEXT NOT NULL,
    cosignatures BIGINT NOT NULL DEFAULT 0,
    made_at      {{time}} NOT NULL
);

-- What each witness has seen of it: the largest head of this origin, and what came of the last attempt.
CREATE TABLE head_witnesses (
    witness TEXT PRIMARY KEY,
    origin  TEXT NOT NULL,
    size    BIGINT NOT NULL,
    fault   TEXT,
    seen_at {{time}} NOT NULL
);
