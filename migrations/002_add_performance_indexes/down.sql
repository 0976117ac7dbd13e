DROP INDEX idx_activity_log_ts;
DROP INDEX idx_sessions_user_id;
DROP INDEX idx_rooms_created_at;
DROP INDEX idx_parties_email;
