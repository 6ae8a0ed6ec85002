//! Takes a JSON document apart: what is read is taken out, and what is left over was not understood and is reported.

use super::exact::is_number;
use super::loss::{Loss, Path};
use jeton_core::{Fault, FaultKind};
use serde_json::{Map, Number, Value};

/// An object whose members are taken out one by one. Whoever is done with it says what becomes of the rest: [`Object::rest`]
/// reports it, so that no member is passed over in silence.
#[derive(Debug)]
#[must_use = "what is left of an object is reported by `rest`"]
pub(crate) struct Object<'p> {
    members: Map<String, Value>,
    pub(crate) path: Path<'p>,
}

impl<'p> Object<'p> {
    /// The object at `path`.
    ///
    /// # Errors
    /// Where the value is something else.
    pub(crate) fn of(value: Value, path: Path<'p>) -> Result<Self, Fault> {
        match value {
            Value::Object(members) => Ok(Self { members, path }),
            other => Err(wrong(&path, "an object", &other)),
        }
    }

    /// The member `name`, taken out; `None` where it is absent or `null`, which vendors treat alike.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.swap_remove(name).filter(|value| !value.is_null())
    }

    /// The member `name`, which must be there.
    pub(crate) fn need(&mut self, name: &str) -> Result<Value, Fault> {
        self.take(name).ok_or_else(|| {
            let place = self.path.member(name).to_string();
            invalid(format!("`{place}` is missing.")).param(place)
        })
    }

    /// Takes the members named in camel case by their names with underscores, too, as Google's JSON does.
    pub(crate) fn accept_snake_case(&mut self, names: &[&str]) {
        if !self.members.keys().any(|name| name.contains('_')) {
            return;
        }
        for name in names {
            if let Some(value) = self.members.swap_remove(&snake_case(name)) {
                self.members.entry((*name).to_owned()).or_insert(value);
            }
        }
    }

    /// All members as an object of their own; none stay.
    pub(crate) fn take_all(&mut self) -> Self {
        Self { members: std::mem::take(&mut self.members), path: self.path }
    }

    /// The name of the first member that is left.
    pub(crate) fn first_name(&self) -> Option<&str> {
        self.members.iter().find(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// The members that are left, by their names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// As [`Object::each`]; an object alone is a list of one, as Google's JSON takes it.
    pub(crate) fn each_or_one<T>(&mut self, name: &str, read: impl FnMut(Object<'_>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        if let Some(value) = self.members.get_mut(name).filter(|value| value.is_object()) {
            *value = Value::Array(vec![value.take()]);
        }
        self.each(name, read)
    }

    /// A look at the member `name` without taking it.
    pub(crate) fn peek(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A look at the text of the member `name`; empty where it is none.
    pub(crate) fn peek_text(&self, name: &str) -> &str {
        self.peek(name).and_then(Value::as_str).filter(|text| !is_number(text)).unwrap_or_default()
    }

    /// The text of the member `name`, where it is there.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !is_number(&text) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a text", &other)),
        }
    }

    /// The text of the member `name`, which must be there.
    pub(crate) fn need_text(&mut self, name: &str) -> Result<String, Fault> {
        match self.need(name)? {
            Value::String(text) if !is_number(&text) => Ok(text),
            other => Err(self.wrong(name, "a text", &other)),
        }
    }

    /// The truth value of the member `name`, where it is there.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// The whole number of the member `name`, where it is there.
    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| self.wrong(name, "a whole number, zero or more", &value)),
        }
    }

    /// The number of the member `name`, where it is there.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<Number>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(other) => Err(self.wrong(name, "a number", &other)),
        }
    }

    /// The elements of the member `name`; none where it is absent.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>, Fault> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(elements)) => Ok(elements),
            Some(other) => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// Reads each element of the list `name`, which must be objects, with `read`; none where it is absent.
    pub(crate) fn each<T>(&mut self, name: &str, mut read: impl FnMut(Object<'_>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let elements = self.list(name)?;
        let path = self.path.member(name);
        elements.into_iter().enumerate().map(|(index, element)| read(Object::of(element, path.element(index))?)).collect()
    }

    /// The members of the object `name`, unread, where it is there.
    pub(crate) fn members_of(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Reads the object `name` with `read`, which must deal with the rest of it; `None` where it is absent.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(Object<'_>) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(Object::of(value, self.path.member(name))?).map(Some)
    }

    /// Reads the object `name`, which must be there.
    pub(crate) fn need_object<T>(&mut self, name: &str, read: impl FnOnce(Object<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let value = self.need(name)?;
        read(Object::of(value, self.path.member(name))?)
    }

    /// A complaint about the member `name`; `what` continues the sentence that begins with its path.
    pub(crate) fn fault(&self, name: &str, what: impl AsRef<str>) -> Fault {
        complaint(&self.path.member(name), what)
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Value) -> Fault {
        wrong(&self.path.member(name), wanted, found)
    }

    /// Passes over the member `name`, because it says nothing that has to come across.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.members.swap_remove(name);
    }

    /// Reports every member that nobody has taken and that says something (not `null`, not empty).
    pub(crate) fn rest(self, loss: &mut Loss) {
        for (name, value) in &self.members {
            if !is_blank(value) {
                loss.dropped(self.path.member(name), "it is not known to Jeton");
            }
        }
    }

    /// The object as it stands, with all that was not taken.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.members)
    }
}

/// A name in camel case with underscores instead.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// A name with underscores in camel case instead.
pub(crate) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !camel.is_empty() => camel.extend([first.to_ascii_uppercase()]),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}

/// Whether a value says nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A malformed request.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// A complaint about the place; `what` continues the sentence that begins with its path.
pub(crate) fn complaint(path: &Path<'_>, what: impl AsRef<str>) -> Fault {
    let place = path.to_string();
    if place.is_empty() {
        return invalid(format!("`the body` {}", what.as_ref()));
    }
    invalid(format!("`{place}` {}", what.as_ref())).param(place)
}

/// The value at the place has another type than `wanted`.
pub(crate) fn wrong(path: &Path<'_>, wanted: &str, found: &Value) -> Fault {
    complaint(path, format!("must be {wanted}, not {}.", kind(found)))
}

/// The JSON type of `value`, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if is_number(text) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
