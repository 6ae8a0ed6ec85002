//! Source code by its syntax: symbols, signatures, names used, fingerprints. Pure functions of text.
//!
//! Parsing is bounded in size and work and never recurses: what cannot be read is marked as unread, never taken for empty.
//!
//! ```
//! use jeton_context::code::{Language, Resolved, fingerprint, outline, resolve, signature_view};
//! let text = "/// Days left.\npub fn left(day: u32) -> u32 {\n    30 - day\n}\n";
//! let outline = outline(Language::Rust, text);
//! assert!(matches!(resolve(&outline, "left"), Resolved::One(symbol) if symbol.is_public && symbol.first_line == 2));
//! let view: Vec<_> = signature_view(text, &outline, None).into_iter().map(|line| line.text).collect();
//! assert_eq!(view, ["/// Days left.", "pub fn left(day: u32) -> u32 …"]);
//! let before = fingerprint(Language::Rust, text, Some("left"));
//! assert_eq!(before, fingerprint(Language::Rust, &text.replace("30 - day", "30-day // left"), Some("left")));
//! ```

mod define;
mod fingerprint;
mod language;
mod outline;
mod parse;
mod references;
mod resolve;
mod rules;
mod view;
mod visible;
mod walk;

pub use fingerprint::{Fingerprint, Moved, RENAMED_TOKENS_MIN, find_moved, fingerprint, fingerprint_text, fingerprints};
pub use language::Language;
pub use outline::{Outline, OutlineOptions, Symbol, SymbolKind, outline, outline_with};
pub use parse::PARSED_BYTES_MAX;
pub use references::{identifiers, references};
pub use resolve::{Resolved, resolve};
pub use view::{ViewLine, handle_view, signature_view};

#[cfg(test)]
mod fixtures;
