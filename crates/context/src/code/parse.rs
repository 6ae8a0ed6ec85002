//! Parsing with bounds: of size, and of work, counted in steps so that the same text always has the same result.

use super::Language;
use std::cell::RefCell;
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// Texts above this many bytes are not parsed.
pub const PARSED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Reports of progress that a parse may make, for each KiB of text. Ordinary code makes about 5; a grammar that keeps many readings of a
/// broken text alive makes hundreds.
const STEPS_PER_KIB_MAX: usize = 200;

/// Reports that any parse may make, however short the text.
const STEPS_MIN: usize = 1_000;

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The syntax tree of `text`; none where the text is too large, or too hard to read.
pub(crate) fn parse(language: Language, text: &str) -> Option<Tree> {
    if text.len() > PARSED_BYTES_MAX {
        return None;
    }
    let mut steps_left = STEPS_MIN + text.len() / 1024 * STEPS_PER_KIB_MAX;
    let mut progress = |_: &ParseState| {
        steps_left = steps_left.saturating_sub(1);
        if steps_left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = text.as_bytes();
    let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
    PARSER.with(|parser| {
        let mut parser = parser.try_borrow_mut().ok()?;
        parser.set_language(&language.grammar()).ok()?;
        let tree = parser.parse_with_options(&mut read, None, Some(ParseOptions::new().progress_callback(&mut progress)));
        // A stopped parse would otherwise go on with the next text.
        parser.reset();
        tree
    })
}
