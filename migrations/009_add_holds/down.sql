ALTER TABLE rooms DROP COLUMN retained_from;
DROP TABLE confirmations;
DROP TABLE holds;
