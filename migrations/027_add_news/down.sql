DROP TABLE news_choices_of_rooms;
DROP TABLE news_choices;
DROP TABLE news_marks;
DROP TABLE news;
