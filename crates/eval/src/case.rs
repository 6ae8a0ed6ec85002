//! Cases: what is asked, and what would be right.

use crate::Grader;
use jeton_context::{Digest, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The asker.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Tool calls of an assistant, as Chat Completions writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Value>,
    /// The call that a tool's result answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Turn {
    /// A message of text alone.
    #[must_use]
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: None, tool_call_id: None }
    }
}

/// What a case asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// One question.
    Text(String),
    /// A conversation so far; its answer is judged.
    Messages(Vec<Turn>),
    /// What a user says one after the other, each answered before the next; the last answer is judged, with the tool calls of all.
    Dialogue(Vec<String>),
}

impl Input {
    /// The digest of all that is asked.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// What was asked last, as text: what a pack looks for.
    #[must_use]
    pub fn last_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Messages(turns) => turns.iter().rev().find(|turn| turn.role == Role::User).map_or("", |turn| &turn.content),
            Self::Dialogue(says) => says.last().map_or("", String::as_str),
        }
    }
}

/// One case of a suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Unique in the suite.
    pub id: String,
    /// What it shares its source with (a document, a template, a conversation): cases of one cluster are no independent evidence.
    /// Its own id where nothing was said.
    pub cluster: String,
    /// The kind of work; none: the suite's.
    pub class: Option<String>,
    /// What is asked.
    pub input: Input,
    /// What would be right: a text, several of which one must match, or any value; none where nothing is.
    pub reference: Option<Value>,
    /// Ids of context units without which the case cannot be answered.
    pub needs: Vec<String>,
    /// Paths of files that belong to the case, from the suite's directory.
    pub files: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// How much it counts; 1 where nothing was said, never negative.
    pub weight: f64,
    /// Values for prompts and graders, beside `input` and `reference`.
    pub vars: Map<String, Value>,
    /// Graders of this case alone, beside the suite's.
    pub graders: Vec<Grader>,
    /// Where it is written.
    pub place: Place,
}

impl Case {
    /// A case with a question and defaults for all else.
    #[must_use]
    pub fn new(id: impl Into<String>, input: Input, place: Place) -> Self {
        let id = id.into();
        Self {
            cluster: id.clone(),
            id,
            class: None,
            input,
            reference: None,
            needs: Vec::new(),
            files: Vec::new(),
            tags: Vec::new(),
            weight: 1.0,
            vars: Map::new(),
            graders: Vec::new(),
            place,
        }
    }

    /// The references as texts: a text, each of a list, or the JSON of any other value. Empty where there is none.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match &self.reference {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(several)) => several.iter().map(text).collect(),
            Some(one) => vec![text(one)],
        }
    }
}
