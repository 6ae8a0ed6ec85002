-- How many calls and entries there are, and the sums of their digests: what is missing or changed shows. One row.
CREATE TABLE tally (
    id             INTEGER PRIMARY KEY CHECK (id = 0),
    calls          INTEGER NOT NULL,
    calls_digest   INTEGER NOT NULL,
    entries        INTEGER NOT NULL,
    entries_digest INTEGER NOT NULL
) STRICT;

INSERT INTO tally VALUES (0, 0, 0, 0, 0);
