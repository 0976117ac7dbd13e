-- A check cannot be changed: a new column takes the place of the old one.
DROP TRIGGER document_versions_no_update;
ALTER TABLE document_versions ADD COLUMN kind TEXT NOT NULL DEFAULT 'pdf' CHECK (kind IN ('pdf', 'jpg', 'png', 'tiff', 'docx', 'xlsx', 'heic'));
UPDATE document_versions SET kind = file_kind;
ALTER TABLE document_versions DROP COLUMN file_kind;
ALTER TABLE document_versions RENAME COLUMN kind TO file_kind;

CREATE TRIGGER document_versions_no_update BEFORE UPDATE ON document_versions
BEGIN SELECT RAISE(ABORT, 'document_versions are never changed'); END;
