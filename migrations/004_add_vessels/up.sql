-- A vessel without an IMO number says why it has none.
CREATE TABLE vessels (
    id            TEXT PRIMARY KEY,
    room_id       TEXT NOT NULL REFERENCES rooms (id),
    name          TEXT NOT NULL,
    imo_number    TEXT,
    no_imo_reason TEXT,
    role          TEXT NOT NULL CHECK (role IN ('discharging', 'receiving', 'other')),
    status        TEXT NOT NULL CHECK (status IN ('active', 'withdrawn')),
    vessel_type   TEXT,
    flag          TEXT,
    owner         TEXT,
    charterer     TEXT,
    length_m      DOUBLE PRECISION,
    beam_m        DOUBLE PRECISION,
    draught_m     DOUBLE PRECISION,
    gross_tonnage BIGINT,
    deadweight_t  BIGINT,
    year_built    BIGINT,
    class_society TEXT,
    added_at      {{time}} NOT NULL,
    UNIQUE (room_id, imo_number),
    CHECK ((imo_number IS NULL) <> (no_imo_reason IS NULL))
);

-- The side that a party acts for; neither where it is null.
ALTER TABLE parties ADD COLUMN side TEXT CHECK (side IN ('discharging', 'receiving'));
