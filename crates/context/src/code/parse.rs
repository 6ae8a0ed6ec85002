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
const STEPS_MIN: usize = 400;

/// Reports of progress that a parse may make after it met an error, where each costs some ten times as much: two to four seconds in all.
const ERROR_STEPS_MAX: usize = 16_000;

/// `<` that may stand open in one statement. Where `a<b` begins either a comparison or type arguments, the parser keeps both readings, and its
/// memory grows with the square of their number: 1,000 take some 20 MB, 20,000 take 3 GB.
const OPEN_ANGLES_MAX: usize = 1_000;

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The syntax tree of `text`; none where the text is too large, or too hard to read.
pub(crate) fn parse(language: Language, text: &str) -> Option<Tree> {
    if text.len() > PARSED_BYTES_MAX || has_open_angles(language, text) {
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

/// Whether a statement holds more open `<` than the parser can bear, in languages where it can be read in two ways.
fn has_open_angles(language: Language, text: &str) -> bool {
    if !matches!(language, Language::Java | Language::CSharp | Language::Cpp | Language::TypeScript | Language::Tsx) {
        return false;
    }
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'<' => open += 1,
            b'>' => open = open.saturating_sub(1),
            b';' => open = 0,
            _ => {}
        }
        open > OPEN_ANGLES_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_too_much_is_unread() {
        let check = |language: Language, piece: &str, times: usize, expected: bool| {
            assert_eq!(parse(language, &piece.repeat(times)).is_some(), expected, "{language:?} {piece}")
        };
        check(Language::Java, "a<", 1_100, false);
        check(Language::Java, "a<b;", 1_100, true);
        check(Language::Tsx, "<a>b</a>", 1_100, true);
        check(Language::Rust, "fn a() {}\n", 1_100, true);
        check(Language::Rust, "x?", 50_000, false);
        check(Language::Rust, " ", PARSED_BYTES_MAX, true);
        check(Language::Rust, " ", PARSED_BYTES_MAX + 1, false);
        // A parse that was stopped leaves nothing behind.
        check(Language::Rust, "fn a() {}\n", 1, true);
    }
}
