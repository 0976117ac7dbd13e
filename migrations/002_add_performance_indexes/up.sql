CREATE INDEX idx_parties_email ON parties (email);
CREATE INDEX idx_rooms_created_at ON rooms (created_at);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);
CREATE INDEX idx_activity_log_ts ON activity_log (ts);
