//! What the context states as key and value: lines, tables, JSON, lists, plain statements.

use crate::local::material::Source;
use crate::local::tables::{plain, tables};
use jeton_text::{UnitKind, terms, units};
use serde_json::Value;
use std::ops::Range;

/// A value as the context gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    /// Words.
    Text(String),
    /// A JSON value.
    Json(Value),
    /// The items of a list.
    List(Vec<String>),
}

/// Where something stands: the place in the list of sources, and the bytes of that source's text.
pub(crate) type Place = (usize, Range<usize>);

/// Something said of something.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// Terms of what is named.
    pub(crate) key: Vec<String>,
    /// Terms of what it belongs to: headings, the row's name, the path above in JSON.
    pub(crate) subject: Vec<String>,
    pub(crate) given: Given,
    pub(crate) place: Place,
    /// How surely this is key and value, in (0, 1].
    pub(crate) strength: f64,
}

/// Rows of the same columns.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) columns: Vec<Vec<String>>,
    pub(crate) rows: Vec<Vec<Option<Given>>>,
    /// Where the row stands, for each row.
    pub(crate) places: Vec<Place>,
}

/// All that the context states.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) facts: Vec<Fact>,
    pub(crate) grids: Vec<Grid>,
}

/// A statement in prose is a weaker sign than a line that is made of key and value.
const STATEMENT: f64 = 0.85;
/// A list under a heading may be about something else.
const LISTED: f64 = 0.9;
/// How many openings of brackets that are no JSON are tried, so that a text of brackets costs no quadratic time.
const JSON_ATTEMPTS: usize = 64;
/// How many occurrences of a member's name are looked at: the first is nearly always it.
const MEMBER_ATTEMPTS: usize = 8;

/// Reads all facts of the sources.
pub(crate) fn facts(sources: &[Source]) -> Facts {
    let mut all = Facts::default();
    for (source, Source { text, spans, .. }) in sources.iter().enumerate() {
        for span in spans {
            let mut reader = Reader { text: &text[span.clone()], offset: span.start, source, json: Vec::new(), all: &mut all };
            reader.read_json();
            reader.read_tables();
            reader.read_units();
        }
    }
    all
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
    source: usize,
    /// What has been read as JSON is not read again as lines.
    json: Vec<Range<usize>>,
    all: &'a mut Facts,
}

impl Reader<'_> {
    fn place(&self, range: Range<usize>) -> Place {
        (self.source, range.start + self.offset..range.end + self.offset)
    }

    fn push(&mut self, key: &str, subject: Vec<String>, given: Given, range: Range<usize>, strength: f64) {
        let key = terms(key);
        if !key.is_empty() {
            let place = self.place(range);
            self.all.facts.push(Fact { key, subject, given, place, strength });
        }
    }

    fn read_json(&mut self) {
        let (mut at, mut failures) = (0, 0);
        while let Some(open) = self.text[at..].find(['{', '[']).map(|found| found + at) {
            match json_at(&self.text[open..]) {
                Some((value, length)) if !value.as_array().is_some_and(|array| array.iter().all(|item| !item.is_object())) => {
                    self.json.push(open..open + length);
                    self.json_facts(&value, &mut Vec::new(), open..open + length, &mut open.clone());
                    at = open + length;
                }
                _ => {
                    at = open + 1;
                    failures += 1;
                }
            }
            if failures >= JSON_ATTEMPTS {
                return;
            }
        }
    }

    /// Reads the members below `value`, which lies in `whole`. Members come in the order of the text, so each is sought after the one before it,
    /// from `cursor`, and the whole is read once.
    fn json_facts(&mut self, value: &Value, path: &mut Vec<String>, whole: Range<usize>, cursor: &mut usize) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let mut inner = whole.clone();
                    if !value.is_object() {
                        let subject = path.iter().flat_map(|part| terms(part)).collect();
                        inner = self.json_member(name, value, *cursor..whole.end).unwrap_or(inner);
                        self.push(name, subject, Given::Json(value.clone()), inner.clone(), 1.0);
                        *cursor = if inner == whole { *cursor } else { inner.end };
                    }
                    path.push(name.clone());
                    self.json_facts(value, path, inner, cursor);
                    path.pop();
                }
            }
            Value::Array(items) if items.iter().all(Value::is_object) && !items.is_empty() => self.json_grid(items, whole),
            _ => {}
        }
    }

    /// Where the member lies within `range`: its name and value, word for word.
    fn json_member(&self, name: &str, value: &Value, range: Range<usize>) -> Option<Range<usize>> {
        let quoted = Value::from(name).to_string();
        let text = &self.text[range.clone()];
        text.match_indices(&quoted).take(MEMBER_ATTEMPTS).find_map(|(at, _)| {
            let rest = &text[at + quoted.len()..];
            let after = rest.trim_start().strip_prefix(':')?.trim_start();
            let (found, length) = json_at(after)?;
            let end = text.len() - after.len() + length;
            (found == *value).then_some(range.start + at..range.start + end)
        })
    }

    fn json_grid(&mut self, items: &[Value], whole: Range<usize>) {
        let mut names: Vec<&String> = Vec::new();
        for name in items.iter().filter_map(Value::as_object).flat_map(|members| members.keys()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let rows = items.iter().map(|item| names.iter().map(|name| item.get(name.as_str()).cloned().map(Given::Json)).collect()).collect();
        let place = self.place(whole);
        let columns = names.iter().map(|name| terms(name)).collect();
        self.all.grids.push(Grid { columns, rows, places: vec![place; items.len()] });
    }

    fn read_tables(&mut self) {
        for table in tables(self.text) {
            let text = |cell: &str| (!plain(cell).is_empty()).then(|| Given::Text(plain(cell).to_owned()));
            // Two columns are keys and values, whatever their header says.
            for row in table.rows.iter().filter(|row| row.cells.len() == 2) {
                if let Some(given) = text(&row.cells[1].text) {
                    self.push(plain(&row.cells[0].text), Vec::new(), given, row.range.clone(), LISTED);
                }
            }
            for row in &table.rows {
                for (column, cell) in table.columns.iter().zip(&row.cells) {
                    let named = row.cells.iter().filter(|other| other.range != cell.range).flat_map(|other| terms(&other.text)).collect();
                    if let Some(given) = text(&cell.text) {
                        self.push(column, named, given, cell.range.clone(), 1.0);
                    }
                }
            }
            if !table.columns.is_empty() {
                let rows = table.rows.iter().map(|row| (0..table.columns.len()).map(|at| row.cells.get(at).and_then(|cell| text(&cell.text))).collect());
                let grid = Grid {
                    columns: table.columns.iter().map(|column| terms(column)).collect(),
                    rows: rows.collect(),
                    places: table.rows.iter().map(|row| self.place(row.range.clone())).collect(),
                };
                self.all.grids.push(grid);
            }
        }
    }

    fn read_units(&mut self) {
        let units = units(self.text);
        let mut heading: Vec<String> = Vec::new();
        // Key and place of a heading or `Key:` line whose list may follow.
        let mut announced: Option<(String, usize)> = None;
        let mut items: Vec<(String, usize)> = Vec::new();
        for unit in &units {
            let shown = unit.text(self.text);
            if unit.kind == UnitKind::ListItem {
                items.push((plain(after_marker(shown)).to_owned(), unit.end));
            } else {
                self.list_ends(&mut announced, &mut items);
            }
            if self.json.iter().any(|range| range.start < unit.end && unit.start < range.end) {
                continue;
            }
            match unit.kind {
                UnitKind::Heading => {
                    heading = terms(shown);
                    announced = Some((shown.trim_start_matches('#').trim().to_owned(), unit.start));
                }
                UnitKind::Sentence if shown.ends_with(':') => announced = Some((plain(shown.trim_end_matches(':')).to_owned(), unit.start)),
                UnitKind::Sentence | UnitKind::ListItem | UnitKind::Code => self.lines(shown, unit.start, &heading),
                UnitKind::Table => {}
            }
        }
        self.list_ends(&mut announced, &mut items);
    }

    fn list_ends(&mut self, announced: &mut Option<(String, usize)>, items: &mut Vec<(String, usize)>) {
        if items.is_empty() {
            return;
        }
        let end = items.last().map_or(0, |(_, end)| *end);
        let list = std::mem::take(items).into_iter().map(|(text, _)| text).collect();
        if let Some((key, start)) = announced.take() {
            self.push(&key, Vec::new(), Given::List(list), start..end, LISTED);
        }
    }

    /// `key: value`, `key = value`, and statements, line by line; a hard-wrapped statement is one line.
    fn lines(&mut self, shown: &str, start: usize, heading: &[String]) {
        let mut at = start;
        let mut found = false;
        for line in shown.split_inclusive('\n') {
            let bare = line.trim();
            let begin = at + (line.len() - line.trim_start().len());
            at += line.len();
            if let Some((key, value)) = key_and_value(after_marker(bare)) {
                self.push(key, heading.to_vec(), Given::Text(value.to_owned()), begin..begin + bare.len(), 1.0);
                found = true;
            }
        }
        if !found && let Some((subject, object)) = statement(after_marker(shown)) {
            self.push(subject, heading.to_vec(), Given::Text(object.to_owned()), start..start + shown.len(), STATEMENT);
        }
    }
}

/// The JSON object or array at the beginning of the text, and its length.
fn json_at(text: &str) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    let length = values.byte_offset();
    Some((value, length))
}

fn after_marker(line: &str) -> &str {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = (digits.len() < line.len()).then(|| digits.strip_prefix(". ").or_else(|| digits.strip_prefix(") "))).flatten();
    ["- ", "* ", "+ ", "• "].iter().find_map(|marker| line.strip_prefix(marker)).or(numbered).unwrap_or(line).trim_start()
}

/// Key and value of a line, without marks of emphasis.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let colon = line.find([':', '：']).filter(|&at| line[at..].starts_with('：') || line[at + 1..].starts_with([' ', '\t', '*']));
    let (at, length) = colon.map(|at| (at, line[at..].chars().next().map_or(1, char::len_utf8))).or_else(|| line.find(" = ").map(|at| (at, 3)))?;
    let (key, value) = (plain(&line[..at]), line[at + length..].trim_start_matches('*').trim());
    let value = value.strip_prefix(['`', '"']).and_then(|inner| inner.strip_suffix(['`', '"'])).unwrap_or(value);
    let is_key = (1..=6).contains(&key.split_whitespace().count()) && key.chars().count() <= 48 && !key.contains(['.', '!', '?', ';', ',', '"']);
    (is_key && !value.is_empty()).then_some((key, value))
}

/// Subject and object of "The X is Y."
fn statement(sentence: &str) -> Option<(&str, &str)> {
    let verbs = [" is ", " are ", " was ", " were ", " equals ", " costs "];
    let (at, verb) = verbs.iter().filter_map(|verb| sentence.find(verb).map(|at| (at, *verb))).min()?;
    let mut subject = sentence[..at].trim();
    for article in ["The ", "the ", "Our ", "Your ", "Its ", "A ", "An "] {
        subject = subject.strip_prefix(article).unwrap_or(subject);
    }
    let object = sentence[at + verb.len()..].trim().trim_end_matches(['.', '!', '。']);
    // `costs` is a key of its own: "The lamp costs 4 euros" tells the cost of the lamp.
    let subject = if verb == " costs " { sentence[..at + verb.len()].trim() } else { subject };
    let pronoun = ["it", "this", "that", "they", "there", "he", "she", "we", "you", "i", "these", "those", "here", "what", "who", "which"];
    let subject = if pronoun.contains(&subject.to_lowercase().as_str()) { "" } else { subject };
    let is_subject = (1..=8).contains(&subject.split_whitespace().count()) && !subject.contains([',', ';', '?']);
    (is_subject && !object.is_empty() && !object.ends_with('?')).then_some((subject, object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::material::whole;

    fn check(text: &str, expected: &[(&str, Given, &str)]) {
        let sources = [Source { message: 0, text: text.to_owned(), spans: whole(text) }];
        let found = facts(&sources).facts;
        let shown: Vec<(String, Given, &str)> = found.into_iter().map(|fact| (fact.key.join(" "), fact.given, &text[fact.place.1])).collect();
        let expected: Vec<(String, Given, &str)> = expected.iter().map(|(key, given, place)| ((*key).to_owned(), given.clone(), *place)).collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    fn text(text: &str) -> Given {
        Given::Text(text.to_owned())
    }

    #[test]
    fn sources_of_facts() {
        check("Total: 40\n- **Tax rate:** 7%", &[("total", text("40"), "Total: 40"), ("tax rate", text("7%"), "- **Tax rate:** 7%")]);
        check("```toml\nport = 80\n```", &[("port", text("80"), "port = 80")]);
        check("The capital is Oslo.", &[("capit", text("Oslo"), "The capital is Oslo.")]);
        check("Parts:\n- nut\n- bolt", &[("part", Given::List(vec!["nut".into(), "bolt".into()]), "Parts:\n- nut\n- bolt")]);
        check("See {\"port\": 80} now.", &[("port", Given::Json(80.into()), "\"port\": 80")]);
        let nested = "{\"a\": {\"id\": 1}, \"b\": {\"id\": 1}, \"c\": \"x\"}";
        let one = || Given::Json(1.into());
        check(nested, &[("id", one(), "\"id\": 1"), ("id", one(), "\"id\": 1"), ("c", Given::Json("x".into()), "\"c\": \"x\"")]);
        check("| Plan | Seats |\n|--|--|\n| Pro | 5 |", &[("pro", text("5"), "Pro | 5"), ("plan", text("Pro"), "Pro"), ("seat", text("5"), "5")]);
        check("https://example.org and more", &[]);
    }

    #[test]
    fn rows_of_json_are_a_grid() {
        let text = "[{\"a\": 1}, {\"a\": 2, \"b\": 3}]";
        let grids = facts(&[Source { message: 0, text: text.to_owned(), spans: whole(text) }]).grids;
        assert_eq!(grids[0].columns, [["a"], ["b"]]);
        assert_eq!(grids[0].rows, [[Some(Given::Json(1.into())), None], [Some(Given::Json(2.into())), Some(Given::Json(3.into()))]]);
    }
}
