CREATE TABLE people (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE notes (
    id INTEGER NOT NULL PRIMARY KEY,
    author INTEGER NOT NULL REFERENCES people (id),
    shared TEXT,
    title BLOB NOT NULL,
    body BLOB NOT NULL
);

-- The tag of a title, for searches.
CREATE INDEX notes_title_default ON notes (substr(title, 4, 15));
