ALTER TABLE parties DROP COLUMN formerly;
-- A party who has several roles keeps the first.
ALTER TABLE parties DROP COLUMN roles;
