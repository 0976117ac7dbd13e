DROP TABLE fsck_runs;
