//! Parsing with bounds: of size, and of work, counted in steps so that the same text always has the same result.

use super::Language;
use std::cell::RefCell;
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// Texts above this many bytes are not parsed: 1 MiB, which hand-written files never reach.
pub const PARSED_BYTES_MAX: usize = 1024 * 1024;

/// Reports of progress that a parse may make, for each KiB of text. Measured on six large repositories, whole files make 8 on average and 18
/// at most; a grammar that keeps many readings of a broken text alive makes hundreds, and takes seconds for each MiB.
const STEPS_PER_KIB_MAX: usize = 40;

/// Reports that any parse may make, however short the text.
const STEPS_MIN: usize = 1_000;

/// Reports of progress that a parse may make after it met an error, where each costs some ten times as much: two to four seconds in all.
const ERROR_STEPS_MAX: usize = 16_000;

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The syntax tree of `text`; none where the text is too large, or too hard to read.
pub(crate) fn parse(language: Language, text: &str) -> Option<Tree> {
    if text.len() > PARSED_BYTES_MAX {
        return None;
    }
    let mut steps_left = STEPS_MIN + text.len() / 1024 * STEPS_PER_KIB_MAX;
    let mut error_steps_left = ERROR_STEPS_MAX;
    let mut progress = |state: &ParseState| {
        steps_left = steps_left.saturating_sub(1);
        error_steps_left = error_steps_left.saturating_sub(usize::from(state.has_error()));
        if steps_left == 0 || error_steps_left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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
