DROP TABLE account_requests;
DROP TABLE account_grants;
DROP TABLE sign_in_turns;
DROP TABLE known_devices;
ALTER TABLE sessions DROP COLUMN idle_at;
ALTER TABLE sessions DROP COLUMN password_at;
ALTER TABLE users DROP COLUMN password_given_at;
