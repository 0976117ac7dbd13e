CREATE FUNCTION snapshot_under_hold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM holds WHERE room_id = OLD.room_id AND lifted_at IS NULL
               AND (snapshot_id IS NULL OR snapshot_id = OLD.id)) THEN
        RAISE EXCEPTION 'the snapshot is under hold';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER snapshots_under_hold BEFORE DELETE ON snapshots
FOR EACH ROW EXECUTE FUNCTION snapshot_under_hold();
