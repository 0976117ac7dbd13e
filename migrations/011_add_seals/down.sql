DROP TABLE snapshot_seals;
