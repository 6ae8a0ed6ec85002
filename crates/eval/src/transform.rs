//! What is done to an answer before a grader reads it.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change of an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Blanks at both ends go.
    Trim,
    /// Small letters.
    Lowercase,
    /// Capital letters.
    Uppercase,
    /// The answer is JSON; the part at a JSON pointer: a text as it is, anything else as JSON. Empty: the whole.
    Pointer(String),
    /// What a regular expression finds first: its first group, where it has one.
    Find(String),
}

/// The answer after all changes, one after the other.
///
/// # Errors
/// What the answer lacks: it is no JSON, has nothing at the pointer, or nothing that the pattern finds.
pub fn apply(transforms: &[Transform], answer: &str) -> Result<String, String> {
    transforms.iter().try_fold(answer.to_owned(), |text, transform| match transform {
        Transform::Trim => Ok(text.trim().to_owned()),
        Transform::Lowercase => Ok(text.to_lowercase()),
        Transform::Uppercase => Ok(text.to_uppercase()),
        Transform::Pointer(pointer) => at(&text, pointer),
        Transform::Find(pattern) => find(&text, pattern),
    })
}

fn at(text: &str, pointer: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(text.trim()).map_err(|error| format!("the answer is no JSON: {error}"))?;
    match value.pointer(pointer) {
        Some(Value::String(part)) => Ok(part.clone()),
        Some(part) => Ok(part.to_string()),
        None => Err(format!("the answer has nothing at `{pointer}`")),
    }
}

fn find(text: &str, pattern: &str) -> Result<String, String> {
    let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
    let found = regex.captures(text).ok_or_else(|| format!("nothing in the answer is found by `{pattern}`"))?;
    Ok(found.get(1).or_else(|| found.get(0)).map_or_else(String::new, |part| part.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_follow_each_other() {
        let check = |transforms: &[Transform], answer: &str, expected: Result<&str, &str>| {
            assert_eq!(apply(transforms, answer).as_deref().map_err(String::as_str), expected, "{answer}");
        };
        check(&[Transform::Trim, Transform::Lowercase], " Yes\n", Ok("yes"));
        check(&[Transform::Pointer("/a/0".into()), Transform::Uppercase], " {\"a\": [\"x\"]} ", Ok("X"));
        check(&[Transform::Pointer("/a".into())], "{\"a\": [1, 2]}", Ok("[1,2]"));
        check(&[Transform::Find("answer: (\\w+)".into())], "the answer: blue.", Ok("blue"));
        check(&[Transform::Find("b.".into())], "abc", Ok("bc"));
        check(&[Transform::Pointer("/b".into())], "{}", Err("the answer has nothing at `/b`"));
        check(&[Transform::Find("z".into())], "abc", Err("nothing in the answer is found by `z`"));
    }
}
