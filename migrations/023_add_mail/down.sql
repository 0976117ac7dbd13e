ALTER TABLE account_requests DROP COLUMN by_link;
DROP TABLE link_tokens;
DROP TABLE links;
DROP TABLE outbox;
