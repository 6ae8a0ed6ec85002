//! OpenAPI 3: one unit for each operation, with the parts that it refers to, so that nobody has to read the whole file.

use super::refs::{self, Library, Part, Target};
use super::{Draft, Found, Source, render, structured};
use crate::located::{Located, below};
use crate::{Detail, Format, Kind, Place, Severity, Unit};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What of an operation is shown, in this order.
const SHOWN: [&str; 9] = ["summary", "description", "deprecated", "security", "parameters", "requestBody", "responses", "callbacks", "tags"];

/// Bounds for documents that refer to everything from everywhere: parts and bytes for one operation, operations of one file.
const PARTS_MAX: usize = 120;
const PARTS_BYTES_MAX: usize = 48 << 10;
const OPERATIONS_MAX: usize = 3_000;

pub(super) fn import(source: &Source<'_>, located: &Located, found: &mut Found) {
    report_broken_refs(source, located, found);
    let mut library = Library::new(source.tree, source.path, located);
    let mut count = 0;
    for (path, item) in entries(&located.value, "paths") {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(key, _)| METHODS.contains(&key.as_str())) {
            count += 1;
            if count > OPERATIONS_MAX {
                let message = format!("the document has more than {OPERATIONS_MAX} operations; the others are not read");
                found.report("oversize-file", Severity::Warning, source.place(1), message, "Split it.");
                return;
            }
            let pointer = below(&below("/paths", path), method);
            let operation = with_parameters_of(item, operation);
            let unit = unit(source, located, &pointer, &format!("{} {path}", method.to_uppercase()), &operation, &mut library);
            found.drafts.push(Draft::plain(unit));
        }
    }
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn report_broken_refs(source: &Source<'_>, located: &Located, found: &mut Found) {
    let mut library = Library::new(source.tree, source.path, located);
    refs::each(&located.value, "", &mut |pointer, written| {
        if !structured::resolves(&mut library, source.path, written) {
            structured::report_broken(source, located.line(pointer), written, found);
        }
    });
}

/// The operation with the parameters that all operations of its path have.
fn with_parameters_of(item: &Value, operation: &Value) -> Map<String, Value> {
    let mut operation = operation.as_object().cloned().unwrap_or_default();
    let Some(shared) = item.get("parameters").and_then(Value::as_array) else { return operation };
    let own = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |parameter: &Value| (parameter.get("name").cloned(), parameter.get("in").cloned());
    let inherited = shared.iter().filter(|shared| shared.get("$ref").is_some() || !own.iter().any(|own| name(own) == name(shared)));
    let all: Vec<Value> = inherited.chain(&own).cloned().collect();
    operation.insert("parameters".to_owned(), Value::Array(all));
    operation
}

fn unit(source: &Source<'_>, located: &Located, pointer: &str, called: &str, operation: &Map<String, Value>, library: &mut Library<'_>) -> Unit {
    let text = |key: &str| operation.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let shown: Map<String, Value> = SHOWN.iter().filter_map(|key| Some(((*key).to_owned(), operation.get(*key)?.clone()))).collect();
    let shown = Value::Object(shown);
    let parts = Parts::of(source.path, &shown, library);
    let mut body = called.to_owned();
    if let Some(id) = text("operationId") {
        body.push_str(&format!(" ({id})"));
    }
    body.push('\n');
    body.push_str(&render::render(&refs::renamed(&without_extensions(&shown), &|written| short_name(source.path, written))));
    body.push_str(&parts.rendered());
    let title = text("summary").map_or_else(|| called.to_owned(), |summary| format!("{called}: {summary}"));
    let name = text("operationId").map_or_else(|| called.replacen(' ', ":", 1).to_lowercase(), str::to_owned);
    let (first, last) = located.lines_of(pointer);
    let mut unit = Unit::new(
        Kind::Schema,
        format!("schema:{}#{name}", source.path),
        title,
        body.trim_end(),
        Place::lines(Arc::clone(source.path), first, last),
        Format::OpenApi,
    );
    unit.detail = Detail::Schema(Box::new(body_schema(source.path, operation, library).unwrap_or_default()));
    unit
}

/// The value without the keys `x-…`, which tools put in for each other.
fn without_extensions(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().filter(|(key, _)| !key.starts_with("x-")).map(|(key, item)| (key.clone(), without_extensions(item))).collect(),
        Value::Array(items) => items.iter().map(without_extensions).collect(),
        other => other.clone(),
    }
}

/// `schemas/Refund` for `#/components/schemas/Refund`; the path and pointer for parts of other files.
fn short_name(path: &str, written: &str) -> String {
    match refs::target(path, written) {
        Target::Part(part) => name_of(path, &part),
        _ => written.to_owned(),
    }
}

fn name_of(root: &str, part: &Part) -> String {
    let pointer = part.pointer.strip_prefix("/components/").unwrap_or_else(|| part.pointer.trim_start_matches('/'));
    if part.path == root { pointer.to_owned() } else { format!("{}#{}", part.path, part.pointer) }
}

/// The parts to which something refers, and those to which they refer, the nearest first.
struct Parts {
    found: Vec<(Part, String, Value)>,
    left_out: BTreeSet<String>,
}

impl Parts {
    fn of(root: &str, value: &Value, library: &mut Library<'_>) -> Self {
        let mut parts = Self { found: Vec::new(), left_out: BTreeSet::new() };
        let (mut seen, mut waiting, mut bytes) = (BTreeSet::new(), VecDeque::new(), 0);
        queue(root, value, &mut seen, &mut waiting);
        while let Some(part) = waiting.pop_front() {
            let Some(value) = library.value(&part).cloned() else { continue };
            let name = name_of(root, &part);
            bytes += value.to_string().len();
            if parts.found.len() >= PARTS_MAX || bytes > PARTS_BYTES_MAX {
                parts.left_out.insert(name);
                continue;
            }
            queue(&part.path, &value, &mut seen, &mut waiting);
            parts.found.push((part, name, value));
        }
        parts
    }

    fn rendered(&self) -> String {
        let mut out = String::new();
        for (part, name, value) in &self.found {
            let shown = refs::renamed(&without_extensions(value), &|written| short_name(&part.path, written));
            let entry = Value::Object(Map::from_iter([(name.clone(), shown)]));
            out.push_str(&render::render(&entry));
        }
        if !self.left_out.is_empty() {
            let names: Vec<&str> = self.left_out.iter().map(String::as_str).collect();
            out.push_str(&format!("# further parts, left out: {}\n", names.join(", ")));
        }
        out
    }
}

fn queue(path: &str, value: &Value, seen: &mut BTreeSet<Part>, waiting: &mut VecDeque<Part>) {
    refs::each(value, "", &mut |_, written| {
        if let Target::Part(part) = refs::target(path, written)
            && seen.insert(part.clone())
        {
            waiting.push_back(part);
        }
    });
}

/// The JSON Schema of what the operation takes, or else of what it gives; `None` where neither is JSON, or the parts are too many.
fn body_schema(path: &str, operation: &Map<String, Value>, library: &mut Library<'_>) -> Option<Value> {
    let request = operation.get("requestBody").and_then(|body| content_schema(path, body, library));
    let schema = match request {
        Some(schema) => schema,
        None => {
            let responses = operation.get("responses")?.as_object()?;
            let response = responses.iter().find(|(status, _)| status.starts_with('2')).map(|(_, response)| response)?;
            content_schema(path, response, library)?
        }
    };
    let parts = Parts::of(path, &schema.1, library);
    if !parts.left_out.is_empty() {
        return None;
    }
    let names: BTreeMap<&Part, String> = parts.found.iter().map(|(part, name, _)| (part, name.replace(['/', '#'], "."))).collect();
    let renamed = |from: &str, value: &Value| {
        let name = |written: &str| match refs::target(from, written) {
            Target::Part(part) => names.get(&part).map_or_else(|| written.to_owned(), |name| format!("#/$defs/{name}")),
            _ => written.to_owned(),
        };
        with_null(&refs::renamed(value, &name))
    };
    let mut whole = renamed(&schema.0, &schema.1);
    if !parts.found.is_empty() {
        let definitions: Map<String, Value> = parts.found.iter().map(|(part, _, value)| (names[part].clone(), renamed(&part.path, value))).collect();
        whole.as_object_mut()?.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Some(whole)
}

/// The schema of the JSON content of a request or response, with the file in which it stands.
fn content_schema(path: &str, holder: &Value, library: &mut Library<'_>) -> Option<(String, Value)> {
    let (path, holder) = match holder.get("$ref").and_then(Value::as_str).map(|written| refs::target(path, written)) {
        Some(Target::Part(part)) => {
            let value = library.value(&part)?.clone();
            (part.path, value)
        }
        Some(_) => return None,
        None => (path.to_owned(), holder.clone()),
    };
    let content = holder.get("content")?.as_object()?;
    let schema = content.iter().find(|(media, _)| media.contains("json"))?.1.get("schema")?;
    schema.is_object().then(|| (path, schema.clone()))
}

/// `nullable: true` of OpenAPI 3.0 as JSON Schema says it.
fn with_null(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: Map<String, Value> = map.iter().map(|(key, item)| (key.clone(), with_null(item))).collect();
            if map.get("nullable") == Some(&Value::Bool(true))
                && let Some(Value::String(kind)) = map.get("type").cloned()
            {
                map.insert("type".to_owned(), serde_json::json!([kind, "null"]));
                map.shift_remove("nullable");
            }
            Value::Object(map)
        }
        Value::Array(items) => items.iter().map(with_null).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
