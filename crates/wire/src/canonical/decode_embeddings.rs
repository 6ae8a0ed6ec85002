//! Embeddings requests.

use super::reader::Node;
use super::request::{EmbeddingAsk, EmbeddingInput, Request};
use jeton_core::Fault;
use serde_json::Value;

/// No vendor's vectors are longer; a bound keeps one request from asking for gigabytes.
const DIMENSIONS_MOST: u64 = 16_384;

/// The most inputs that OpenAI takes in one request.
const INPUTS_MOST: usize = 2_048;

pub(super) fn fill(request: &mut Request, root: &Node<'_>) -> Result<(), Fault> {
    let inputs = read_inputs(&root.need("input")?)?;
    let dimensions = root.get("dimensions").map(|node| read_dimensions(&node)).transpose()?;
    let base64 = match root.get("encoding_format") {
        None => false,
        Some(format) => match format.text()? {
            "float" => false,
            "base64" => true,
            unknown => return Err(format.fault(format!("is `{unknown}`; known are float and base64."))),
        },
    };
    // Vectors come whole; a stream of them exists in no dialect.
    request.stream = false;
    request.embedding = Some(EmbeddingAsk { inputs, dimensions, base64 });
    Ok(())
}

fn read_dimensions(node: &Node<'_>) -> Result<u32, Fault> {
    match node.count()? {
        wanted @ 1..=DIMENSIONS_MOST => Ok(u32::try_from(wanted).unwrap_or(u32::MAX)),
        _ => Err(node.fault(format!("must be between 1 and {DIMENSIONS_MOST}."))),
    }
}

/// A text, tokens, a list of texts, or a list of lists of tokens.
fn read_inputs(input: &Node<'_>) -> Result<Vec<EmbeddingInput>, Fault> {
    if let Value::String(text) = input.value {
        return Ok(vec![EmbeddingInput::Text(text.clone())]);
    }
    let elements = input.list()?;
    let inputs = if elements.first().is_some_and(|first| first.value.is_number()) {
        vec![read_tokens(input)?]
    } else {
        elements
            .iter()
            .map(|element| if element.value.is_array() { read_tokens(element) } else { Ok(EmbeddingInput::Text(element.text()?.to_owned())) })
            .collect::<Result<_, _>>()?
    };
    match inputs.len() {
        0 => Err(input.fault("must hold at least one text.")),
        1..=INPUTS_MOST => Ok(inputs),
        many => Err(input.fault(format!("holds {many} texts; at most {INPUTS_MOST} go into one request."))),
    }
}

fn read_tokens(list: &Node<'_>) -> Result<EmbeddingInput, Fault> {
    Ok(EmbeddingInput::Tokens(list.list()?.iter().map(Node::count).collect::<Result<_, _>>()?))
}
