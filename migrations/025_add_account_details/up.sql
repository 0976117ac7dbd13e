-- What people say of themselves that no log needs: it can be changed and erased at any time (decision 0040).
CREATE TABLE account_details (
    user_id    TEXT PRIMARY KEY REFERENCES users (id),
    company    TEXT,
    position   TEXT,
    telephone  TEXT,
    time_zone  TEXT,
    changed_at {{time}} NOT NULL
);
