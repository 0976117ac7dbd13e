DROP TABLE log_marks;
