-- What admins have done to accounts before this was kept, from the log: but for what went before a password that was given
-- at the command line.
INSERT INTO account_grants (user_id, granted_by, granted_at, deed)
SELECT u.id, g.id, e.ts,
    CASE e.action WHEN 'user_added' THEN 'made' WHEN 'user_enabled' THEN 'enabled' WHEN 'user_role_changed' THEN 'promoted'
        ELSE 'given_password' END
FROM activity_log e
JOIN users u ON u.email = e.meta_json::jsonb ->> 'email'
JOIN users g ON g.email = e.actor AND g.id <> u.id
WHERE e.room_id IS NULL
    AND (e.action IN ('user_added', 'user_enabled', 'password_changed')
        OR (e.action = 'user_role_changed' AND e.meta_json::jsonb ->> 'to' = 'admin'))
    AND NOT EXISTS (
        SELECT 1 FROM activity_log o
        WHERE o.room_id IS NULL AND o.actor = 'operator' AND o.action = 'password_changed' AND o.seq > e.seq
            AND o.meta_json::jsonb ->> 'email' = u.email);
