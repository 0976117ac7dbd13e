-- The files go with the rows, at the next housekeeping.
INSERT INTO file_deletions (file_url, not_before)
SELECT file_url, created_at FROM snapshots WHERE file_url IS NOT NULL
ON CONFLICT (file_url) DO NOTHING;

DROP TABLE snapshot_files;
DROP TABLE snapshot_jobs;
DROP TABLE snapshot_records;
DROP TABLE snapshots;
