//! Tokens estimated, sentences and identifiers split, chunks, BM25F. Knows nothing of files or models.
