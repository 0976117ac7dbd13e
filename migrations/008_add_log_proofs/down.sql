ALTER TABLE snapshot_records DROP COLUMN proof;
DROP TABLE log_keys;
ALTER TABLE room_logs DROP COLUMN checkpoint;
ALTER TABLE room_logs DROP COLUMN origin;
DROP TABLE log_nodes;
