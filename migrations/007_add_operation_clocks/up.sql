ALTER TABLE rooms ADD COLUMN planned_duration_hours BIGINT NOT NULL DEFAULT 48;
ALTER TABLE rooms ADD COLUMN transfer_completed_at {{time}};
ALTER TABLE rooms ADD COLUMN closed_at {{time}};

CREATE INDEX idx_rooms_sts_eta ON rooms (sts_eta);
