-- What people are still to be told by mail: a row for each of them and each thing, which goes when it has been put into a
-- mail. `told` has ids and no words, which are made of the room as it is then.
CREATE TABLE news (
    id      TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    room_id TEXT NOT NULL,
    told    TEXT NOT NULL,
    at      {{time}} NOT NULL
);
CREATE INDEX idx_news_user_id ON news (user_id, room_id, at);

-- How far each room's log has been gone through for that; the phase whose gate was open then, if it was; and the ETA for
-- which it was told that the notice to the coastal State is due.
CREATE TABLE news_marks (
    room_id   TEXT PRIMARY KEY,
    rounds    BIGINT NOT NULL,
    size      BIGINT NOT NULL,
    open_gate TEXT,
    notice_of {{time}}
);

-- How soon somebody is told, of all rooms or of one, and the kinds of news of which they are not, with a bar between the
-- words. Who has no row is told of everything at once.
CREATE TABLE news_choices (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    frequency    TEXT NOT NULL,
    without TEXT NOT NULL
);
CREATE TABLE news_choices_of_rooms (
    user_id TEXT NOT NULL REFERENCES users (id),
    room_id TEXT NOT NULL,
    frequency    TEXT NOT NULL,
    PRIMARY KEY (user_id, room_id)
);
