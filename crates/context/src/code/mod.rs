//! Source code by its syntax: symbols, signatures, names used, fingerprints. Pure functions of text.

mod classify;
mod define;
mod fingerprint;
mod language;
mod outline;
mod parse;
mod references;
mod resolve;
mod role;
mod rules;
mod view;
mod visible;
mod walk;

pub use classify::{FileClass, HEAD_BYTES, TEXT_BYTES_MAX, classify};
pub use fingerprint::{Fingerprint, Moved, RENAMED_TOKENS_MIN, find_moved, fingerprint, fingerprint_text, fingerprints};
pub use language::Language;
pub use outline::{Outline, OutlineOptions, Symbol, SymbolKind, outline, outline_with};
pub use parse::PARSED_BYTES_MAX;
pub use references::{identifiers, references};
pub use resolve::{Resolved, resolve};
pub use role::{Role, role};
pub use view::{ViewLine, handle_view, signature_view};
