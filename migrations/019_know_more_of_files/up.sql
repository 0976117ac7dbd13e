-- What is to be known of a file before it is opened.
ALTER TABLE document_versions ADD COLUMN notice TEXT CHECK (notice IN ('needs_password', 'values_not_drawn'));
