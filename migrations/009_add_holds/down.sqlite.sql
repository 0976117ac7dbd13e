DROP TRIGGER snapshots_under_hold;
