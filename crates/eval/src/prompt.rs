//! What is sent for a case under a target.

use crate::{Case, Input, Prompt, Role, Suite, Target, Turn, template};
use serde_json::{Map, Value};

/// The conversation with which a case begins under a target: the prompt's messages, then the case's own. Of a dialogue only its first question:
/// [`next`] gives the others, each after the answer to the one before.
///
/// # Errors
/// What is wrong with the prompt, or which of its variables the case does not have.
pub fn turns(suite: &Suite, target: &Target, case: &Case) -> Result<Vec<Turn>, String> {
    let prompt = prompt_of(suite, target)?;
    let mut turns = Vec::new();
    let values = prompt_values(case, case.input.last_text());
    for before in prompt.map_or(&[][..], |prompt| &prompt.before) {
        turns.push(Turn { content: template::render(&before.content, &values)?, ..before.clone() });
    }
    match &case.input {
        Input::Text(text) => turns.push(said(prompt, case, text)?),
        Input::Dialogue(says) => turns.push(said(prompt, case, says.first().map_or("", String::as_str))?),
        Input::Messages(messages) => {
            let last = messages.iter().rposition(|turn| turn.role == Role::User);
            for (at, message) in messages.iter().enumerate() {
                turns.push(if Some(at) == last { said(prompt, case, &message.content)? } else { message.clone() });
            }
        }
    }
    Ok(turns)
}

/// The nth question of a dialogue, from 0; none behind its last, and none but the first for any other case.
///
/// # Errors
/// As [`turns`].
pub fn next(suite: &Suite, target: &Target, case: &Case, nth: usize) -> Result<Option<Turn>, String> {
    let Input::Dialogue(says) = &case.input else { return Ok(None) };
    let prompt = prompt_of(suite, target)?;
    says.get(nth).map(|text| said(prompt, case, text)).transpose()
}

/// What prompts may ask for: the case's variables, `id`, and `input` as the question that is put. Never the reference: it is the answer.
#[must_use]
pub fn prompt_values(case: &Case, input: &str) -> Map<String, Value> {
    let mut values = case.vars.clone();
    values.entry("id").or_insert_with(|| case.id.as_str().into());
    values.insert("input".into(), input.into());
    values
}

/// What the texts of graders may ask for: as prompts, and `reference`, where the case has one.
#[must_use]
pub fn grader_values(case: &Case) -> Map<String, Value> {
    let mut values = prompt_values(case, case.input.last_text());
    if let Some(reference) = &case.reference {
        values.entry("reference").or_insert_with(|| reference.clone());
    }
    values
}

fn prompt_of<'a>(suite: &'a Suite, target: &Target) -> Result<Option<&'a Prompt>, String> {
    let found = |name: &String| suite.prompts.get(name).ok_or_else(|| format!("the suite has no prompt `{name}`"));
    target.prompt.as_ref().map(found).transpose()
}

/// What the user says: the prompt's text around the question, or the question alone.
fn said(prompt: Option<&Prompt>, case: &Case, input: &str) -> Result<Turn, String> {
    let content = match prompt.and_then(|prompt| prompt.user.as_ref()) {
        Some(user) => template::render(user, &prompt_values(case, input))?,
        None => input.to_owned(),
    };
    Ok(Turn::new(Role::User, content))
}
