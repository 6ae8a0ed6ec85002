CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('keys_version', 0), ('recovered_to', -1);

-- kind: 0 hold, 1 charge, 2 release, 3 adjust. certainty: 0 reported, 1 estimated, 2 unknown.
CREATE TABLE entries (
    call      INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    accounts  TEXT NOT NULL,
    at        INTEGER NOT NULL,
    made_at   INTEGER NOT NULL,
    certainty INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    class     TEXT,
    model     TEXT,
    PRIMARY KEY (call, step),
    CHECK (CASE kind WHEN 0 THEN step < 1000 AND amount >= 0 WHEN 1 THEN step = 1000 AND amount > 0
                     WHEN 2 THEN step = 1000 AND amount = 0 WHEN 3 THEN step > 1000 ELSE FALSE END)
) STRICT, WITHOUT ROWID;

-- status: 0 ok, 1 refused, 2 failed, 3 cancelled, 4 interrupted. A cost that nobody knows is NULL, with the reason beside it.
CREATE TABLE calls (
    id               INTEGER PRIMARY KEY,
    started          INTEGER NOT NULL,
    endpoint         TEXT NOT NULL,
    class            TEXT NOT NULL,
    key              TEXT,
    accounts         TEXT NOT NULL,
    outcome          TEXT,
    tags             TEXT,
    model_asked      TEXT NOT NULL,
    model            TEXT,
    status           INTEGER NOT NULL,
    http_status      INTEGER NOT NULL,
    stream           INTEGER NOT NULL,
    simulated        INTEGER NOT NULL,
    cost             INTEGER,
    cost_unknown     TEXT,
    charged          INTEGER NOT NULL,
    charge_certainty INTEGER NOT NULL,
    held             INTEGER NOT NULL,
    usage_certainty  INTEGER NOT NULL,
    input            INTEGER,
    cache_read       INTEGER,
    cache_write      INTEGER,
    cache_write_1h   INTEGER,
    output           INTEGER,
    reasoning        INTEGER,
    tries            INTEGER NOT NULL,
    fault            TEXT,
    first_content_us INTEGER,
    total_us         INTEGER NOT NULL,
    own_us           INTEGER NOT NULL
) STRICT;

CREATE TABLE details (
    call INTEGER PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;

CREATE TABLE feedback (
    id      INTEGER PRIMARY KEY,
    call    INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    score   REAL,
    comment TEXT,
    by      TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX feedback_of_call ON feedback (call);

CREATE TABLE keys (
    id              TEXT NOT NULL PRIMARY KEY,
    hash            BLOB NOT NULL,
    name            TEXT NOT NULL,
    account         TEXT NOT NULL,
    class           TEXT,
    tags            TEXT,
    expires         INTEGER,
    revoked         INTEGER,
    admin           INTEGER NOT NULL,
    budget_amount   INTEGER,
    budget_window   TEXT,
    budget_timezone TEXT,
    created         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entries_stay  BEFORE UPDATE ON entries  BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_keep  BEFORE DELETE ON entries  BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER calls_stay    BEFORE UPDATE ON calls    BEGIN SELECT RAISE(ABORT, 'calls are never changed'); END;
CREATE TRIGGER calls_keep    BEFORE DELETE ON calls    BEGIN SELECT RAISE(ABORT, 'calls are never deleted'); END;
CREATE TRIGGER details_stay  BEFORE UPDATE ON details  BEGIN SELECT RAISE(ABORT, 'details are never changed'); END;
CREATE TRIGGER details_keep  BEFORE DELETE ON details  BEGIN SELECT RAISE(ABORT, 'details are never deleted'); END;
CREATE TRIGGER feedback_stay BEFORE UPDATE ON feedback BEGIN SELECT RAISE(ABORT, 'verdicts are never changed'); END;
CREATE TRIGGER feedback_keep BEFORE DELETE ON feedback BEGIN SELECT RAISE(ABORT, 'verdicts are never deleted'); END;
