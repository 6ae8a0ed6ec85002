//! What cases ask: it stands in the suites' files, not in the rows.

use crate::state::Console;
use jeton_eval::run::RunHead;
use jeton_eval::{Input, Role, Suite, read};

/// What a case asks, and what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Who speaks, and what is said.
    pub(crate) turns: Vec<(&'static str, String)>,
    /// Right answers, any of which is enough; empty: none is written down.
    pub(crate) references: Vec<String>,
    /// Whether the suite has changed since the run, so that the case may read otherwise now.
    pub(crate) is_changed: bool,
}

/// The suite of a run as its file is now; none where the console has no project, or the file cannot be read.
pub(crate) fn suite_now(console: &Console, head: &RunHead) -> Option<Suite> {
    let engine = console.context.as_ref()?.engine.get()?;
    read::read_suite(engine.root(), &engine.root().join(&head.file)).ok().map(|(suite, _)| suite)
}

/// What a case of a run asks.
pub(crate) fn asked(suite: &Suite, head: &RunHead, case: &str) -> Option<Asked> {
    let case = suite.cases.iter().find(|one| one.id == case)?;
    let turns = match &case.input {
        Input::Text(text) => vec![("user", text.clone())],
        Input::Messages(turns) => turns.iter().map(|turn| (word(turn.role), turn.content.clone())).collect(),
        Input::Dialogue(texts) => texts.iter().map(|text| ("user", text.clone())).collect(),
    };
    Some(Asked { turns, references: case.references(), is_changed: suite.digest != head.digest })
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}
