DROP TABLE notes;
DROP TABLE people;
