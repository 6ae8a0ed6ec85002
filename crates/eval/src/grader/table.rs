//! Tables: read from CSV, rows of JSON or Markdown, and compared row by row or as a multiset.

use super::said::{Judged, Said, short};
use super::values::{Sample, wanted};
use jeton_context::schema::read_json;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// The most rows of one table.
pub(crate) const ROWS_MAX: usize = 10_000;

/// The most rows without an exact partner that are matched by tolerance.
const LOOSE_ROWS_MAX: usize = 300;

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing: an empty field, `null`.
    Empty,
    Number(f64),
    Text(String),
}

impl Cell {
    /// A value written as text. Figures with a leading zero are a name (`007`), no number.
    fn of(text: &str) -> Self {
        let text = text.trim();
        let text = text.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")).or_else(|| text.strip_prefix('`')?.strip_suffix('`')).unwrap_or(text);
        let figures = text.trim_start_matches(['-', '+']);
        let is_name = figures.len() > 1 && figures.starts_with('0') && !figures.starts_with("0.");
        let is_number = figures.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !is_name;
        match text.parse::<f64>() {
            _ if text.is_empty() => Self::Empty,
            Ok(number) if number.is_finite() && is_number => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Number(number) => number.as_f64().map_or_else(|| Self::Text(number.to_string()), Self::Number),
            Value::String(text) => Self::of(text),
            other => Self::Text(other.to_string()),
        }
    }

    fn is_near(&self, other: &Self, tolerance: f64) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => (a - b).abs() <= tolerance * b.abs().max(1.0),
            (Self::Text(a), Self::Text(b)) => a == b || (matches!(&*b.to_lowercase(), "true" | "false") && a.eq_ignore_ascii_case(b)),
            (a, b) => a == b,
        }
    }

    fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// What equal cells have in common, as far as it is the same without a tolerance.
    fn key(&self) -> String {
        match self {
            Self::Text(text) if matches!(&*text.to_lowercase(), "true" | "false") => format!("t{}", text.to_lowercase()),
            Self::Text(text) => format!("t{text}"),
            // -0 is 0.
            Self::Number(number) => format!("n{}", number + 0.0),
            Self::Empty => "e".to_owned(),
        }
    }
}

/// Rows, and the names of their columns where they have any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// The rows of the answer's table are the reference's. Columns go by name where both have names, in any order. Numbers may differ by
/// `tolerance`, absolute up to 1 and relative above.
pub(crate) fn table(sample: &Sample<'_>, value: Option<&str>, ordered: bool, tolerance: f64) -> Judged {
    if !(tolerance.is_finite() && tolerance >= 0.0) {
        return Err("the tolerance is no finite number from 0 on".to_owned());
    }
    let wanted = wanted_tables(sample, value)?;
    let Some(said) = read(&sample.text) else { return Ok(Said::fail("there is no table in it")) };
    let mut first = None;
    for wanted in &wanted {
        match difference(&said, wanted, ordered, tolerance) {
            None => return Ok(Said::pass(format!("the {} rows are the same", wanted.rows.len()))),
            Some(found) => first = first.or(Some(found)),
        }
    }
    let (at, why) = first.unwrap_or_default();
    Ok(Said::fail(why).at(at))
}

/// A reference that is a list of rows is one table, not several of which one is right.
fn wanted_tables(sample: &Sample<'_>, value: Option<&str>) -> Result<Vec<Table>, String> {
    if let (None, Some(rows @ Value::Array(items))) = (value, &sample.case.reference)
        && items.iter().any(|item| !item.is_string())
    {
        return of_json(rows).map(|table| vec![table]).ok_or_else(|| "the reference is no table".to_owned());
    }
    wanted(value, sample.case)?.iter().map(|text| read(text).ok_or_else(|| "the reference is no table".to_owned())).collect()
}

/// Where two tables differ first, as row and column from 1, and how.
pub(crate) fn difference(said: &Table, wanted: &Table, ordered: bool, tolerance: f64) -> Option<(String, String)> {
    let said = match aligned(said, wanted) {
        Ok(rows) => rows,
        Err(why) => return Some((String::new(), why)),
    };
    if said.len() != wanted.rows.len() {
        return Some((String::new(), format!("it has {} rows, and {} are wanted", said.len(), wanted.rows.len())));
    }
    if !ordered {
        return unmatched(&said, &wanted.rows, tolerance);
    }
    said.iter().zip(&wanted.rows).enumerate().find_map(|(row, (said, wanted))| {
        let column = (0..said.len().max(wanted.len())).find(|&at| !said.get(at).zip(wanted.get(at)).is_some_and(|(a, b)| a.is_near(b, tolerance)))?;
        let shown = |cell: Option<&Cell>| cell.map_or_else(|| "nothing".to_owned(), |cell| short(&cell.shown()));
        Some((format!("{}:{}", row + 1, column + 1), format!("it is {}, and {} is wanted", shown(said.get(column).copied()), shown(wanted.get(column)))))
    })
}

/// The rows of a table with their columns in the order of another's.
fn aligned<'t>(said: &'t Table, wanted: &Table) -> Result<Vec<Vec<&'t Cell>>, String> {
    let plain = || said.rows.iter().map(|row| row.iter().collect::<Vec<_>>());
    let Some(names) = &wanted.columns else { return Ok(plain().collect()) };
    let Some(has) = &said.columns else {
        // A list of lists may have the names as its first row.
        let is_head = said.rows.first().is_some_and(|row| row.iter().map(Cell::shown).eq(names.iter().map(|name| Cow::Borrowed(name.as_str()))));
        return Ok(plain().skip(usize::from(is_head)).collect());
    };
    if has.len() != names.len() {
        return Err(format!("it has {} columns, and {} are wanted", has.len(), names.len()));
    }
    let place = |name: &String| has.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| format!("there is no column {}", short(name)));
    let order = names.iter().map(place).collect::<Result<Vec<usize>, String>>()?;
    Ok(said.rows.iter().map(|row| order.iter().map(|&at| row.get(at).unwrap_or(&Cell::Empty)).collect()).collect())
}

/// A row without a partner, where not all have one. Equal rows are paired first; the rest by tolerance, as a matching in a bipartite graph
/// (augmenting paths: Kuhn, "The Hungarian method for the assignment problem", 1955), since the nearest partner may be another row's only one.
fn unmatched(said: &[Vec<&Cell>], wanted: &[Vec<Cell>], tolerance: f64) -> Option<(String, String)> {
    let key = |row: &mut dyn Iterator<Item = &Cell>| row.map(Cell::key).collect::<Vec<_>>().join("\u{1f}");
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in wanted.iter().enumerate() {
        open.entry(key(&mut row.iter())).or_default().push(at);
    }
    let loose: Vec<usize> = (0..said.len()).filter(|&at| open.get_mut(&key(&mut said[at].iter().copied())).and_then(Vec::pop).is_none()).collect();
    let rest: Vec<usize> = open.into_values().flatten().collect();
    let is_near = |a: usize, b: usize| {
        let (a, b) = (&said[loose[a]], &wanted[rest[b]]);
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_near(b, tolerance))
    };
    let alone = if tolerance > 0.0 && loose.len() <= LOOSE_ROWS_MAX { matching(loose.len(), rest.len(), is_near).1 } else { loose.first().map(|_| 0) };
    alone.map(|at| {
        let row = loose[at];
        let shown: Vec<Cow<'_, str>> = said[row].iter().map(|cell| cell.shown()).collect();
        ((row + 1).to_string(), format!("the row {} is not wanted (or not so often)", short(&shown.join(", "))))
    })
}

/// How many on the left can have a partner of their own on the right, and the first that has none.
pub(crate) fn matching(left: usize, right: usize, fits: impl Fn(usize, usize) -> bool) -> (usize, Option<usize>) {
    let mut partner: Vec<Option<usize>> = vec![None; right];
    let (mut size, mut alone) = (0, None);
    for at in 0..left {
        if augment(at, &fits, &mut partner, &mut vec![false; right]) {
            size += 1;
        } else {
            alone = alone.or(Some(at));
        }
    }
    (size, alone)
}

fn augment(at: usize, fits: &impl Fn(usize, usize) -> bool, partner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for other in 0..partner.len() {
        if seen[other] || !fits(at, other) {
            continue;
        }
        seen[other] = true;
        if partner[other].is_none_or(|taken| augment(taken, fits, partner, seen)) {
            partner[other] = Some(at);
            return true;
        }
    }
    false
}

/// The table of a text: rows of JSON, a Markdown table wherever it stands, the only fenced block or the whole text as CSV.
pub(crate) fn read(text: &str) -> Option<Table> {
    if let Ok(value) = read_json(text)
        && (value.is_array() || value.is_object())
    {
        return of_json(&value);
    }
    if let Some(table) = markdown(text) {
        return Some(table);
    }
    let inside = fenced(text).unwrap_or(text).trim();
    match read_json(inside) {
        Ok(value @ Value::Array(_)) => of_json(&value),
        _ => csv(inside),
    }
}

/// What stands in the first fence.
fn fenced(text: &str) -> Option<&str> {
    let after = &text[text.find("```")? + 3..];
    let body = &after[after.find('\n')? + 1..];
    Some(&body[..body.find("```")?])
}

/// Rows of JSON: objects by the names of their members, or lists.
fn of_json(value: &Value) -> Option<Table> {
    let items = value.as_array()?;
    if items.len() > ROWS_MAX {
        return None;
    }
    if items.iter().all(Value::is_array) {
        let row = |item: &Value| item.as_array().map_or_else(Vec::new, |cells| cells.iter().map(Cell::of_json).collect());
        return Some(Table { columns: None, rows: items.iter().map(row).collect() });
    }
    let mut columns: Vec<String> = Vec::new();
    for key in items.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    let row = |item: &Value| {
        let map = item.as_object()?;
        Some(columns.iter().map(|name| map.get(name).map_or(Cell::Empty, Cell::of_json)).collect())
    };
    let rows = items.iter().map(row).collect::<Option<Vec<_>>>()?;
    Some(Table { columns: Some(columns), rows })
}

/// The first table of a Markdown text: a row, a row of dashes, rows.
fn markdown(text: &str) -> Option<Table> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.contains('-') && line.contains('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'));
    let head = lines.windows(2).position(|pair| pair[0].contains('|') && is_rule(pair[1]))?;
    let rows: Vec<&&str> = lines[head + 2..].iter().take_while(|line| line.contains('|')).collect();
    if rows.len() > ROWS_MAX {
        return None;
    }
    Some(Table { columns: Some(fields(lines[head])), rows: rows.into_iter().map(|line| fields(line).iter().map(|field| Cell::of(field)).collect()).collect() })
}

/// The fields of a line of a Markdown table; `\|` is a bar within one.
fn fields(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = if line.ends_with("\\|") { line } else { line.strip_suffix('|').unwrap_or(line) };
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'|') => field.extend(characters.next()),
            '|' => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields.into_iter().map(|field| field.trim().to_owned()).collect()
}

/// CSV after RFC 4180 with its first line as names; parted by the comma, semicolon or tab that the first line has most of.
fn csv(text: &str) -> Option<Table> {
    let first = text.lines().next().filter(|line| !line.trim().is_empty())?;
    let count = |mark: char| first.matches(mark).count();
    let mark = [',', ';', '\t'].into_iter().rev().max_by_key(|mark| count(*mark))?;
    let mut records: Vec<Vec<String>> = Vec::new();
    let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => (quoted, field) = (true, String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other if other == mark && !quoted => record.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
        if records.len() > ROWS_MAX {
            return None;
        }
    }
    record.push(field);
    records.push(record);
    let mut rows = records.into_iter().filter(|record| record.len() > 1 || !record[0].trim().is_empty());
    let columns = rows.next()?.iter().map(|name| name.trim().to_owned()).collect();
    let rows = rows.map(|record| record.iter().map(|field| Cell::of(field)).collect()).collect();
    (!quoted).then_some(Table { columns: Some(columns), rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Criterion;
    use crate::grader::testing::{fails, grade_of, passes, unscored};
    use proptest::prelude::*;

    fn by(ordered: bool, tolerance: f64) -> Criterion {
        Criterion::Table { value: None, ordered, tolerance }
    }

    const CSV: &str = "item,price\nlamp,40\n\"chair, oak\",99.5\n";

    #[test]
    fn one_table_in_any_form() {
        for answer in [
            CSV,
            "price;item\n40;lamp\n99.5;\"chair, oak\"",
            "Here:\n```csv\nitem,price\nlamp,40.0\n\"chair, oak\",99.50\n```\nDone.",
            "| Item | Price |\n|---|--:|\n| lamp | 40 |\n| `chair, oak` | **99.5** |\n",
            "[{\"item\": \"lamp\", \"price\": 40}, {\"price\": 99.5, \"item\": \"chair, oak\"}]",
            "[[\"lamp\", 40], [\"chair, oak\", \"99.5\"]]",
            "[[\"item\", \"price\"], [\"lamp\", 40], [\"chair, oak\", 99.5]]",
        ] {
            passes(&by(true, 0.0), CSV, answer);
        }
        for answer in ["", "no table", "item,price\nlamp,40\n", "item,cost\nlamp,40\nchair,99.5", "[{\"item\": \"lamp\"}]", "{\"a\": 1}", "item,price\n\"lamp"]
        {
            fails(&by(true, 0.0), CSV, answer);
        }
        unscored(&by(true, f64::NAN), CSV, CSV);
        assert_eq!(read("| a | b |\n|---|---|\n| x \\| y | 007 |").unwrap().rows, [[Cell::Text("x | y".into()), Cell::Text("007".into())]]);
    }

    #[test]
    fn order_and_tolerance() {
        let turned = "item,price\n\"chair, oak\",99.5\nlamp,40\n";
        passes(&by(false, 0.0), CSV, turned);
        assert_eq!(grade_of(&by(true, 0.0), CSV, turned).at.as_deref(), Some("1:1"));
        fails(&by(false, 0.0), "a\n1\n1\n2\n", "a\n1\n2\n2\n");
        fails(&by(false, 0.0), "a\n1\n", "a\n1.001\n");
        passes(&by(false, 0.01), "a\n1\n100\n", "a\n100.9\n1.005\n");
        // The nearest row of the first is the only one of the second.
        passes(&by(false, 0.15), "a\n1.0\n1.2\n", "a\n1.1\n1.3\n");
        fails(&by(false, 0.05), "a\n1.0\n1.2\n", "a\n1.1\n1.3\n");
        passes(&by(false, 0.0), "a,b\ntrue,\n", "[{\"a\": true, \"b\": null}]");
    }

    proptest! {
        #[test]
        fn a_table_is_itself_in_any_order(cells in prop::collection::vec((0..9_u8, "[a-c]{0,2}"), 1..12), turn in any::<prop::sample::Index>()) {
            let csv = |rows: &[(u8, String)]| rows.iter().fold("n,t\n".to_owned(), |text, (n, t)| text + &format!("{n},{t}\n"));
            let mut turned = cells.clone();
            turned.rotate_left(turn.index(cells.len()));
            prop_assert!(difference(&read(&csv(&turned)).unwrap(), &read(&csv(&cells)).unwrap(), false, 0.0).is_none());
        }

        #[test]
        fn any_text_is_read(text in "[|,;\\-\"`\\n a{}\\[\\]:0-9]{0,80}") {
            drop(read(&text));
        }
    }
}
