DROP TABLE private_texts;
