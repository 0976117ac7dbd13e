-- The words of the roles of which each has to approve a document of the type, in their order, with a bar between them. NULL
-- if it names none.
ALTER TABLE document_types ADD COLUMN must_approve TEXT;
-- The same of a slot, as its type had it when the slot opened.
ALTER TABLE documents ADD COLUMN must_approve TEXT;
-- The words of all roles in which a decision was made, if they are several; `role` is the first. NULL if that is the only
-- one.
ALTER TABLE decisions ADD COLUMN roles TEXT;
-- The side that its party acted for. NULL if for none, or if an earlier version logged it.
ALTER TABLE decisions ADD COLUMN side TEXT;
