ALTER TABLE document_versions DISABLE TRIGGER document_versions_no_change;
ALTER TABLE decisions DISABLE TRIGGER decisions_no_change;

-- A program of before knows no such kind.
INSERT INTO file_deletions (file_url, not_before)
SELECT file_url, uploaded_at FROM document_versions WHERE file_kind = 'heic'
ON CONFLICT (file_url) DO NOTHING;
DELETE FROM decisions WHERE version_id IN (SELECT id FROM document_versions WHERE file_kind = 'heic');
DELETE FROM document_versions WHERE file_kind = 'heic';

ALTER TABLE document_versions ENABLE TRIGGER document_versions_no_change;
ALTER TABLE decisions ENABLE TRIGGER decisions_no_change;

ALTER TABLE document_versions DROP CONSTRAINT document_versions_file_kind_check;
ALTER TABLE document_versions ADD CONSTRAINT document_versions_file_kind_check CHECK (file_kind IN ('pdf', 'jpg', 'png', 'tiff', 'docx', 'xlsx'));
