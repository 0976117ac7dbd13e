ALTER TABLE users DROP COLUMN must_change_password;
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash {{bytes}} PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    created_at {{time}} NOT NULL,
    expires_at {{time}} NOT NULL
);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);
