//! Embeddings requests.

use super::exact::is_number;
use super::loss::Path;
use super::object::{Object, complaint, wrong};
use super::request::{EmbeddingAsk, EmbeddingInput, Request};
use jeton_core::Fault;
use serde_json::Value;

/// No vendor's vectors are longer; a bound keeps one request from asking for gigabytes.
const DIMENSIONS_MOST: u64 = 16_384;

/// The most inputs that OpenAI takes in one request.
const INPUTS_MOST: usize = 2_048;

pub(super) fn fill(request: &mut Request, root: &mut Object<'_>) -> Result<(), Fault> {
    let inputs = read_inputs(root.need("input")?, &root.path.member("input"))?;
    let dimensions = match root.count("dimensions")? {
        None => None,
        Some(wanted @ 1..=DIMENSIONS_MOST) => Some(u32::try_from(wanted).unwrap_or(u32::MAX)),
        Some(_) => return Err(root.fault("dimensions", format!("must be between 1 and {DIMENSIONS_MOST}."))),
    };
    let base64 = match root.text("encoding_format")?.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(unknown) => return Err(root.fault("encoding_format", format!("is `{unknown}`; known are float and base64."))),
    };
    // Vectors come whole; a stream of them exists in no dialect.
    request.stream = false;
    request.embedding = Some(EmbeddingAsk { inputs, dimensions, base64 });
    Ok(())
}

/// A text, tokens, a list of texts, or a list of lists of tokens.
fn read_inputs(input: Value, path: &Path<'_>) -> Result<Vec<EmbeddingInput>, Fault> {
    let elements = match input {
        Value::String(text) if !is_number(&text) => return Ok(vec![EmbeddingInput::Text(text)]),
        Value::Array(elements) => elements,
        other => return Err(wrong(path, "a list", &other)),
    };
    let inputs = if elements.first().is_some_and(Value::is_number) {
        vec![read_tokens(&elements, path)?]
    } else {
        elements.into_iter().enumerate().map(|(index, element)| read_input(element, &path.element(index))).collect::<Result<_, _>>()?
    };
    match inputs.len() {
        0 => Err(complaint(path, "must hold at least one text.")),
        1..=INPUTS_MOST => Ok(inputs),
        many => Err(complaint(path, format!("holds {many} texts; at most {INPUTS_MOST} go into one request."))),
    }
}

fn read_input(element: Value, path: &Path<'_>) -> Result<EmbeddingInput, Fault> {
    match element {
        Value::String(text) if !is_number(&text) => Ok(EmbeddingInput::Text(text)),
        Value::Array(tokens) => read_tokens(&tokens, path),
        other => Err(wrong(path, "a text", &other)),
    }
}

fn read_tokens(tokens: &[Value], path: &Path<'_>) -> Result<EmbeddingInput, Fault> {
    let number = |(index, token): (usize, &Value)| token.as_u64().ok_or_else(|| wrong(&path.element(index), "a whole number, zero or more", token));
    Ok(EmbeddingInput::Tokens(tokens.iter().enumerate().map(number).collect::<Result<_, _>>()?))
}
