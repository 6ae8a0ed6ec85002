//! Quotations: each passage that an answer quotes must stand in its source, word for word.

use super::material::{Material, Missing};
use super::said::{Judged, Said, short};
use super::text::ratio;
use super::values::Sample;
use std::borrow::Cow;

/// The most passages of one answer that are looked up.
const PASSAGES_MAX: usize = 1000;

/// Where passages may come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The context that the call was given.
    Context,
    /// A file or unit by the names under which an answer may cite it, with its folded text.
    Text { names: Vec<String>, text: String },
}

/// The sources that a grader names: `context`, ids of units (with `*` for any run of characters), files from the suite's directory. None named:
/// the context.
pub(crate) fn sources(named: &[String], material: &Material<'_>) -> Result<Vec<Source>, Missing> {
    if named.is_empty() {
        return Ok(vec![Source::Context]);
    }
    let mut sources = Vec::new();
    for name in named {
        if name == "context" {
            sources.push(Source::Context);
            continue;
        }
        let units = material.units(name);
        let of_unit = |unit: &jeton_context::Unit| Source::Text {
            names: vec![unit.id.clone(), unit.place.path.to_string()],
            text: folded(&material.text_of(unit)).into_owned(),
        };
        sources.extend(units.iter().map(|unit| of_unit(unit)));
        if !units.is_empty() {
            continue;
        }
        let text = material.text(name).map_err(|missing| match missing.code {
            "unreadable-file" => Missing::new(
                "unknown-source",
                format!("`{name}` is neither a unit nor a file that can be read"),
                "`jeton context list` shows the ids of units.",
            ),
            _ => missing,
        })?;
        sources.push(Source::Text { names: vec![name.clone()], text: folded(&text).into_owned() });
    }
    Ok(sources)
}

/// Every passage of at least `min_words` words between quotation marks, or quoted as a block, stands in a source; and there are `at_least` so
/// many. A passage that names its source behind it, in brackets, must stand in that one.
///
/// Blanks are folded, typographic marks are taken as plain ones, emphasis and a mark of punctuation at the end are passed over, and `…` or
/// `[…]` leaves words out.
pub(crate) fn quotation(sample: &Sample<'_>, sources: &[Source], at_least: u32, min_words: u32) -> Judged {
    let passages: Vec<Passage> = passages(&sample.text).into_iter().filter(|passage| passage.words() >= min_words as usize).collect();
    if passages.len() > PASSAGES_MAX {
        return Err(format!("it quotes more than {PASSAGES_MAX} passages"));
    }
    if passages.len() < at_least as usize {
        return Ok(Said::fail(format!("it quotes {} passages of {min_words} words or more, and at least {at_least} are asked", passages.len())));
    }
    let needs_context = !passages.is_empty() && sources.iter().any(|source| matches!(source, Source::Context));
    if needs_context && sample.context.is_none() && sources.len() == 1 {
        return Err("no context is known for this answer, so that quotations cannot be looked up".to_owned());
    }
    let context = if needs_context { folded(sample.context.unwrap_or_default()) } else { Cow::Borrowed("") };
    let faults: Vec<(&Passage, String)> = passages.iter().filter_map(|passage| Some((passage, fault(passage, sources, &context)?))).collect();
    let share = ratio(passages.len() - faults.len(), passages.len());
    Ok(match faults.first() {
        None => Said::pass(format!("{} quoted passages stand in their sources", passages.len())),
        Some((passage, why)) => Said::fail(why.clone()).at(passage.at.to_string()).partly(share),
    })
}

/// What is wrong with a passage.
fn fault(passage: &Passage, sources: &[Source], context: &str) -> Option<String> {
    let text_of = |source: &'_ Source| -> String {
        match source {
            Source::Context => String::new(),
            Source::Text { names, .. } => names[0].clone(),
        }
    };
    let stands = |source: &Source| match source {
        Source::Context => passage.stands_in(context),
        Source::Text { text, .. } => passage.stands_in(text),
    };
    let cited: Vec<&Source> = sources.iter().filter(|source| passage.cites(source)).collect();
    if let Some(first) = cited.first() {
        return (!cited.iter().any(|source| stands(source)))
            .then(|| format!("{} does not stand in {}, which it cites", short(&passage.text), short(&text_of(first))));
    }
    (!sources.iter().any(stands)).then(|| format!("{} stands in no source", short(&passage.text)))
}

/// Something quoted.
#[derive(Debug, PartialEq)]
struct Passage {
    /// Its folded text.
    text: String,
    /// Where it begins in the answer, in bytes.
    at: usize,
    /// What stands in brackets behind it.
    cited: Vec<String>,
}

impl Passage {
    fn words(&self) -> usize {
        self.text.split(' ').filter(|word| word.contains(char::is_alphanumeric)).count()
    }

    /// Whether all its parts stand in a folded text, one after the other.
    fn stands_in(&self, text: &str) -> bool {
        let mut from = 0;
        let mut parts = self.text.split("[...]").flat_map(|part| part.split("...")).map(trimmed).filter(|part| !part.is_empty()).peekable();
        parts.peek().is_some()
            && parts.all(|part| match find(&text[from..], part) {
                Some(at) => {
                    from += at + part.len();
                    true
                }
                None => false,
            })
    }

    fn cites(&self, source: &Source) -> bool {
        let Source::Text { names, .. } = source else { return false };
        let is = |cited: &str, name: &str| cited == name || name.strip_suffix(cited).is_some_and(|before| before.ends_with([':', '/', '#']));
        self.cited.iter().any(|cited| names.iter().any(|name| is(cited, name)))
    }
}

/// A part without the punctuation that a sentence around it may bring.
fn trimmed(part: &str) -> &str {
    part.trim().trim_end_matches([',', '.', ';', ':', '!', '?']).trim_start_matches([',', ';', ':']).trim()
}

/// Where whole words of `text` are `part`.
fn find(text: &str, part: &str) -> Option<usize> {
    let is_edge = |inner: Option<char>, outer: Option<char>| !(inner.is_some_and(char::is_alphanumeric) && outer.is_some_and(char::is_alphanumeric));
    text.match_indices(part)
        .map(|(at, _)| at)
        .find(|&at| is_edge(part.chars().next(), text[..at].chars().next_back()) && is_edge(part.chars().next_back(), text[at + part.len()..].chars().next()))
}

/// A text with blanks folded, typographic marks as plain ones, and without emphasis.
fn folded(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for character in text.chars() {
        let plain = match character {
            '*' | '`' | '\u{ad}' | '\u{200b}' | '\u{feff}' => continue,
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '«' | '»' => '"',
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' => '\'',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2026}' => {
                out.push_str("...");
                blank = false;
                continue;
            }
            other if other.is_whitespace() => ' ',
            other => other,
        };
        if plain != ' ' || !blank {
            out.push(plain);
        }
        blank = plain == ' ';
    }
    out.truncate(out.trim_end().len());
    Cow::Owned(out)
}

/// The passages of an answer, in order; those in blocks of code are none.
fn passages(text: &str) -> Vec<Passage> {
    let mut found = Vec::new();
    let (mut at, mut is_code) = (0, false);
    let mut paragraph: Option<(usize, usize)> = None;
    let mut block: Option<(usize, String)> = None;
    for line in text.split_inclusive('\n') {
        let (start, body) = (at, line.trim());
        at += line.len();
        let is_fence = body.starts_with("```") || body.starts_with("~~~");
        let quoted = body.strip_prefix('>').filter(|_| !is_code && !is_fence);
        if is_fence || is_code || quoted.is_some() || body.is_empty() {
            marked(text, paragraph.take(), &mut found);
        } else {
            paragraph = Some((paragraph.map_or(start, |known| known.0), at));
        }
        match quoted {
            Some(inside) => {
                let (_, words) = block.get_or_insert((start, String::new()));
                words.push_str(inside.trim_start_matches('>'));
                words.push('\n');
            }
            None => found.extend(block.take().map(of_block)),
        }
        is_code ^= is_fence;
    }
    marked(text, paragraph, &mut found);
    found.extend(block.map(of_block));
    found
}

/// A quoted block; marks around all of it are no part of it.
fn of_block((at, words): (usize, String)) -> Passage {
    let words = words.trim();
    let inside = words.strip_prefix(['"', '\u{201c}', '«', '\u{201e}']).and_then(|rest| rest.strip_suffix(['"', '\u{201d}', '»', '\u{201c}']));
    Passage { text: folded(inside.unwrap_or(words)).into_owned(), at, cited: Vec::new() }
}

/// The passages between marks within a paragraph. A mark that is never closed quotes nothing.
fn marked(text: &str, paragraph: Option<(usize, usize)>, found: &mut Vec<Passage>) {
    let Some((start, end)) = paragraph else { return };
    let mut at = start;
    while let Some((offset, open)) = text[at..end].char_indices().find(|(_, c)| closers(*c).is_some()) {
        let from = at + offset + open.len_utf8();
        let closed = closers(open).and_then(|closers| text[from..end].char_indices().find(|(_, c)| closers.contains(c)));
        let Some((length, close)) = closed else {
            at = from;
            // No other mark of this kind can close either, and looking on for each of them would take the square of the time.
            if open == '"' {
                return;
            }
            continue;
        };
        let after = from + length + close.len_utf8();
        found.push(Passage { text: folded(&text[from..from + length]).into_owned(), at: from, cited: cited(&text[after..end]) });
        at = after;
    }
}

const fn closers(open: char) -> Option<&'static [char]> {
    match open {
        '"' => Some(&['"']),
        '\u{201c}' => Some(&['\u{201d}']),
        '\u{201e}' => Some(&['\u{201c}', '\u{201d}']),
        '«' => Some(&['»']),
        '»' => Some(&['«']),
        _ => None,
    }
}

/// What stands in brackets right behind a passage: `[doc:refunds]`, `(docs/refunds.md)`, `[refunds](docs/refunds.md)`.
fn cited(after: &str) -> Vec<String> {
    const CHARACTERS_MAX: usize = 200;
    let mut cited = Vec::new();
    let mut rest = after.trim_start_matches([' ', ',', '.', '-', '\u{2014}']);
    while let Some(inside) = rest.strip_prefix(['[', '(']) {
        let Some(end) = inside.char_indices().take(CHARACTERS_MAX).find(|(_, c)| matches!(c, ']' | ')')).map(|(end, _)| end) else { break };
        let name = inside[..end].trim().trim_matches('`');
        let name = ["source:", "Source:", "see "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name);
        cited.push(name.trim().to_owned());
        rest = &inside[end + 1..];
    }
    cited
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Criterion;
    use crate::grader::testing::Trial;
    use crate::testing::{Folder, answer};
    use proptest::prelude::*;

    const CONTEXT: &str = "Refunds are paid within **30 days** of the return.\nWe don\u{2019}t refund gift cards \u{2014} they are final.";

    fn found(text: &str) -> Vec<String> {
        passages(text).into_iter().map(|passage| passage.text).collect()
    }

    #[test]
    fn passages_are_found() {
        assert_eq!(
            found("He said \u{201c}one two\u{201d} and \"three  four\", «five» »six« \u{201e}seven\u{201c}."),
            ["one two", "three four", "five", "six", "seven"]
        );
        assert_eq!(found("> a block\n> of two lines\n\ntext \"x"), ["a block of two lines"]);
        assert_eq!(found("```\nlet a = \"no quote\";\n```\n> \u{201c}all\u{201d}"), ["all"]);
        assert_eq!(found("open \"one\n\nother\" paragraph"), Vec::<String>::new());
        assert_eq!(passages("\"x y\" [doc:a] and \"z\" (`b.md`)").into_iter().flat_map(|passage| passage.cited).collect::<Vec<_>>(), ["doc:a", "b.md"]);
    }

    #[test]
    fn they_stand_in_the_context_or_not() {
        let by = Criterion::Quotation { sources: Vec::new(), at_least: 1, min_words: 3 };
        let check = |text: &str, is_met: bool| {
            let grade = Trial::new(&by).context(CONTEXT).answer(&answer(text));
            assert_eq!(grade.verdict == crate::Verdict::Pass, is_met, "{text}: {}", grade.why);
        };
        check("It says \u{201c}paid within 30 days of the return.\u{201d}", true);
        check("It says \"We don't refund gift cards - they are final\".", true);
        check("> Refunds are paid\n> within 30 days", true);
        check("\"Refunds are paid … of the return\" and \"Refunds [...] are final\"", true);
        check("\"of the return ... Refunds are paid\"", false);
        check("\"paid within 60 days\"", false);
        check("\"efunds are paid within\"", false);
        check("\"two words\"", false);
        check("", false);
        check("No quotation at all.", false);
        let unknown = Trial::new(&by).answer(&answer("\"paid within 30 days\""));
        assert_eq!(unknown.verdict, crate::Verdict::Unscored);
    }

    #[test]
    fn a_cited_source_must_be_the_right_one() {
        let folder = Folder::new(&[("evals/a.md", "The lamp costs 40 euros."), ("evals/b.md", "The chair costs 99 euros.")]);
        let by = Criterion::Quotation { sources: vec!["a.md".into(), "b.md".into()], at_least: 1, min_words: 2 };
        let check = |text: &str, is_met: bool| {
            let grade = Trial::new(&by).within(folder.path(), &folder.path().join("evals")).answer(&answer(text));
            assert_eq!(grade.verdict == crate::Verdict::Pass, is_met, "{text}: {}", grade.why);
        };
        check("\"The lamp costs 40 euros\" [a.md]", true);
        check("\"The lamp costs 40 euros\" (source: b.md)", false);
        check("\"The lamp costs 40 euros\" [1]", true);
        check("\"The lamp costs 41 euros\" [a.md]", false);
    }

    proptest! {
        #[test]
        fn any_text_has_passages(text in "[a \\n>\"\u{201c}\u{201d}«»`\\[\\]().…é]{0,80}") {
            for passage in passages(&text) {
                prop_assert!(text.is_char_boundary(passage.at));
                passage.stands_in(&folded(&text));
            }
        }
    }
}
