ALTER TABLE parties DROP COLUMN side;
DROP TABLE vessels;
