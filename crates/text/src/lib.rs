//! Tokens counted and estimated, sentences and identifiers split, chunks, BM25F. Knows nothing of files or models.
//!
//! Everything here works on one text in memory, does no I/O and gives places as byte offsets into the text that came in, always on
//! character boundaries, so that `&text[start..end]` gives the piece back.
//!
//! ```
//! use jeton_text::{UnitKind, units};
//! let text = "# Returns\nDr. Lind accepts returns. They take 2.5 days.";
//! let found: Vec<(UnitKind, &str)> = units(text).iter().map(|unit| (unit.kind, unit.text(text))).collect();
//! assert_eq!(found, [
//!     (UnitKind::Heading, "# Returns"),
//!     (UnitKind::Sentence, "Dr. Lind accepts returns."),
//!     (UnitKind::Sentence, "They take 2.5 days."),
//! ]);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod blocks;
mod bm25f;
mod chunks;
mod sentences;
mod stem;
mod tokens;
mod units;
mod vocabulary;
mod words;

pub use bm25f::{Field, Hit, Index, IndexBuilder, K1};
pub use chunks::{Chunk, chunks};
pub use stem::stem;
pub use tokens::estimate_tokens;
pub use units::{Unit, UnitKind, units};
pub use vocabulary::{RUN_BYTES_MAX, Vocabulary};
pub use words::{Word, identifier_parts, terms, words};
