-- A session gets an id that may be shown, and that it is ended by. Those there are have none: they end.
DROP TABLE sessions;

-- Only the SHA-256 of a token is kept: a copy of the database opens no session. last_seen_at is late by minutes.
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    token_hash   {{bytes}} NOT NULL UNIQUE,
    user_id      TEXT NOT NULL REFERENCES users (id),
    user_agent   TEXT,
    created_at   {{time}} NOT NULL,
    last_seen_at {{time}} NOT NULL,
    expires_at   {{time}} NOT NULL
);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);

-- Whether somebody else chose the password, for its owner to replace.
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
