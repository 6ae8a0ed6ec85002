//! `jeton demo`: the stories of those who work with Jeton, offline, in a minute each. Nothing in them is canned: whatever is printed came
//! about while it was told.

mod client;
mod desk;
mod engineer;
mod orchestrator;
mod project;
mod server;
mod translator;

use crate::cli::Story;
use crate::failure::Failure;
use crate::output;
use serde_json::json;

/// Tells one story, or all; the exit code says whether all of it came true.
pub(crate) fn run(story: Option<Story>, is_json: bool) -> Result<(), Failure> {
    let say = voice(is_json);
    let is_told = |one: Story| story.is_none_or(|story| story == one);
    let mut told = serde_json::Map::new();
    let mut is_true = true;
    if is_told(Story::Engineer) {
        if story.is_none() {
            say("THE SYSTEMS ENGINEER\n");
        }
        let outcome = engineer::run(is_json)?;
        is_true &= outcome.ok;
        told.insert("engineer".to_owned(), json!(outcome));
    }
    if is_told(Story::Translator) {
        if story.is_none() {
            say("\nTHE DOMAIN TRANSLATOR\n");
        }
        let outcome = translator::run(is_json)?;
        is_true &= outcome.ok;
        told.insert("translator".to_owned(), json!(outcome));
    }
    if is_told(Story::Orchestrator) {
        if story.is_none() {
            say("\nTHE ORCHESTRATOR\n");
        }
        let outcome = orchestrator::run(is_json)?;
        is_true &= outcome.ok;
        told.insert("orchestrator".to_owned(), json!(outcome));
    }
    if is_json {
        // One story is its own document.
        match story {
            Some(_) => told.values().for_each(output::json),
            None => output::json(&told),
        }
    }
    if is_true { Ok(()) } else { Err(Failure::No) }
}

/// Tells people; programs get the outcome alone.
fn voice(is_json: bool) -> impl Fn(&str) {
    move |text| {
        if !is_json {
            println!("{text}");
        }
    }
}
