//! Classes of work, guessed from what a directory has.

use crate::tree::{Tree, file_name};

/// A class that the directory suggests.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClassGuess {
    /// Its name, as `code.review`.
    pub name: String,
    /// What it is, in a sentence.
    pub what: String,
    /// What suggested it: a path, with how many like it there are.
    pub evidence: String,
    /// The name of its pack.
    pub pack: String,
    /// The kinds of units that its pack takes.
    pub kinds: Vec<&'static str>,
    /// The most tokens of its pack.
    pub budget_tokens: u64,
}

/// The classes, by name. None where nothing suggests any.
pub(super) fn classes(tree: &dyn Tree) -> Vec<ClassGuess> {
    let guesses: [fn(&dyn Tree) -> Option<ClassGuess>; 5] = [answers, fixes, reviews, requests, replies];
    let mut found: Vec<ClassGuess> = guesses.iter().filter_map(|guess| guess(tree)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The first path for which `is_meant` holds, and how many there are.
fn evidence(tree: &dyn Tree, is_meant: impl Fn(&str) -> bool) -> Option<String> {
    let mut paths = tree.files().iter().map(|file| &*file.path).filter(|path| is_meant(path) && !crate::audit::is_aside(path));
    let first = paths.next()?;
    let more = paths.count();
    // A path may hold what would end a comment or steer a terminal.
    let first: String = first.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    Some(if more == 0 { first } else { format!("{first} and {more} more") })
}

fn class(name: &str, what: &str, evidence: String, kinds: &[&'static str], budget_tokens: u64) -> ClassGuess {
    ClassGuess { name: name.to_owned(), what: what.to_owned(), evidence, pack: name.replace('.', "-"), kinds: kinds.to_vec(), budget_tokens }
}

fn reviews(tree: &dyn Tree) -> Option<ClassGuess> {
    let is_gate = |path: &str| {
        let is_workflow = path.starts_with(".github/workflows/");
        path == ".gitlab-ci.yml"
            || is_workflow && tree.file(path).is_some_and(|file| file.size_bytes < 1 << 20) && tree.text(path).is_ok_and(|text| text.contains("pull_request"))
    };
    let proof = evidence(tree, is_gate)?;
    Some(class("code.review", "a proposed change is judged", proof, &["constraint", "doc", "code"], 8_000))
}

fn fixes(tree: &dyn Tree) -> Option<ClassGuess> {
    let has_code = evidence(tree, crate::audit::is_code)?;
    let template = evidence(tree, |path| path.starts_with(".github/ISSUE_TEMPLATE"));
    let proof = template.map_or_else(|| has_code.clone(), |template| format!("{has_code}; {template}"));
    Some(class("code.fix", "a fault is found and mended", proof, &["constraint", "doc", "code", "history"], 12_000))
}

fn answers(tree: &dyn Tree) -> Option<ClassGuess> {
    let is_doc = |path: &str| {
        let is_text = [".md", ".mdx", ".rst", ".adoc"].iter().any(|ending| path.ends_with(ending));
        is_text && path.split('/').next().is_some_and(|top| matches!(top, "docs" | "doc" | "documentation" | "site" | "website"))
    };
    Some(class("docs.answer", "a question is answered from the documents", evidence(tree, is_doc)?, &["doc", "example"], 4_000))
}

fn requests(tree: &dyn Tree) -> Option<ClassGuess> {
    let is_api = |path: &str| {
        let name = file_name(path);
        let is_structured = [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
        is_structured && (name.starts_with("openapi") || name.starts_with("swagger"))
    };
    Some(class("api.request", "a request to the API is written", evidence(tree, is_api)?, &["schema", "example", "constraint"], 6_000))
}

fn replies(tree: &dyn Tree) -> Option<ClassGuess> {
    let is_support = |path: &str| {
        let is_text = [".md", ".toml", ".rst"].iter().any(|ending| path.ends_with(ending));
        let speaks = |part: &str| matches!(part.to_lowercase().as_str(), "support" | "helpdesk" | "faq" | "refunds" | "customer-service");
        is_text && path.split(['/', '.']).any(speaks)
    };
    Some(class("support.reply", "somebody who asks for help gets an answer", evidence(tree, is_support)?, &["constraint", "doc", "example", "schema"], 4_000))
}
