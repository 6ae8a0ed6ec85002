//! SQL: the answer's query and the reference's, run on the same small database in memory.

use super::ready::Means;
use super::said::{Judged, Said};
use super::table::{Cell, ROWS_MAX, Table, difference};
use super::values::{Sample, fill, wanted};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, ErrorCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Steps of SQLite's machine after which a statement is ended: about a second. Steps, not time, so that a busy computer changes no verdict.
const STEPS_MAX: u64 = 20_000_000;
/// Between two looks at the count.
const STEPS_A_LOOK: i32 = 10_000;
/// The largest text, blob or row, in bytes. With the steps it bounds what a statement can pile up.
const VALUE_BYTES_MAX: i32 = 1 << 20;
/// The longest statement, in bytes.
const STATEMENT_BYTES_MAX: i32 = 1 << 20;
/// The most bytes of one result.
const RESULT_BYTES_MAX: usize = 8 << 20;
/// Numbers of two results are equal within this, absolute up to 1 and relative above: sums in another order differ by less.
const TOLERANCE: f64 = 1e-9;

/// Why a statement gave no result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The statement is at fault: it cannot be read, does more than read, or takes too much.
    Statement(String),
    /// The database could not go on.
    Database(String),
}

impl Stop {
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Statement(why) | Self::Database(why) => why,
        }
    }
}

/// The file that `setup` names, where it is the name of one instead of statements.
pub(crate) fn file_of(setup: &str) -> Option<&str> {
    let name = setup.trim();
    (name.ends_with(".sql") && !name.contains(['\n', ';', '{'])).then_some(name)
}

/// Both queries have the same result: names of columns apart, `ordered` with their order.
pub(crate) async fn sql(sample: &Sample<'_>, value: Option<&str>, setup: &str, ordered: bool, means: &Means<'_>) -> Judged {
    let wanted: Vec<String> = wanted(value, sample.case)?.iter().map(|text| statement(text).to_owned()).collect();
    let query = statement(&sample.text).to_owned();
    if query.is_empty() {
        return Ok(Said::fail("there is no statement in it"));
    }
    let database = match means {
        Means::Database(database) => Arc::clone(database),
        _ => Arc::new(Mutex::new(open(&fill(setup, sample.case)?).map_err(|why| format!("`setup` fails: {why}"))?)),
    };
    let compared = tokio::task::spawn_blocking(move || compare(&database, &query, &wanted, ordered));
    compared.await.unwrap_or_else(|error| Err(format!("the database broke: {error}")))
}

fn compare(database: &Mutex<Connection>, query: &str, wanted: &[String], ordered: bool) -> Judged {
    let database = database.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted: Vec<Table> = wanted
        .iter()
        .map(|query| run(&database, query).map_err(|stop| format!("the reference's statement fails: {}", stop.why())))
        .collect::<Result<_, String>>()?;
    let said = match run(&database, query) {
        Ok(said) => said,
        Err(Stop::Statement(why)) => return Ok(Said::fail(why)),
        Err(Stop::Database(why)) => return Err(why),
    };
    let mut first = None;
    for wanted in &wanted {
        match difference(&said, wanted, ordered, TOLERANCE) {
            None => return Ok(Said::pass(format!("the {} rows are the same", wanted.rows.len()))),
            Some(found) => first = first.or(Some(found)),
        }
    }
    let (at, why) = first.unwrap_or_default();
    Ok(Said::fail(why).at(at))
}

/// The statement of an answer: what stands in its first fence, else all of it.
fn statement(text: &str) -> &str {
    let Some(fence) = text.find("```") else { return text.trim() };
    let after = &text[fence + 3..];
    let body = after.find('\n').map_or(after, |line| &after[line + 1..]);
    body.find("```").map_or(body, |end| &body[..end]).trim()
}

/// A database in memory after its setup, from then on only to be read. No file, no other database, no extension is ever opened.
pub(crate) fn open(setup: &str) -> Result<Connection, String> {
    let database = Connection::open_in_memory().map_err(|error| error.to_string())?;
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES_MAX),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    for (limit, value) in limits {
        database.set_limit(limit, value).map_err(|error| error.to_string())?;
    }
    database.authorizer(Some(|context: AuthContext<'_>| if builds(&context.action) { Authorization::Allow } else { Authorization::Deny }));
    let steps = count_steps(&database);
    let made = database.execute_batch(setup).map_err(|error| told(&error, &steps));
    database.authorizer(Some(|context: AuthContext<'_>| if reads(&context.action) { Authorization::Allow } else { Authorization::Deny }));
    made.map(|()| database).map_err(|stop| stop.why().to_owned())
}

/// What a setup may do: all that stays within the one database.
fn builds(action: &AuthAction<'_>) -> bool {
    !matches!(
        action,
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } | AuthAction::CreateVtable { .. } | AuthAction::Unknown { .. }
    ) && is_harmless(action)
}

/// What a query may do.
fn reads(action: &AuthAction<'_>) -> bool {
    matches!(action, AuthAction::Select | AuthAction::Read { .. } | AuthAction::Function { .. } | AuthAction::Recursive) && is_harmless(action)
}

/// Functions that reach beyond the database, or give another result each time.
fn is_harmless(action: &AuthAction<'_>) -> bool {
    const REFUSED: [&str; 5] = ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"];
    !matches!(action, AuthAction::Function { function_name } if REFUSED.contains(&function_name.to_lowercase().as_str()))
}

/// Ends every statement after [`STEPS_MAX`]; the count is set back before each.
fn count_steps(database: &Connection) -> Arc<AtomicU64> {
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    let look = u64::from(STEPS_A_LOOK.unsigned_abs());
    database.progress_handler(STEPS_A_LOOK, Some(move || counted.fetch_add(look, Ordering::Relaxed) >= STEPS_MAX));
    steps
}

/// The result of one statement that only reads.
pub(crate) fn run(database: &Connection, query: &str) -> Result<Table, Stop> {
    let steps = count_steps(database);
    let told = |error: rusqlite::Error| told(&error, &steps);
    let mut batch = Batch::new(database, query);
    let mut statement = batch.next().map_err(told)?.ok_or_else(|| Stop::Statement("there is no statement in it".to_owned()))?;
    if batch.next().map_err(told)?.is_some() {
        return Err(Stop::Statement("it has more than one statement".to_owned()));
    }
    let count = statement.column_count();
    let (mut table, mut bytes) = (Table::default(), 0_usize);
    let mut rows = statement.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let cells = (0..count).map(|at| row.get_ref(at).map(cell)).collect::<Result<Vec<Cell>, _>>().map_err(told)?;
        bytes += cells.iter().map(|cell| if let Cell::Text(text) = cell { text.len() } else { 8 }).sum::<usize>();
        table.rows.push(cells);
        if table.rows.len() > ROWS_MAX || bytes > RESULT_BYTES_MAX {
            return Err(Stop::Statement(format!("its result has more than {ROWS_MAX} rows, or more than 8 MiB")));
        }
    }
    Ok(table)
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Empty,
        #[allow(clippy::cast_precision_loss)] // Compared as SQLite's own REAL would be.
        ValueRef::Integer(number) if number.abs() < 1 << 53 => Cell::Number(number as f64),
        ValueRef::Integer(number) => Cell::Text(number.to_string()),
        ValueRef::Real(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

fn told(error: &rusqlite::Error, steps: &AtomicU64) -> Stop {
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::OperationInterrupted) if steps.load(Ordering::Relaxed) >= STEPS_MAX => Stop::Statement("it takes too many steps".to_owned()),
        Some(ErrorCode::AuthorizationForStatementDenied) => Stop::Statement("it does what is not allowed here: only reading is".to_owned()),
        Some(
            ErrorCode::OutOfMemory
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked,
        ) => Stop::Database(format!("the database could not go on: {error}")),
        _ => Stop::Statement(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Criterion;
    use crate::grader::testing::{fails, grade_of, passes, unscored};

    const SETUP: &str = "CREATE TABLE item (name TEXT, price REAL, id INTEGER);
        INSERT INTO item VALUES ('lamp', 40, 1), ('chair', 99.5, 2), ('desk', NULL, 3);";

    fn by(ordered: bool) -> Criterion {
        Criterion::Sql { value: None, setup: SETUP.to_owned(), ordered }
    }

    #[test]
    fn results_are_compared_not_words() {
        let reference = "SELECT name, price FROM item ORDER BY price DESC";
        passes(&by(true), reference, "```sql\nselect i.name as n, i.price from item i order by 2 desc;\n```");
        passes(&by(false), reference, "SELECT name, price FROM item");
        fails(&by(true), reference, "SELECT name, price FROM item ORDER BY name");
        fails(&by(true), reference, "SELECT name FROM item ORDER BY price DESC");
        fails(&by(true), reference, "SELECT name, price FROM item WHERE id < 3 ORDER BY price DESC");
        passes(&by(true), "SELECT 0.1 + 0.2", "SELECT 0.3");
        passes(&by(true), "SELECT count(*) FROM item", "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SELECT max(x) FROM n");
        unscored(&by(true), "SELECT nothing FROM item", "SELECT 1");
    }

    #[test]
    fn nothing_but_reading_is_done() {
        let check = |query: &str, word: &str| {
            let grade = grade_of(&by(false), "SELECT 1", query);
            assert_eq!(grade.verdict, crate::Verdict::Fail, "{query}: {grade:?}");
            assert!(grade.why.contains(word), "{query}: {}", grade.why);
        };
        check("", "no statement");
        check("I cannot say.", "syntax error");
        check("ATTACH DATABASE 'other.db' AS x", "only reading");
        check("DELETE FROM item", "only reading");
        check("INSERT INTO item VALUES ('x', 1, 9) RETURNING id", "only reading");
        check("PRAGMA table_info(item)", "only reading");
        check("SELECT * FROM pragma_database_list", "only reading");
        check("VACUUM INTO 'x.db'", "");
        check("SELECT load_extension('x')", "");
        check("SELECT 1; DROP TABLE item", "");
        check("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", "more than 10000 rows");
        check("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n", "too many steps");
        check("SELECT zeroblob(100000000)", "too big");
        assert!(open("ATTACH DATABASE 'x.db' AS x").is_err() && open("CREATE TABLE").is_err());
        unscored(&Criterion::Sql { value: None, setup: "nonsense".to_owned(), ordered: false }, "SELECT 1", "SELECT 1");
    }
}
