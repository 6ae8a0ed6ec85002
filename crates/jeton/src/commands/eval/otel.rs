//! Results for OpenTelemetry: into a file that collectors read, or to a collector.

use crate::failure::Failure;
use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_eval::Row;
use jeton_eval::report::otel_exports;
use jeton_eval::run::RunHead;
use serde_json::Value;
use std::time::Duration;

/// How long a collector may take for one export.
const LIMIT: Duration = Duration::from_secs(10);
/// Headers of each export, `name=value` with commas between, as OpenTelemetry's exporters read them.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Writes one record for each grade to where `--otel` says: a file, or the address of a collector. Nothing where it says nothing.
pub(super) fn export(to: Option<&str>, head: &RunHead, rows: &[Row]) -> Result<(), Failure> {
    let Some(to) = to else { return Ok(()) };
    let exports = otel_exports(head, rows);
    if to.starts_with("http://") || to.starts_with("https://") { send(&address(to), &exports) } else { write(to, &exports) }
}

fn write(file: &str, exports: &[Value]) -> Result<(), Failure> {
    let lines: String = exports.iter().map(|export| format!("{export}\n")).collect();
    std::fs::write(file, lines).map_err(|error| Failure::dependency(format!("{file} cannot be written: {error}"), "name a file in a directory that is there"))
}

/// A collector's base address leads to its logs.
fn address(to: &str) -> String {
    let base = to.trim_end_matches('/');
    if base.ends_with("/v1/logs") { base.to_owned() } else { format!("{base}/v1/logs") }
}

fn send(url: &str, exports: &[Value]) -> Result<(), Failure> {
    let headers = headers(crate::context::env(HEADERS).as_deref().unwrap_or_default())?;
    let unsent = |why: String| {
        Failure::dependency(
            format!("the results did not reach {url}: {why}"),
            "mend that, then `jeton eval show RUN --otel` sends them; the run is in the ledger",
        )
    };
    super::watch::runtime()?.block_on(async {
        for export in exports {
            let answer = jeton_upstream::post(url, headers.clone(), export.to_string().into(), LIMIT).await.map_err(unsent)?;
            if !(200..300).contains(&answer.status) {
                return Err(unsent(format!("it answered {}", answer.status)));
            }
            if let Some(why) = rejected(&answer.body) {
                return Err(unsent(why));
            }
        }
        Ok(())
    })
}

/// What a collector took in part says how many records it did not take.
fn rejected(body: &[u8]) -> Option<String> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let part = &told["partialSuccess"];
    let count = part["rejectedLogRecords"].as_str().and_then(|text| text.parse().ok()).or(part["rejectedLogRecords"].as_u64())?;
    (count > 0).then(|| format!("it rejected {count} records: {}", part["errorMessage"].as_str().unwrap_or("it does not say why")))
}

fn headers(text: &str) -> Result<HeaderMap, Failure> {
    let mut found = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let read =
            pair.split_once('=').and_then(|(name, value)| Some((HeaderName::try_from(name.trim()).ok()?, HeaderValue::try_from(decoded(value.trim())?).ok()?)));
        // The value may be a secret, so it is not told.
        let Some((name, value)) = read else {
            return Err(Failure::usage(format!("{HEADERS} cannot be read"), "write name=value with commas between, blanks in values as %20"));
        };
        found.insert(name, value);
    }
    Ok(found)
}

/// A value without its percent signs.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_leads_to_the_logs() {
        for to in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/logs"] {
            assert_eq!(address(to), "http://127.0.0.1:4318/v1/logs");
        }
        assert_eq!(address("https://otel.example/otlp"), "https://otel.example/otlp/v1/logs");
    }

    #[test]
    fn headers_are_read_as_exporters_read_them() {
        let found = headers("api-key=a%20b, x-tenant=acme").unwrap_or_default();
        assert_eq!((found["api-key"].as_bytes(), found["x-tenant"].as_bytes(), found.len()), (&b"a b"[..], &b"acme"[..], 2));
        for wrong in ["api-key", "a b=c", "k=%2", "k=%zz", "k=%0a"] {
            assert!(headers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_taken_in_part_is_told() {
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#).as_deref(), Some("it rejected 2 records: too old"));
        for taken in [&b"{}"[..], b"", br#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, b"not json"] {
            assert_eq!(rejected(taken), None);
        }
    }
}
