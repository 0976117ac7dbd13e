ALTER TABLE document_versions DROP CONSTRAINT document_versions_file_kind_check;
ALTER TABLE document_versions ADD CONSTRAINT document_versions_file_kind_check
    CHECK (file_kind IN ('pdf', 'jpg', 'png', 'tiff', 'docx', 'xlsx', 'heic'));
