DROP TABLE contradictions;
