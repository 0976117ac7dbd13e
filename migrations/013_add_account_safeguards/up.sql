-- When somebody else chose the password; it runs out if its owner does not replace it.
ALTER TABLE users ADD COLUMN password_given_at {{time}};
UPDATE users SET password_given_at = created_at WHERE must_change_password;

-- When the password was last given in a session, and when the session ends if it is not used.
ALTER TABLE sessions ADD COLUMN password_at {{time}};
ALTER TABLE sessions ADD COLUMN idle_at {{time}};
UPDATE sessions SET password_at = created_at, idle_at = expires_at;

-- The browsers and programs that an account was signed in with, by the hash of a token that they keep.
CREATE TABLE known_devices (
    token_hash   {{bytes}} PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id),
    last_used_at {{time}} NOT NULL
);
CREATE INDEX idx_known_devices_user_id ON known_devices (user_id, last_used_at);

-- When a network may try its next password for an account under attack. The ticket goes to whoever asked there.
CREATE TABLE sign_in_turns (
    address_hash {{bytes}} NOT NULL,
    network      TEXT NOT NULL,
    ticket       TEXT NOT NULL,
    due_at       {{time}} NOT NULL,
    heard        BIGINT NOT NULL,
    PRIMARY KEY (address_hash, network)
);
CREATE INDEX idx_sign_in_turns_network ON sign_in_turns (network, due_at);

-- What an admin did to an account that could put it into their hands: made, enabled or promoted it, gave it a password.
CREATE TABLE account_grants (
    user_id    TEXT NOT NULL REFERENCES users (id),
    granted_by TEXT NOT NULL REFERENCES users (id),
    granted_at {{time}} NOT NULL,
    deed       TEXT NOT NULL CHECK (deed IN ('made', 'enabled', 'promoted', 'given_password'))
);
CREATE INDEX idx_account_grants_user_id ON account_grants (user_id);

-- What one admin has asked for about an account, and another has still to confirm; forgotten after a day.
CREATE TABLE account_requests (
    id            TEXT PRIMARY KEY,
    deed          TEXT NOT NULL CHECK (deed IN ('add_admin', 'make_admin', 'give_password')),
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT,
    asked_by      TEXT NOT NULL,
    asked_at      {{time}} NOT NULL,
    CHECK ((password_hash IS NULL) = (deed = 'make_admin'))
);
