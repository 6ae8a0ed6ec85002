//! References between the parts of OpenAPI documents and JSON Schemas: `#/a/b`, `other.yaml#/a`. Addresses of the web are never fetched.

use crate::located::{Located, below};
use crate::tree::{Tree, file_name, normalize, parent};
use crate::{json, yaml};
use serde_json::Value;
use std::collections::BTreeMap;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) path: String,
    pub(super) pointer: String,
}

/// Where a reference leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Part(Part),
    /// To the web, or to a name that only a whole reader of JSON Schema could resolve.
    Elsewhere,
    /// Out of the project.
    Outside,
}

/// Reads a reference that stands in the file `path`.
pub(super) fn target(path: &str, written: &str) -> Target {
    let (file, pointer) = written.split_once('#').unwrap_or((written, ""));
    if file.contains("://") || file.starts_with("urn:") || !(pointer.is_empty() || pointer.starts_with('/')) {
        return Target::Elsewhere;
    }
    let pointer = pointer.replace("%7B", "{").replace("%7D", "}").replace("%20", " ");
    if file.is_empty() {
        return Target::Part(Part { path: path.to_owned(), pointer });
    }
    normalize(parent(path), file).map_or(Target::Outside, |path| Target::Part(Part { path, pointer }))
}

/// The files in which references are followed, each read once.
pub(super) struct Library<'a> {
    tree: &'a dyn Tree,
    root: &'a str,
    located: &'a Located,
    others: BTreeMap<String, Option<Value>>,
}

impl<'a> Library<'a> {
    pub(super) fn new(tree: &'a dyn Tree, root: &'a str, located: &'a Located) -> Self {
        Self { tree, root, located, others: BTreeMap::new() }
    }

    /// The value of a part; `None` where the file or the part is missing.
    pub(super) fn value(&mut self, part: &Part) -> Option<&Value> {
        if part.path == self.root {
            return self.located.value.pointer(&part.pointer);
        }
        let tree = self.tree;
        let read = self.others.entry(part.path.clone()).or_insert_with(|| {
            let file = tree.file(&part.path).filter(|file| file.size_bytes <= super::STRUCTURED_BYTES_MAX)?;
            read(&file.path, &tree.text(&file.path).ok()?)
        });
        read.as_ref()?.pointer(&part.pointer)
    }
}

fn read(path: &str, text: &str) -> Option<Value> {
    let located = if file_name(path).ends_with(".json") { json::parse(text) } else { yaml::parse(text) };
    located.ok().map(|located| located.value)
}

/// Calls `visit` with the pointer and the text of every reference in `value`.
pub(super) fn each(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                match item.as_str().filter(|_| key == "$ref") {
                    Some(written) => visit(&below(pointer, key), written),
                    // An example may show a reference and means none.
                    None if matches!(key.as_str(), "example" | "examples" | "default" | "const" | "enum") && !item.is_object() => {}
                    None => each(item, &below(pointer, key), visit),
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| each(item, &below(pointer, &at.to_string()), visit)),
        _ => {}
    }
}

/// `value` with each reference written as `rename` says.
pub(super) fn renamed(value: &Value, rename: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => {
            let entry = |(key, item): (&String, &Value)| match item.as_str().filter(|_| key == "$ref") {
                Some(written) => (key.clone(), Value::String(rename(written))),
                None => (key.clone(), renamed(item, rename)),
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => items.iter().map(|item| renamed(item, rename)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_in_the_project() {
        let part = |path: &str, pointer: &str| Target::Part(Part { path: path.to_owned(), pointer: pointer.to_owned() });
        assert_eq!(target("api/a.yaml", "#/x"), part("api/a.yaml", "/x"));
        assert_eq!(target("api/a.yaml", "../b.yaml#/x"), part("b.yaml", "/x"));
        assert_eq!(target("api/a.yaml", "b.json"), part("api/b.json", ""));
        assert_eq!(target("a.yaml", "../b.yaml"), Target::Outside);
        assert_eq!(target("a.yaml", "https://a.b/c.json#/x"), Target::Elsewhere);
        assert_eq!(target("a.yaml", "#anchor"), Target::Elsewhere);
    }
}
