//! What `jeton up` says when it is up.

use jeton_broker::Live;
use jeton_ledger::Ledger;
use jeton_project::{Api, Declared};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Prints where everything listens, what was found, and what to try. In one piece, and nobody has to listen: whoever wants
/// the first line only may close the pipe after it, and the server serves on.
pub(super) fn print(address: &str, live: &Live, ledger: &dyn Ledger, record: Option<&Path>) {
    let text = text(address, live, ledger, record);
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn text(address: &str, live: &Live, ledger: &dyn Ledger, record: Option<&Path>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "jeton {} listening on {address}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  page      {address}/");
    let _ = writeln!(text, "  OpenAI    base_url {address}/v1");
    let _ = writeln!(text, "  Anthropic base_url {address}");
    let _ = writeln!(text, "  Gemini    base_url {address}");
    let _ = writeln!(text, "  providers {}", providers(live));
    if let Some(record) = record {
        let _ = writeln!(text, "  recording every exchange to {}", record.display());
    }
    for note in &live.snapshot().notes {
        let _ = writeln!(text, "  note      {note}");
    }
    let key = if ledger.has_keys() { "$JETON_KEY" } else { "none-needed" };
    let _ = writeln!(text, "\nTry it (no provider needed):");
    let _ = writeln!(text, "  curl {address}/v1/chat/completions -H \"authorization: Bearer {key}\" -H 'content-type: application/json' \\");
    let _ = writeln!(
        text,
        r#"    -d '{{"model":"local/extract","messages":[{{"role":"system","content":"Refunds take five days."}},{{"role":"user","content":"How long do refunds take?"}}]}}'"#
    );
    let _ = writeln!(
        text,
        "  python -c \"from openai import OpenAI; print(OpenAI(base_url='{address}/v1', api_key='{key}').chat.completions.create(model='twin/steady', messages=[{{'role': 'user', 'content': 'Hello'}}]).choices[0].message.content)\""
    );
    let _ = writeln!(text, "\nThen: jeton call list · jeton cost --by class");
    text
}

fn providers(live: &Live) -> String {
    let mut named: Vec<String> = Vec::new();
    for provider in live.catalogue().providers() {
        let config = live.snapshot().providers.get(provider.name());
        let built_in = config.is_none_or(|config| config.declared == Declared::BuiltIn);
        if built_in && provider.api == Api::Replay && provider.models.is_empty() {
            continue;
        }
        named.push(match config.map(|config| config.declared) {
            Some(Declared::Environment) => format!("{} (key from the environment)", provider.name()),
            Some(Declared::File) => format!("{} (jeton.toml)", provider.name()),
            _ => format!("{} (built in)", provider.name()),
        });
    }
    let is_alone = named.iter().all(|name| name.ends_with("(built in)"));
    let hint = if is_alone { "; set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY, or write jeton.toml, for more" } else { "" };
    format!("{}{hint}", named.join(", "))
}
