//! The JSON API and the page. Knows no dialect.
