DROP TRIGGER snapshots_under_hold ON snapshots;
DROP FUNCTION snapshot_under_hold();
