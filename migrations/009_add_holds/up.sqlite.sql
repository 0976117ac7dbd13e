CREATE TRIGGER snapshots_under_hold BEFORE DELETE ON snapshots
WHEN EXISTS (SELECT 1 FROM holds WHERE room_id = OLD.room_id AND lifted_at IS NULL
             AND (snapshot_id IS NULL OR snapshot_id = OLD.id))
BEGIN SELECT RAISE(ABORT, 'the snapshot is under hold'); END;
