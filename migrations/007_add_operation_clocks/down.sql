DROP INDEX idx_rooms_sts_eta;
ALTER TABLE rooms DROP COLUMN closed_at;
ALTER TABLE rooms DROP COLUMN transfer_completed_at;
ALTER TABLE rooms DROP COLUMN planned_duration_hours;
