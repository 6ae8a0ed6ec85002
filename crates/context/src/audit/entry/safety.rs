//! Whether something can be repeated without harm: by verbs. What no verb tells is unknown, and never called safe.

use serde::Serialize;

/// Whether something can be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Safety {
    /// Its name is that of a check or a build, and nothing in it changes what others use.
    Safe,
    /// It changes what others use.
    Unsafe,
    /// Nothing tells.
    Unknown,
}

/// Words of names that look or make, and change nothing for others.
const SAFE: [&str; 26] = [
    "test",
    "tests",
    "lint",
    "build",
    "check",
    "fmt",
    "format",
    "typecheck",
    "types",
    "type",
    "clippy",
    "verify",
    "validate",
    "compile",
    "doc",
    "docs",
    "help",
    "list",
    "coverage",
    "cov",
    "bench",
    "spec",
    "audit",
    "mypy",
    "ruff",
    "unit",
];

/// Words of names that change what others use.
const UNSAFE: [&str; 17] = [
    "deploy",
    "publish",
    "release",
    "drop",
    "delete",
    "destroy",
    "migrate",
    "migration",
    "push",
    "rollback",
    "purge",
    "wipe",
    "undeploy",
    "upload",
    "promote",
    "teardown",
    "unpublish",
];

/// Beginnings of commands that change what others use.
const UNSAFE_COMMANDS: [&str; 31] = [
    "npm publish",
    "yarn publish",
    "yarn npm publish",
    "pnpm publish",
    "lerna publish",
    "changeset publish",
    "cargo publish",
    "cargo release",
    "cargo yank",
    "uv publish",
    "poetry publish",
    "flit publish",
    "hatch publish",
    "twine upload",
    "gem push",
    "git push",
    "docker push",
    "docker buildx build --push",
    "gh release create",
    "gh release delete",
    "goreleaser release",
    "kubectl apply",
    "kubectl delete",
    "helm upgrade",
    "helm install",
    "helm uninstall",
    "terraform apply",
    "terraform destroy",
    "fly deploy",
    "vercel deploy",
    "aws s3 rm",
];

/// Statements of SQL that take away.
const UNSAFE_SQL: [&str; 3] = ["drop table", "drop database", "truncate table"];

/// Marks of a question, a dry run or an approval.
const GUARDS: [&str; 8] = ["read -p", "read -r -p", "--dry-run", "dry_run", "confirm", "[confirm", "--check-only", "are you sure"];

/// Judges by the words of the name and by the commands. A command that harms counts for more than a name that sounds safe.
pub(crate) fn judge(name: &str, commands: &str) -> Safety {
    let lower = commands.to_lowercase();
    let harms = lower.lines().map(clean).any(|line| harms(&line));
    if harms {
        return Safety::Unsafe;
    }
    let words: Vec<String> = jeton_text::identifier_parts(name).into_iter().map(str::to_lowercase).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    // `build-release` and `test:migrations` speak of a kind of build and of what is tested.
    let looks = has(&SAFE);
    if words.iter().any(|word| word == "dry") && words.iter().any(|word| word == "run") {
        return Safety::Safe;
    }
    match (has(&UNSAFE), looks) {
        (true, false) => Safety::Unsafe,
        (true, true) => Safety::Unknown,
        (false, true) => Safety::Safe,
        (false, false) => Safety::Unknown,
    }
}

fn clean(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn harms(line: &str) -> bool {
    if line.starts_with('#') || line.contains("--dry-run") || line.contains("--help") || line.starts_with("echo ") || line.starts_with("@echo ") {
        return false;
    }
    UNSAFE_COMMANDS.iter().any(|command| super::super::survey::has_words(line, command)) || UNSAFE_SQL.iter().any(|statement| line.contains(statement))
}

/// The first command in `commands` that harms.
pub(crate) fn harm(commands: &str) -> Option<&'static str> {
    let lines: Vec<String> = commands.to_lowercase().lines().map(clean).filter(|line| harms(line)).collect();
    UNSAFE_COMMANDS.iter().chain(&UNSAFE_SQL).find(|command| lines.iter().any(|line| line.contains(**command))).copied()
}

/// Whether something in the commands asks first.
pub(crate) fn is_guarded(commands: &str) -> bool {
    let lower = commands.to_lowercase();
    GUARDS.iter().any(|guard| lower.contains(guard))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, commands: &str, expected: Safety) {
        assert_eq!(judge(name, commands), expected, "{name}: {commands}");
    }

    #[test]
    fn verbs_tell_and_what_they_do_not_tell_is_unknown() {
        check("test", "cargo test", Safety::Safe);
        check("lint:fix", "eslint --fix .", Safety::Safe);
        check("deploy", "", Safety::Unsafe);
        check("dbMigrate", "", Safety::Unsafe);
        check("seed", "node seed.js", Safety::Unknown);
        check("test", "cargo test && git push --tags", Safety::Unsafe);
        check("build-release", "cargo build --release", Safety::Unknown);
        check("ship", "\tnpm   publish --access public", Safety::Unsafe);
        check("ship", "npm publish --dry-run", Safety::Unknown);
        check("note", "echo run git push yourself", Safety::Unknown);
        check("reset", "psql -c 'DROP TABLE users'", Safety::Unsafe);
        check("release-dry-run", "", Safety::Safe);
        check("contest", "", Safety::Unknown);
    }

    #[test]
    fn questions_guard() {
        assert_eq!(["read -p 'sure? ' x", "cargo publish --dry-run", "git push"].map(is_guarded), [true, true, false]);
        assert_eq!(harm("a\ngit  push origin"), Some("git push"));
    }
}
