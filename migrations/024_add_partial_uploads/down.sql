DROP TABLE partial_uploads;
