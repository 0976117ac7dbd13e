-- What a search finds a room by, folded: a row for the room with its slots, one for each party, vessel and version.
CREATE TABLE search_texts (
    id      TEXT PRIMARY KEY,
    room_id TEXT NOT NULL REFERENCES rooms (id),
    -- The version of the folding.
    fold    BIGINT NOT NULL,
    text    TEXT NOT NULL
);
CREATE INDEX idx_search_texts_room_id ON search_texts (room_id);
