DROP TABLE version_statements;
