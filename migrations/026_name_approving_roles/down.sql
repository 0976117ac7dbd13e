ALTER TABLE decisions DROP COLUMN side;
ALTER TABLE decisions DROP COLUMN roles;
ALTER TABLE documents DROP COLUMN must_approve;
ALTER TABLE document_types DROP COLUMN must_approve;
