-- Mails that wait, and those that were sent or given up within the last weeks. Each is written with what it tells of. `told`
-- is what its text is made of, and goes when it has been sent; a token is never in it. A mail without `not_before` is over:
-- sent if `sent_at` says when, given up otherwise. `kind` has no list of words here, so that a mail that tells something new
-- needs no step.
CREATE TABLE outbox (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    room_id     TEXT,
    link_id     TEXT,
    told        TEXT,
    created_at  {{time}} NOT NULL,
    rounds      BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    lease_until {{time}},
    not_before  {{time}},
    over_at     {{time}},
    sent_at     {{time}},
    last_error  TEXT
);
CREATE INDEX idx_outbox_not_before ON outbox (not_before);
CREATE INDEX idx_outbox_link_id ON outbox (link_id);

-- The links by which somebody chooses a password: to join, or instead of a password that is forgotten. `asked_by` is who had
-- it made; NULL if it was the owner of the account.
CREATE TABLE links (
    id           TEXT PRIMARY KEY,
    purpose      TEXT NOT NULL CHECK (purpose IN ('join', 'password')),
    email        TEXT NOT NULL,
    name         TEXT NOT NULL,
    room_id      TEXT,
    asked_by     TEXT,
    created_at   {{time}} NOT NULL,
    used_at      {{time}},
    withdrawn_at {{time}}
);
CREATE INDEX idx_links_email ON links (email);
CREATE INDEX idx_links_room_id ON links (room_id);

-- The tokens of a link by their hashes, one for each time that it was handed out or a mail with it was tried.
CREATE TABLE link_tokens (
    token_hash {{bytes}} PRIMARY KEY,
    link_id    TEXT NOT NULL REFERENCES links (id),
    expires_at {{time}} NOT NULL
);
CREATE INDEX idx_link_tokens_link_id ON link_tokens (link_id);

-- Whether an account that two admins make or open is to get a link for its owner instead of the password.
ALTER TABLE account_requests ADD COLUMN by_link BOOLEAN NOT NULL DEFAULT FALSE;
