//! Localisation cases from a repository's own past: what a fix said is the question, what it changed is the truth.

use crate::git::{ChangeKind, Commit, FilePatch, Git, GitError, Hunk};
use crate::rank::Query;
use crate::role::{Role, role};
use regex::Regex;
use std::sync::LazyLock;

/// Files of a fix at most; larger ones are sweeps.
const FILES_MAX: usize = 10;
/// Distinct terms of a message at least; shorter ones ("fix tests") ask nothing.
const TERMS_MIN: usize = 4;
/// Characters of a message at most.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// A question whose answer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The fix.
    pub commit: String,
    /// The commit before it, whose files are searched.
    pub parent: String,
    /// The message without names of files.
    pub query: String,
    /// What had to be found.
    pub files: Vec<CaseFile>,
    /// How many commits of the log are not older than the fix.
    pub position: usize,
}

/// A file that a fix changed, as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// Its path before the fix.
    pub path: String,
    /// Its changed places; empty for binary files.
    pub hunks: Vec<Hunk>,
}

/// At most `most` cases, the newest first. `log` are the commits of the repository, newest first.
///
/// A case is a commit whose subject speaks of a fix of behaviour, and that changed between one and ten files of code that were there, one
/// of them neither test nor example. Only those are asked for: change logs, lock files, data, prose and settings follow of themselves.
/// Sweeps (spelling, formatting, lints, new compilers) and mends of CI, releases and pages are no cases, since their messages name no fault.
///
/// # Errors
/// Where Git cannot tell what was changed.
pub fn cases(git: &Git, log: &[Commit], most: usize) -> Result<Vec<Case>, GitError> {
    let fixes: Vec<(usize, &Commit, String)> = log
        .iter()
        .enumerate()
        .filter(|(_, commit)| {
            !commit.parent.is_empty()
                && FIX.is_match(&commit.subject)
                && !SWEEP.is_match(&commit.subject)
                && (1..=3 * FILES_MAX).contains(&commit.changes.len())
        })
        .filter(|(_, commit)| commit.changes.iter().any(|change| change.kind != ChangeKind::Added && role(&change.path) == Role::Source))
        .map(|(position, commit)| (position, commit, question(commit)))
        .filter(|(_, _, query)| telling_words(query) >= TERMS_MIN)
        .take(most)
        .collect();
    let patches = git.patches(&fixes.iter().map(|(_, commit, _)| commit.id.clone()).collect::<Vec<_>>())?;
    let made = fixes.into_iter().zip(patches).filter_map(|((position, commit, query), patch)| {
        let files = truth(patch);
        let is_case = files.len() <= FILES_MAX && files.iter().any(|file| role(&file.path) == Role::Source);
        is_case.then(|| Case { commit: commit.id.clone(), parent: commit.parent.clone(), query, files, position: position + 1 })
    });
    Ok(made.collect())
}

/// Distinct words of a message that could tell a place.
fn telling_words(message: &str) -> usize {
    const GENERIC: [&str; 14] =
        ["fix", "bug", "error", "issu", "problem", "correct", "incorrect", "wrong", "broken", "break", "regress", "thing", "code", "work"];
    Query::new(message).terms.iter().filter(|(term, _)| !GENERIC.contains(&term.as_str())).count()
}

fn truth(patch: Vec<FilePatch>) -> Vec<CaseFile> {
    let asked = |path: &str| matches!(role(path), Role::Source | Role::Test);
    let files = patch.into_iter().filter_map(|file| file.old_path.filter(|path| asked(path)).map(|path| CaseFile { path, hunks: file.hunks }));
    files.collect()
}

static FIX: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(fix(e[sd]|ing)?|bug(fix)?|regression|crash(es)?|panics?|incorrect(ly)?|wrong(ly)?|repair|broken|correct(ly)?)\b"));
static SWEEP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(typos?|spelling|grammar|clippy|lints?|linter|fmt|format(ting)?|whitespace|warnings?|comments?|docs?|documentation|readme|changelog|flaky|flakes?|",
        r"ci|workflows?|release|releases|merge|revert|bump|deps|dependabot|rebase|tests?|benchmarks?|examples?|website|site|build|nit|nits|various|several|misc)\b",
    ))
});
/// Trailers, addresses and numbers of discussions say nothing; names of files and paths would give the answer away.
static REMOVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?m)^(?i:signed-off-by|co-authored-by|reviewed-by|change-id|cc|closes|fixes|refs?)\s*:?\s*(#|https?:|[\w.-]+/[\w.-]+#|.*<.*@.*>).*$",
        r"|https?://\S+|\(?#\d+\)?|[\w.-]+/[\w./-]+",
        r"|\b[\w-]+\.(?:rs|py|pyi|ts|tsx|js|jsx|mjs|cjs|go|java|c|h|cc|cpp|hpp|cs|rb|php|md|rst|txt|toml|json|ya?ml|lock|sh|html|css|cfg|ini|mod|sum)\b",
    ))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is part of the program")
}

/// A commit's message as a question.
fn question(commit: &Commit) -> String {
    let message: String = format!("{}\n{}", commit.subject, commit.body).chars().take(MESSAGE_CHARS_MAX).collect();
    let kept = REMOVED.replace_all(&message, " ");
    kept.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_give_no_file_away() {
        let check = |subject: &str, body: &str, expected: &str| {
            let commit = Commit { id: String::new(), parent: String::new(), time_s: 0, subject: subject.into(), body: body.into(), changes: Vec::new() };
            assert_eq!(question(&commit), expected);
        };
        check("Fix panic in lexer.rs (#12)", "", "Fix panic in");
        check("fix(router): wrong path", "See src/router/mod.rs:4\n\nSigned-off-by: A <a@b.c>\nCloses #4", "fix(router): wrong path\nSee :4");
        check("Fix url handling", "https://x.y/z and app.ts differ from Url.parse", "Fix url handling\nand differ from Url.parse");
    }
}
