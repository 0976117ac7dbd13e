DROP INDEX idx_snapshot_jobs_room_due;
ALTER TABLE snapshot_jobs DROP COLUMN room_id;
ALTER TABLE snapshot_jobs DROP COLUMN failures;
DROP TABLE snapshot_receipts;
DROP TABLE snapshot_bodies;
DROP TABLE snapshot_positions;
