//! What a run is written as for other programs.

mod junit;
mod markdown;
mod otel;

pub use junit::junit;
pub use markdown::markdown;
pub use otel::otel_exports;
