//! What the server writes about itself, to stderr. Prompts and secrets are in no event that is logged anywhere.

use jeton_project::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging. `JETON_LOG` (tracing's filter language) beats `log.level`.
pub(super) fn start(log: &Log) {
    let filter = EnvFilter::try_from_env("JETON_LOG").unwrap_or_else(|_| EnvFilter::new(log.level.as_str()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first one's settings.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(false).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
