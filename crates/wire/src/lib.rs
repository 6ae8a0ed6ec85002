//! The dialects as pure functions of bytes: scan, minimal edits, stream events, usage, errors, and the canonical form.
