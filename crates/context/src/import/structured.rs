//! JSON and YAML files that are OpenAPI documents or JSON Schemas; all others are left alone.

use super::{Draft, Found, Source, openapi, refs, render};
use crate::located::Located;
use crate::tree::file_name;
use crate::{Detail, Format, Kind, Place, Severity, Unit, json, yaml};
use serde_json::Value;
use std::sync::Arc;

/// How much of a file tells what it is, in bytes.
const HEAD_BYTES: usize = 1024;

/// Whether the beginning of a file says that it is one of these.
pub(crate) fn looks_like_schema(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]);
    let begins = |key: &str| head.starts_with(key) || head.contains(&format!("\n{key}"));
    let is_api = head.contains("\"openapi\"") || head.contains("\"swagger\"") || begins("openapi:") || begins("swagger:");
    is_api || ((head.contains("\"$schema\"") || begins("$schema:") || begins("\"$schema\":")) && head.contains("json-schema.org"))
}

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let is_ours = source.path.starts_with("context/");
    let read = if file_name(source.path).ends_with(".json") { json::parse(source.text) } else { yaml::parse(source.text) };
    let located = match read {
        Ok(located) => located,
        Err(error) => {
            let severity = if is_ours { Severity::Error } else { Severity::Warning };
            found.report("unreadable-schema", severity, source.place(error.line), format!("the schema cannot be read: {}", error.message), "Correct the line.");
            return;
        }
    };
    let version = |key: &str| located.value.get(key).map(|version| version.as_str().map_or_else(|| version.to_string(), str::to_owned));
    match (version("openapi"), version("swagger")) {
        (Some(version), _) if version.starts_with('3') => openapi::import(source, &located, found),
        (Some(version), _) | (None, Some(version)) => {
            let message = format!("this describes an API after version {version}; only OpenAPI 3 is read");
            found.report("old-openapi", Severity::Note, source.place(1), message, "Convert it to OpenAPI 3.");
        }
        _ if is_ours || is_schema(&located.value) => json_schema(source, located, found),
        _ => {}
    }
}

fn is_schema(value: &Value) -> bool {
    value.get("$schema").and_then(Value::as_str).is_some_and(|schema| schema.contains("json-schema.org"))
}

fn json_schema(source: &Source<'_>, located: Located, found: &mut Found) {
    if !(located.value.is_object() || located.value.is_boolean()) {
        found.report("unreadable-schema", Severity::Error, source.place(1), "a JSON Schema is an object", "Begin the file with `{`.");
        return;
    }
    check_refs(source, &located, found);
    let text = |key: &str| located.value.get(key).and_then(Value::as_str).map(str::to_owned);
    let place = Place::lines(Arc::clone(source.path), 1, u32::try_from(source.text.lines().count().max(1)).unwrap_or(u32::MAX));
    let title = text("title").unwrap_or_else(|| file_name(source.path).to_owned());
    let mut shown = located.value.clone();
    if let Some(map) = shown.as_object_mut() {
        map.shift_remove("$schema");
    }
    let mut unit = Unit::new(Kind::Schema, id(source.path), title, render::render(&shown).trim_end(), place, Format::JsonSchema);
    unit.detail = Detail::Schema(Box::new(located.value));
    found.drafts.push(Draft::plain(unit));
}

/// `schema:refund` for `context/schemas/refund.json`; the path for others.
fn id(path: &str) -> String {
    let own = path.strip_prefix("context/schemas/").and_then(|name| name.strip_suffix(".json"));
    own.map_or_else(|| format!("schema:{path}"), |name| format!("schema:{}", name.strip_suffix(".schema").unwrap_or(name)))
}

fn check_refs(source: &Source<'_>, located: &Located, found: &mut Found) {
    let mut library = refs::Library::new(source.tree, source.path, located);
    refs::each(&located.value, "", &mut |pointer, written| {
        if !resolves(&mut library, source.path, written) {
            report_broken(source, located.line(pointer), written, found);
        }
    });
}

/// Whether a reference leads somewhere, or to where nobody looks.
pub(super) fn resolves(library: &mut refs::Library<'_>, path: &str, written: &str) -> bool {
    match refs::target(path, written) {
        refs::Target::Part(part) => library.value(&part).is_some(),
        refs::Target::Elsewhere => true,
        refs::Target::Outside => false,
    }
}

pub(super) fn report_broken(source: &Source<'_>, line: u32, written: &str, found: &mut Found) {
    let message = format!("the reference `{written}` leads nowhere");
    found.report("broken-ref", Severity::Error, source.place(line), message, "Correct it, or add what it names.");
}
