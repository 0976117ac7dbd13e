CREATE FUNCTION activity_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'activity_log is append-only'; END $$;

CREATE TRIGGER activity_log_no_change BEFORE UPDATE OR DELETE ON activity_log
FOR EACH ROW EXECUTE FUNCTION activity_log_is_append_only();

CREATE TRIGGER activity_log_no_truncate BEFORE TRUNCATE ON activity_log
FOR EACH STATEMENT EXECUTE FUNCTION activity_log_is_append_only();
