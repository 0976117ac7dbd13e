DROP FUNCTION activity_log_is_append_only();
