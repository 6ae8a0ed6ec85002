//! `jeton call context`: what a call was given to know, found again by its digests.

use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_context::git::Git;
use jeton_context::past::{Found, Wanted, find};
use jeton_context::secret::mask;
use jeton_context::tree::{TreeOptions, WorkTree};
use jeton_context::{Digest, Place};
use jeton_core::CallId;
use jeton_ledger::{ContextReceipt, ContextSpan, Records};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Shows the context of a call, part by part, with what became of each.
pub(crate) fn run(context: &Context, id: CallId, text: bool, diff: bool, is_json: bool) -> Result<(), Failure> {
    let Some(detail) = super::store(context)?.call(id)? else {
        return Err(Failure::usage(format!("there is no {id} in this ledger"), "`jeton call list` shows the last ones"));
    };
    let Some(receipt) = &detail.record.context else {
        return Err(Failure::usage(format!("{id} was given no context"), "give its class a `pack`, or send the header `jeton-context`"));
    };
    let snapshot = context.snapshot()?;
    let tree = WorkTree::open(context.project.dir(), &TreeOptions { ignore: snapshot.context.ignore.clone() });
    let git = Git::open(context.project.dir()).ok();
    let parts: Vec<(&ContextSpan, Found)> = receipt.spans.iter().map(|span| (span, found(&tree, git.as_ref(), span))).collect();
    if is_json {
        let parts: Vec<Value> = parts.iter().map(|(span, found)| as_json(span, found)).collect();
        output::json(&json!({ "call": id.to_string(), "pack": receipt.pack, "digest": receipt.digest, "snapshot": receipt.snapshot, "parts": parts }));
        return Ok(());
    }
    println!("{}", headline(receipt));
    for (span, found) in &parts {
        println!("{:>6} tokens  {}  {} ({})", output::count(span.tokens), span.unit, place(span), state(found));
        if text && let Some(text) = then(found) {
            println!("{}", indented(&text, "        "));
        }
        if diff && let Found::Then { text, now, .. } = found {
            println!("{}", difference(&mask(text).0, &mask(now.as_deref().unwrap_or_default()).0));
        }
    }
    Ok(())
}

fn found(tree: &WorkTree, git: Option<&Git>, span: &ContextSpan) -> Found {
    let place = Place::lines(span.path.as_str(), span.first_line, span.last_line);
    let digest = Digest::parse(&span.digest).unwrap_or_default();
    find(tree, git, &Wanted { unit: &span.unit, digest, place: &place })
}

fn headline(receipt: &ContextReceipt) -> String {
    let held_out =
        receipt.hold_out.as_ref().and_then(|drawn| drawn.held_out.as_ref()).map_or(String::new(), |unit| format!("; left out to learn its worth: {unit}"));
    format!(
        "pack {}, {} of {} tokens ({}), manifest {}{held_out}",
        receipt.pack,
        output::count(receipt.tokens),
        output::count(receipt.budget_tokens),
        receipt.vocabulary,
        receipt.digest
    )
}

fn place(span: &ContextSpan) -> String {
    if span.first_line == 0 { span.path.clone() } else { format!("{}:{}-{}", span.path, span.first_line, span.last_line) }
}

fn state(found: &Found) -> String {
    match found {
        Found::Now(_) => "the same now".to_owned(),
        Found::Then { commit, now: Some(_), .. } => format!("changed since commit {}", &commit[..12.min(commit.len())]),
        Found::Then { commit, now: None, .. } => format!("gone; it was in commit {}", &commit[..12.min(commit.len())]),
        Found::Nowhere(Some(_)) => "changed; what it was is in no commit".to_owned(),
        Found::Nowhere(None) => "gone; it is in no commit".to_owned(),
    }
}

fn then(found: &Found) -> Option<Cow<'_, str>> {
    match found {
        Found::Now(text) | Found::Then { text, .. } => Some(mask(text).0),
        Found::Nowhere(_) => None,
    }
}

fn as_json(span: &ContextSpan, found: &Found) -> Value {
    let now = match found {
        Found::Now(text) => Some(text.as_str()),
        Found::Then { now, .. } | Found::Nowhere(now) => now.as_deref(),
    };
    let commit = if let Found::Then { commit, .. } = found { Some(commit) } else { None };
    json!({ "span": span, "state": state(found), "commit": commit, "then": then(found), "now": now.map(|text| mask(text).0) })
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}")).collect::<Vec<_>>().join("\n")
}

/// What differs, without the lines that both begin and end with.
fn difference(then: &str, now: &str) -> String {
    let (then, now): (Vec<&str>, Vec<&str>) = (then.lines().collect(), now.lines().collect());
    let before = then.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let after = then[before..].iter().rev().zip(now[before..].iter().rev()).take_while(|(a, b)| a == b).count();
    let removed = then[before..then.len() - after].iter().map(|line| format!("      - {line}"));
    let added = now[before..now.len() - after].iter().map(|line| format!("      + {line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_differs_alone() {
        assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "      - b\n      + x\n      + y");
        assert_eq!(difference("a\na", "a"), "      - a");
        assert_eq!(difference("", "a"), "      + a");
    }
}
