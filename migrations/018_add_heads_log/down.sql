DROP TABLE head_witnesses;
DROP TABLE head_checkpoints;
DROP TABLE head_nodes;
DROP TABLE head_entries;
DROP TABLE heads_log;
