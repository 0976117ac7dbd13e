-- The files go with the rows, at the next housekeeping.
INSERT INTO file_deletions (file_url, not_before)
SELECT file_url, uploaded_at FROM document_versions WHERE true
ON CONFLICT (file_url) DO NOTHING;

DROP TABLE decisions;
DROP TABLE document_versions;
DROP TABLE documents;
DROP TABLE document_types;
