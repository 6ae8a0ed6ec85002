//! Walks a JSON document and knows where it is, so that each complaint names its place.

use jeton_core::{Fault, FaultKind};
use serde_json::{Map, Value};

/// A value of the request with its path (`messages[2].content`).
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) const fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// The member `name`; `None` where it is absent or `null`, which vendors treat alike.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Some(Node { value, path })
    }

    /// The member `name`, which must be there.
    pub(super) fn need(&self, name: &str) -> Result<Node<'a>, Fault> {
        self.get(name).ok_or_else(|| {
            let place = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
            invalid(format!("`{place}` is missing.")).param(place)
        })
    }

    /// The text.
    pub(super) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// The truth value.
    pub(super) fn flag(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// The whole number, zero or more.
    pub(super) fn count(&self) -> Result<u64, Fault> {
        self.value.as_u64().ok_or_else(|| self.wrong("a whole number, zero or more"))
    }

    /// The object.
    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, Fault> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    /// The elements of the list.
    pub(super) fn list(&self) -> Result<Vec<Node<'a>>, Fault> {
        let elements = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        Ok(elements.iter().enumerate().map(|(index, value)| Node { value, path: format!("{}[{index}]", self.path) }).collect())
    }

    /// The text of the member `name`, where it is there.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        self.get(name).map(|node| node.text()).transpose()
    }

    /// The text of the member `name`, which must be there.
    pub(super) fn need_text(&self, name: &str) -> Result<&'a str, Fault> {
        self.need(name)?.text()
    }

    /// The truth value of the member `name`, else `default`.
    pub(super) fn flag_of(&self, name: &str, default: bool) -> Result<bool, Fault> {
        self.get(name).map_or(Ok(default), |node| node.flag())
    }

    /// The whole number of the member `name`, where it is there.
    pub(super) fn count_of(&self, name: &str) -> Result<Option<u64>, Fault> {
        self.get(name).map(|node| node.count()).transpose()
    }

    /// The elements of the member `name`; none where it is absent.
    pub(super) fn list_of(&self, name: &str) -> Result<Vec<Node<'a>>, Fault> {
        self.get(name).map_or(Ok(Vec::new()), |node| node.list())
    }

    /// The value has another type than `wanted`.
    pub(super) fn wrong(&self, wanted: &str) -> Fault {
        self.fault(format!("must be {wanted}, not {}.", kind(self.value)))
    }

    /// A complaint about this place; `what` continues the sentence that begins with its path.
    pub(super) fn fault(&self, what: impl AsRef<str>) -> Fault {
        let place = if self.path.is_empty() { "the body" } else { &self.path };
        let fault = invalid(format!("`{place}` {}", what.as_ref()));
        if self.path.is_empty() { fault } else { fault.param(self.path.clone()) }
    }

    /// Refuses the member `name` where it is there and `objectionable`, saying why built-in models cannot take it.
    pub(super) fn refuse(&self, name: &str, objectionable: impl Fn(&Value) -> bool, why: &str) -> Result<(), Fault> {
        match self.get(name) {
            Some(node) if objectionable(node.value) => Err(node.fault(format!("cannot be served by a built-in model: {why}")).code("unsupported_parameter")),
            _ => Ok(()),
        }
    }
}

/// A malformed request.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// The JSON type of `value`, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
