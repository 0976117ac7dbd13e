DROP FUNCTION is_never_changed();
