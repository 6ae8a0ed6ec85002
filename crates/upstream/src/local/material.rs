//! What was asked, and of what text: question and context found in the messages of a request.

use jeton_text::{Unit, UnitKind, units};
use jeton_wire::canonical::{Message, Part, Request, Role};
use std::ops::Range;

/// The text of one message, and which spans of it may be quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The message's place in the request; the system text of a Messages request comes first.
    pub(crate) message: usize,
    /// Its texts, joined by line breaks.
    pub(crate) text: String,
    /// The spans that are context, in order: all of it, or what lies around the question.
    pub(crate) spans: Vec<Range<usize>>,
}

/// A question and the text to answer it from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) question: String,
    pub(crate) sources: Vec<Source>,
}

/// Words that announce a question, at the beginning of a line.
const QUESTION_MARKERS: &[&str] = &["question", "user question", "query", "q", "task"];

/// Words that announce context, and so end a question.
const CONTEXT_MARKERS: &[&str] = &["context", "document", "documents", "text", "passage", "passages", "source", "sources", "answer", "a"];

/// Reads question and context from a request. The question is found in the last turn of the user that has text of its own; everything else
/// that the caller or a tool said is context. What the model said before is not: an answer must not be evidence for the next one.
pub(crate) fn material(request: &Request) -> Material {
    let asked = request.messages.iter().rposition(|message| message.role == Role::User && !own_text(message).trim().is_empty());
    let mut material = Material::default();
    for (place, message) in request.messages.iter().enumerate() {
        if message.role == Role::Assistant {
            continue;
        }
        let own = own_text(message);
        let evidence: Vec<&str> = message.parts.iter().flat_map(|piece| evidence(piece)).collect();
        let joined = [if own.is_empty() { vec![] } else { vec![own.as_str()] }, evidence].concat().join("\n");
        let mut spans = whole(&joined);
        if Some(place) == asked {
            let range = question_range(&own);
            material.question = without_marker(&own[range.clone()]).trim().to_owned();
            spans = vec![0..range.start, range.end..joined.len()];
        }
        spans.retain(|span| !joined[span.clone()].trim().is_empty());
        if !spans.is_empty() {
            material.sources.push(Source { message: place, text: joined, spans });
        }
    }
    material
}

/// The text as one span.
pub(crate) fn whole(text: &str) -> Vec<Range<usize>> {
    std::iter::once(0..text.len()).collect()
}

/// The plain text parts, joined by line breaks.
fn own_text(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|piece| if let Part::Text(text) | Part::Cited { text, .. } = &piece.part { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join("\n")
}

/// Documents and tool results, whose text is context and never holds the question.
fn evidence(part: &Part) -> Vec<&str> {
    match part {
        Part::Document { title, text } => title.iter().chain([text]).map(String::as_str).collect(),
        Part::ToolResult { content, .. } => {
            content.iter().flat_map(|piece| if let Part::Text(text) = &piece.part { vec![text.as_str()] } else { evidence(piece) }).collect()
        }
        _ => Vec::new(),
    }
}

/// Where the question lies in the user's text: after a marker (`Question:`); else the question sentences that stand together at the end of the
/// last paragraph, of the first, or of any; else the last paragraph.
pub(crate) fn question_range(text: &str) -> Range<usize> {
    if let Some(range) = marked(text) {
        return range;
    }
    let units = units(text);
    let (Some(first), Some(last)) = (units.first(), units.last()) else { return 0..text.len() };
    let is_question = |unit: &&Unit| matches!(unit.kind, UnitKind::Sentence | UnitKind::ListItem) && is_question(unit.text(text));
    let in_block = |block: usize| units.iter().rev().filter(|unit| unit.block == block).find(is_question);
    let end = in_block(last.block).or_else(|| in_block(first.block)).or_else(|| units.iter().rev().find(is_question));
    match end {
        Some(end) => {
            // Questions that follow each other are asked together.
            let run = units.iter().rev().skip_while(|unit| unit.start > end.start).take_while(|unit| unit.block == end.block && is_question(unit));
            run.last().map_or(end.start, |unit| unit.start)..end.end
        }
        None => units.iter().find(|unit| unit.block == last.block).map_or(0, |unit| unit.start)..last.end,
    }
}

pub(crate) fn is_question(sentence: &str) -> bool {
    sentence.trim_end_matches(['"', '\'', ')', '*', '”', '’', '」']).ends_with(['?', '？', '؟'])
}

/// The range of a question that a marker announces, marker included. `Q:` counts only where it stands alone: several are a list of questions.
fn marked(text: &str) -> Option<Range<usize>> {
    if let (Some(open), Some(close)) = (text.rfind("<question>"), text.rfind("</question>"))
        && open < close
    {
        return Some(open..close + "</question>".len());
    }
    let lines: Vec<(usize, &str)> = text.split_inclusive('\n').scan(0, |at, line| Some((std::mem::replace(at, *at + line.len()), line))).collect();
    let markers: Vec<usize> = (0..lines.len()).filter(|&place| marker(lines[place].1, QUESTION_MARKERS).is_some()).collect();
    let short = markers.iter().filter(|&&place| marker(lines[place].1, &["q"]).is_some()).count();
    let place = *markers.iter().rev().find(|&&place| short < 2 || marker(lines[place].1, &["q"]).is_none())?;
    let mut end = lines[place].0 + lines[place].1.len();
    let mut filled = marker(lines[place].1, QUESTION_MARKERS).is_some_and(|length| !lines[place].1[length..].trim().is_empty());
    for (at, line) in &lines[place + 1..] {
        if marker(line, CONTEXT_MARKERS).is_some() || (filled && line.trim().is_empty()) {
            break;
        }
        filled |= !line.trim().is_empty();
        end = at + line.len();
    }
    filled.then_some(lines[place].0..end)
}

/// The length of a marker with its colon at the start of a line, whatever dress it wears (`**Question:**`, `## Question`).
fn marker(line: &str, words: &[&str]) -> Option<usize> {
    let dressed = line.len() - line.trim_start_matches([' ', '*', '#', '\t', '_']).len();
    let rest = &line[dressed..];
    let heading = line.trim_start().starts_with('#');
    words.iter().find_map(|word| {
        let after = rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).map(|_| &rest[word.len()..])?;
        let bare = after.trim_start_matches(['*', '_']);
        let end = if bare.starts_with(':') {
            after.len() - bare.len() + 1
        } else if heading && bare.trim().is_empty() {
            after.trim_end().len()
        } else {
            return None;
        };
        let tail = &after[end..];
        Some(dressed + word.len() + end + (tail.len() - tail.trim_start_matches(['*', '_', ' ']).len()))
    })
}

fn without_marker(question: &str) -> &str {
    if let Some(inner) = question.strip_prefix("<question>").and_then(|rest| rest.strip_suffix("</question>")) {
        return inner;
    }
    marker(question.lines().next().unwrap_or_default(), QUESTION_MARKERS).map_or(question, |length| &question[length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(without_marker(&text[question_range(text)]).trim(), expected, "{text:?}");
    }

    #[test]
    fn questions_are_found() {
        check("What is it?", "What is it?");
        check("Tea is hot. Is it green?", "Is it green?");
        check("Facts here.\n\nWho came? And when?", "Who came? And when?");
        check("What is the price?\n\nThe lamp costs 4 euros.", "What is the price?");
        check("Context: Is it so? No.\nQuestion: How many are left\n", "How many are left");
        check("**Question:** Name the owner.\n\nContext: Ana owns it.", "Name the owner.");
        check("## Question\nName it\n\n## Context\nIt is Bo.", "Name it");
        check("<question>Who?</question>\nBo did.", "Who?");
        check("Q: Is it hot? A: Yes.\nQ: Is it new?\nA: No.\n\nHow hot is it?", "How hot is it?");
        check("Some text.\n\nName the owner.", "Name the owner.");
    }

    #[test]
    fn everything_else_is_context_and_keeps_its_place() {
        let mut request = Request::new(jeton_wire::Endpoint::Chat, "extract");
        let content = vec![Part::Text("nine".into()).into()];
        let result = Part::ToolResult { id: "1".into(), kind: jeton_wire::canonical::ToolKind::Function, content, is_error: false };
        request.messages = vec![
            Message::text(Role::System, "The shop opens at nine."),
            Message::text(Role::User, "Old text. When?"),
            Message::text(Role::Assistant, "At ten."),
            Message::text(Role::User, "It rains. When does it open?"),
            Message { role: Role::User, parts: vec![result.into()] },
        ];
        let found = material(&request);
        assert_eq!(found.question, "When does it open?");
        let shown: Vec<(usize, Vec<&str>)> =
            found.sources.iter().map(|source| (source.message, source.spans.iter().map(|span| source.text[span.clone()].trim()).collect())).collect();
        assert_eq!(shown, [(0, vec!["The shop opens at nine."]), (1, vec!["Old text. When?"]), (3, vec!["It rains."]), (4, vec!["nine"])]);
    }
}
