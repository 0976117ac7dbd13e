DROP TABLE search_texts;
