ALTER TABLE document_versions DROP COLUMN notice;
