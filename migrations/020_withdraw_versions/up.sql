-- What was stated of a version since its upload: that it was uploaded by mistake and counts no more, and that it needs no
-- date although its type expires. A version of which nothing was stated has no row.
CREATE TABLE version_statements (
    version_id         TEXT PRIMARY KEY REFERENCES document_versions (id),
    withdrawn_reason   TEXT,
    withdrawn_by       TEXT,
    withdrawn_at       {{time}},
    date_waived_reason TEXT,
    date_waived_by     TEXT,
    date_waived_at     {{time}}
);
