//! What `jeton up` says when it is up.

use jeton_broker::Live;
use jeton_ledger::Ledger;
use jeton_project::{Api, Declared};
use std::path::Path;

/// Prints where everything listens, what was found, and what to try.
pub(super) fn print(address: &str, live: &Live, ledger: &dyn Ledger, record: Option<&Path>) {
    println!("jeton {} listening on {address}", env!("CARGO_PKG_VERSION"));
    println!("  page      {address}/");
    println!("  OpenAI    base_url {address}/v1");
    println!("  Anthropic base_url {address}");
    println!("  providers {}", providers(live));
    if let Some(record) = record {
        println!("  recording every exchange to {}", record.display());
    }
    for note in &live.snapshot().notes {
        println!("  note      {note}");
    }
    let key = if ledger.has_keys() { "$JETON_KEY" } else { "none-needed" };
    println!("\nTry it (no provider needed):");
    println!("  curl {address}/v1/chat/completions -H \"authorization: Bearer {key}\" -H 'content-type: application/json' \\");
    println!(
        r#"    -d '{{"model":"local/extract","messages":[{{"role":"system","content":"Refunds take five days."}},{{"role":"user","content":"How long do refunds take?"}}]}}'"#
    );
    println!(
        "  python -c \"from openai import OpenAI; print(OpenAI(base_url='{address}/v1', api_key='{key}').chat.completions.create(model='twin/steady', messages=[{{'role': 'user', 'content': 'Hello'}}]).choices[0].message.content)\""
    );
    println!("\nThen: jeton call list · jeton cost --by class");
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
    let hint = if is_alone { "; set OPENAI_API_KEY or ANTHROPIC_API_KEY, or write jeton.toml, for more" } else { "" };
    format!("{}{hint}", named.join(", "))
}
