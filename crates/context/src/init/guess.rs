//! Classes of work, guessed from what a directory has.

use crate::tree::{Tree, file_name, parent};

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
    let mut found: Vec<ClassGuess> = guesses.iter().filter_map(|guess| guess(tree)).chain(prompts(tree)).collect();
    // What prompts and callers suggest comes last, so that a name which both suggest keeps the first evidence.
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    found
}

/// Classes that prompts and callers suggest, at most; more are no classes of work, and a directory stands for its prompts then.
const PROMPTS_MAX: usize = 8;
/// Files that are read for what they import, and the largest of them in bytes.
const CALLERS_READ_MAX: usize = 2_000;
const CALLER_BYTES_MAX: u64 = 256 << 10;

/// How source files name the vendors' packages for calling models, after their documentation.
const PACKAGES: [&str; 14] = [
    "import openai",
    "from openai",
    "import anthropic",
    "from anthropic",
    "\"openai\"",
    "'openai'",
    "\"@anthropic-ai/sdk\"",
    "'@anthropic-ai/sdk'",
    "async_openai::",
    "github.com/openai/openai-go",
    "github.com/anthropics/anthropic-sdk-go",
    "com.openai.",
    "com.anthropic.",
    "import litellm",
];

/// A class for each file in a directory of prompts, and for each source file that calls a model by a vendor's package.
fn prompts(tree: &dyn Tree) -> Vec<ClassGuess> {
    let paths: Vec<&str> = tree.files().iter().map(|file| &*file.path).filter(|path| !crate::audit::is_aside(path)).collect();
    let mut prompts: Vec<&str> = paths.iter().copied().filter(|path| is_prompt(path)).collect();
    let is_by_directory = prompts.len() > PROMPTS_MAX;
    if is_by_directory {
        prompts.dedup_by_key(|path| parent(path));
    }
    let name = |path: &str| stem(if is_by_directory { parent(path) } else { path });
    let named = prompts.iter().take(PROMPTS_MAX).map(|path| (name(path), *path, "a prompt of the project is asked"));
    let called = callers(tree, &paths).into_iter().map(|path| (stem(path), path, "code of the project asks a model"));
    let guess = |(name, path, what): (String, &str, &str)| {
        let path: String = path.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
        (!name.is_empty()).then(|| class(&format!("prompt.{name}"), what, path, &["constraint", "doc", "example", "schema"], 4_000))
    };
    named.chain(called).filter_map(guess).collect()
}

fn is_prompt(path: &str) -> bool {
    let is_text = [".md", ".txt", ".prompt", ".j2", ".jinja", ".jinja2", ".mustache", ".hbs", ".yaml", ".yml", ".toml"].iter().any(|end| path.ends_with(end));
    is_text && parent(path).split('/').any(|part| matches!(part.to_lowercase().as_str(), "prompts" | "prompt" | "prompt_templates" | "prompt-templates"))
}

/// Source files that import a vendor's package for calling models.
fn callers<'p>(tree: &dyn Tree, paths: &[&'p str]) -> Vec<&'p str> {
    let is_small = |path: &&&str| tree.file(path).is_some_and(|file| file.size_bytes <= CALLER_BYTES_MAX);
    let calls = |path: &&&str| tree.text(path).is_ok_and(|text| PACKAGES.iter().any(|package| text.contains(package)));
    let code = paths.iter().filter(|path| crate::audit::is_code(path)).filter(is_small).take(CALLERS_READ_MAX);
    code.filter(calls).take(PROMPTS_MAX).copied().collect()
}

/// The name of a file or directory without its endings, as a part of a class's name.
fn stem(path: &str) -> String {
    let name = file_name(path).split('.').next().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
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
