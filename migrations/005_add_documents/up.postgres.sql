CREATE FUNCTION is_never_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are never changed', TG_TABLE_NAME; END $$;

CREATE TRIGGER document_versions_no_change BEFORE UPDATE OR DELETE ON document_versions
FOR EACH ROW EXECUTE FUNCTION is_never_changed();

CREATE TRIGGER document_versions_no_truncate BEFORE TRUNCATE ON document_versions
FOR EACH STATEMENT EXECUTE FUNCTION is_never_changed();

CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions
FOR EACH ROW EXECUTE FUNCTION is_never_changed();

CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions
FOR EACH STATEMENT EXECUTE FUNCTION is_never_changed();
