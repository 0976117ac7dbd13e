DROP TRIGGER document_versions_no_update;
DROP TRIGGER document_versions_no_delete;
DROP TRIGGER decisions_no_delete;

-- A program of before knows no such kind.
INSERT INTO file_deletions (file_url, not_before)
SELECT file_url, uploaded_at FROM document_versions WHERE file_kind = 'heic'
ON CONFLICT (file_url) DO NOTHING;
DELETE FROM decisions WHERE version_id IN (SELECT id FROM document_versions WHERE file_kind = 'heic');
DELETE FROM document_versions WHERE file_kind = 'heic';

ALTER TABLE document_versions ADD COLUMN kind TEXT NOT NULL DEFAULT 'pdf' CHECK (kind IN ('pdf', 'jpg', 'png', 'tiff', 'docx', 'xlsx'));
UPDATE document_versions SET kind = file_kind;
ALTER TABLE document_versions DROP COLUMN file_kind;
ALTER TABLE document_versions RENAME COLUMN kind TO file_kind;

CREATE TRIGGER document_versions_no_update BEFORE UPDATE ON document_versions
BEGIN SELECT RAISE(ABORT, 'document_versions are never changed'); END;

CREATE TRIGGER document_versions_no_delete BEFORE DELETE ON document_versions
BEGIN SELECT RAISE(ABORT, 'document_versions are never changed'); END;

CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
