//! CSV as RFC 4180 has it: fields in quotes may hold separators, quotes (doubled) and line ends. A first line with semicolons or tabs and
//! without commas sets the separator.

/// A record, with the lines on which it begins and ends, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its fields.
    pub fields: Vec<String>,
    /// The line on which it begins.
    pub first_line: u32,
    /// The line on which it ends.
    pub last_line: u32,
}

/// What is wrong with a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
}

/// The records of `text`, empty lines left out. Reading goes on behind a mistake, as far as that makes sense.
#[must_use]
pub fn read(text: &str) -> (Vec<Record>, Vec<Broken>) {
    let mut reader = Reader { rest: text, line: 1, separator: separator(text), broken: Vec::new() };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let record = reader.record();
        if record.fields.len() > 1 || !record.fields[0].is_empty() {
            records.push(record);
        }
    }
    (records, reader.broken)
}

/// The record as a line, with quotes where they are needed.
#[must_use]
pub fn write(fields: &[String]) -> String {
    let quoted = |field: &String| {
        let plain = !field.contains([',', ';', '\t', '"', '\n', '\r']) && field.trim() == field && !field.is_empty();
        if plain { field.clone() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

fn separator(text: &str) -> char {
    let mut is_quoted = false;
    let mut seen = Vec::new();
    for c in text.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '\n' => break,
            ',' => return ',',
            _ => seen.push(c),
        }
    }
    [';', '\t'].into_iter().find(|separator| seen.contains(separator)).unwrap_or(',')
}

struct Reader<'t> {
    rest: &'t str,
    line: u32,
    separator: char,
    broken: Vec<Broken>,
}

impl Reader<'_> {
    fn record(&mut self) -> Record {
        let first_line = self.line;
        let mut fields = Vec::new();
        loop {
            let field = if self.rest.starts_with('"') { self.quoted() } else { self.plain() };
            fields.push(field);
            if let Some(rest) = self.rest.strip_prefix(self.separator) {
                self.rest = rest;
                continue;
            }
            let last_line = self.line;
            if let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r'])) {
                self.rest = rest;
                self.line += 1;
            }
            return Record { fields, first_line, last_line };
        }
    }

    fn plain(&mut self) -> String {
        let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        field.to_owned()
    }

    fn quoted(&mut self) -> String {
        let (opened, mut field) = (self.line, String::new());
        self.rest = &self.rest[1..];
        loop {
            let Some(end) = self.rest.find('"') else {
                self.broken.push(Broken { line: opened, message: "a quote opens here and is never closed".to_owned() });
                field += self.rest;
                self.rest = "";
                return field;
            };
            field += &self.rest[..end];
            self.line += u32::try_from(self.rest[..end].matches('\n').count()).unwrap_or(u32::MAX);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    field.push('"');
                    self.rest = rest;
                }
                None => break,
            }
        }
        if !(self.rest.is_empty() || self.rest.starts_with([self.separator, '\n', '\r'])) {
            self.broken.push(Broken { line: self.line, message: "text follows a closing quote; a quote inside a field is written twice".to_owned() });
            field += &self.plain();
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&[&str]]) {
        let (records, broken) = read(text);
        let fields: Vec<Vec<&str>> = records.iter().map(|record| record.fields.iter().map(String::as_str).collect()).collect();
        assert_eq!((fields.as_slice(), broken), (expected.iter().map(|record| record.to_vec()).collect::<Vec<_>>().as_slice(), vec![]), "{text:?}");
    }

    #[test]
    fn records_and_their_fields() {
        check("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n", &[&["a", "b"], &["1", "x, \"y\"\nz"]]);
        check("a;b\n1,5;2\n\n", &[&["a", "b"], &["1,5", "2"]]);
        check("a\tb\n\"\"\t", &[&["a", "b"], &["", ""]]);
        check("", &[]);
    }

    #[test]
    fn records_know_their_lines() {
        let (records, _) = read("a,b\n1,\"x\ny\"\n3,4\n");
        assert_eq!(records.iter().map(|record| (record.first_line, record.last_line)).collect::<Vec<_>>(), [(1, 1), (2, 3), (4, 4)]);
    }

    #[test]
    fn broken_quotes_have_lines() {
        let broken = |text: &str| read(text).1.iter().map(|broken| broken.line).collect::<Vec<_>>();
        assert_eq!(broken("a,b\n1,\"x\n2,3\n"), [2]);
        assert_eq!(broken("a,b\n\"x\"y,1\n\"z\" ,2\n"), [2, 3]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(records in proptest::collection::vec(proptest::collection::vec("[a-z,;\t\"\r\n é]{0,8}", 2..5), 1..6)) {
            // The first line sets the separator, which is a comma where it has one.
            let text: String = records.iter().map(|record| write(record)).collect();
            let (read, broken) = read(&text);
            let fields: Vec<Vec<String>> = read.into_iter().map(|record| record.fields).collect();
            prop_assert_eq!((fields, broken), (records, vec![]));
        }

        #[test]
        fn any_text_is_read(text in "[a,\"\n\r;]{0,40}") {
            let _ = super::read(&text);
        }
    }
}
