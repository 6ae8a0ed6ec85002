-- Runs of suites. A run is its head and its rows; what is said of it later (its end, labels, causes, alarms) are notes.
-- All are only added to. Columns beside `json` are what is looked for.
CREATE TABLE runs (
    id      TEXT NOT NULL PRIMARY KEY,
    suite   TEXT NOT NULL,
    started INTEGER NOT NULL,
    json    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_of_suite ON runs (suite, started);

CREATE TABLE run_rows (
    run    TEXT NOT NULL,
    launch INTEGER NOT NULL,
    json   TEXT NOT NULL,
    PRIMARY KEY (run, launch)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL,
    json    TEXT NOT NULL
) STRICT;
CREATE INDEX notes_of_subject ON notes (kind, subject);

CREATE TRIGGER runs_stay BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'runs are never deleted'); END;
CREATE TRIGGER runs_hold BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'runs are never changed'); END;
CREATE TRIGGER run_rows_stay BEFORE DELETE ON run_rows BEGIN SELECT RAISE(ABORT, 'rows are never deleted'); END;
CREATE TRIGGER run_rows_hold BEFORE UPDATE ON run_rows BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;
CREATE TRIGGER notes_stay BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'notes are never deleted'); END;
CREATE TRIGGER notes_hold BEFORE UPDATE ON notes BEGIN SELECT RAISE(ABORT, 'notes are never changed'); END;
