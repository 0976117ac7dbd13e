DROP TABLE snapshot_files;
DROP TABLE snapshot_jobs;
DROP TABLE snapshot_records;
DROP TABLE snapshots;
