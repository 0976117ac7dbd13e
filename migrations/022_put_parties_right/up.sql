-- The addresses that a party had before each was put right, as a JSON list; NULL if there are none.
ALTER TABLE parties ADD COLUMN formerly TEXT;
-- The words of all roles of a party who has several, in their order, with a bar between them; `role` is the first. NULL if
-- that is the only one.
ALTER TABLE parties ADD COLUMN roles TEXT;
