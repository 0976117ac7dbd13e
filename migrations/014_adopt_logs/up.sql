-- Words that not every reader of a log may read, such as the reason of a hold. The log has their hash: the SHA-256 of the
-- salt and the text, in hexadecimal.
CREATE TABLE private_texts (
    hash TEXT PRIMARY KEY,
    salt {{bytes}} NOT NULL,
    text TEXT NOT NULL
);
