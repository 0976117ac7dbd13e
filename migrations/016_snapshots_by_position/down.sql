ALTER TABLE snapshot_jobs DROP COLUMN failures;
DROP TABLE snapshot_receipts;
DROP TABLE snapshot_bodies;
DROP TABLE snapshot_positions;
