-- Uploads that come in parts: what their accounts have said of the file, and how many of its bytes are on the disk of the
-- server that took them. Once its last byte has come, an upload has the version that it came to, until it is forgotten.
CREATE TABLE partial_uploads (
    id          TEXT PRIMARY KEY,
    room_id     TEXT NOT NULL,
    document_id TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id),
    file_name   TEXT NOT NULL,
    size        BIGINT NOT NULL,
    received    BIGINT NOT NULL,
    sha256      {{bytes}},
    expires_on  TEXT,
    notes       TEXT,
    kept_until  {{time}} NOT NULL,
    version_id  TEXT,
    is_new      BOOLEAN
);
CREATE INDEX idx_partial_uploads_user_id ON partial_uploads (user_id);
CREATE INDEX idx_partial_uploads_kept_until ON partial_uploads (kept_until);
