//! What a file is for, by its path alone.

use crate::generated::is_generated_name;
use crate::tree::file_name;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The product's own code.
    Code,
    /// Code that tests.
    Test,
    /// Code that shows, measures or documents: nobody expects tests of it.
    Example,
    /// Code that only sets tools up, and scripts.
    Config,
    /// Running text.
    Doc,
    /// Made by a tool, or a copy of somebody else's.
    Foreign,
    /// All else.
    Other,
}

/// The languages that are known, by the endings of their files.
const LANGUAGES: [(&str, &[&str]); 20] = [
    ("Rust", &["rs"]),
    ("Python", &["py", "pyx"]),
    ("TypeScript", &["ts", "tsx", "mts", "cts", "vue", "svelte"]),
    ("JavaScript", &["js", "jsx", "mjs", "cjs"]),
    ("Go", &["go"]),
    ("Java", &["java"]),
    ("Kotlin", &["kt", "kts"]),
    ("C", &["c", "h"]),
    ("C++", &["cc", "cpp", "cxx", "hpp", "hh", "hxx"]),
    ("C#", &["cs"]),
    ("Ruby", &["rb"]),
    ("PHP", &["php"]),
    ("Swift", &["swift"]),
    ("Scala", &["scala"]),
    ("Elixir", &["ex", "exs"]),
    ("Shell", &["sh", "bash", "zsh", "ps1"]),
    ("Dart", &["dart"]),
    ("Zig", &["zig"]),
    ("Lua", &["lua"]),
    ("Haskell", &["hs"]),
];

/// Directories of texts and data that tests and tools read.
const DATA: [&str; 12] =
    ["fixtures", "__fixtures__", "fixture", "testdata", "test-data", "test_data", "snapshots", "__snapshots__", "golden", "goldens", "mocks", "__mocks__"];
const FOREIGN: [&str; 9] = ["vendor", "vendored", "node_modules", "third_party", "third-party", "thirdparty", ".yarn", "dist", "generated"];
const TESTS: [&str; 12] =
    ["test", "tests", "__tests__", "spec", "specs", "e2e", "integration-tests", "integration_tests", "testing", "testutil", "test-utils", "testutils"];
const EXAMPLES: [&str; 16] = [
    "examples",
    "example",
    "_examples",
    "samples",
    "sample",
    "demo",
    "demos",
    "benches",
    "bench",
    "benchmark",
    "benchmarks",
    "docs",
    "doc",
    "website",
    "fuzz",
    "playground",
];
/// Directories of scripts.
const SCRIPTS: [&str; 5] = ["scripts", "script", "hack", "ci", ".ci"];
const CONFIG_NAMES: [&str; 8] = ["setup.py", "conftest.py", "noxfile.py", "build.rs", "gulpfile.js", "Gruntfile.js", "tasks.py", "mix.exs"];
/// Texts that tell what was, or what is allowed, and not how to work.
const NOT_WORK: [&str; 14] = [
    "changelog",
    "changes",
    "history",
    "releases",
    "release-notes",
    "news",
    "license",
    "licence",
    "copying",
    "authors",
    "contributors",
    "notice",
    "code_of_conduct",
    "code-of-conduct",
];

/// The language of a file, by its ending.
pub(crate) fn language(path: &str) -> Option<&'static str> {
    let ending = file_name(path).rsplit_once('.')?.1;
    LANGUAGES.iter().find(|(_, endings)| endings.contains(&ending)).map(|(name, _)| *name)
}

/// What a file is for, as far as its path tells.
pub(crate) fn role(path: &str) -> Role {
    let name = file_name(path);
    let has = |names: &[&str]| path.split('/').rev().skip(1).any(|part| names.contains(&part));
    // Declarations are written by tools, or say what is tested elsewhere.
    if has(&FOREIGN) || is_generated_name(name) || name.ends_with(".d.ts") {
        return Role::Foreign;
    }
    if is_prose(name) {
        return Role::Doc;
    }
    let Some(language) = language(path) else { return Role::Other };
    if is_fixture(path) {
        Role::Other
    } else if is_test_name(name, language) || has(&TESTS) {
        Role::Test
    } else if has(&EXAMPLES) {
        Role::Example
    } else if is_config(path, name) || language == "Shell" || has(&SCRIPTS) {
        Role::Config
    } else {
        Role::Code
    }
}

/// Whether a path lies among data of tests.
pub(crate) fn is_fixture(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|part| DATA.contains(&part) || part.contains("fixture"))
}

/// Whether a path lies among data of tests, in tests or in examples: what is declared there is nobody's entry point.
pub(crate) fn is_data(path: &str) -> bool {
    let is_aside = |part: &str| TESTS.contains(&part) || EXAMPLES.contains(&part) && !matches!(part, "docs" | "doc" | "website");
    is_fixture(path) || path.split('/').rev().skip(1).any(is_aside)
}

/// Whether a file is running text, whatever it tells.
fn is_prose(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "md" | "mdx" | "mdc" | "markdown" | "rst" | "adoc" | "asciidoc") || matches!(name, "README" | "CONTRIBUTING" | "llms.txt" | ".cursorrules")
}

/// Whether a text tells how to work, and not what was (a changelog) or what is allowed (a licence).
pub(crate) fn is_of_work(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let in_history = path.split('/').rev().skip(1).any(|part| matches!(part.to_lowercase().as_str(), "changelogs" | "changelog" | "changes" | "releases"));
    !in_history && !NOT_WORK.iter().any(|word| stem == *word || stem.starts_with(&format!("{word}-")))
}

fn is_test_name(name: &str, language: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    match language {
        "Go" => name.ends_with("_test.go"),
        "TypeScript" | "JavaScript" => name.contains(".test.") || name.contains(".spec.") || name.contains(".e2e."),
        "Java" | "Kotlin" | "Scala" | "C#" | "PHP" | "Swift" => ["Test", "Tests", "Spec", "IT"].iter().any(|end| stem.len() > end.len() && stem.ends_with(end)),
        _ => stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_tests") || stem.ends_with("_spec") || matches!(stem, "tests" | "test"),
    }
}

fn is_config(path: &str, name: &str) -> bool {
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    is_hidden || CONFIG_NAMES.contains(&name) || name.contains(".config.") || name.contains(".conf.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Role) {
        assert_eq!(role(path), expected, "{path}");
    }

    #[test]
    fn code_and_what_only_looks_like_it() {
        check("src/refund.rs", Role::Code);
        check("lib/a.js", Role::Code);
        check("cmd/tool/main.go", Role::Code);
        check("scripts/release.sh", Role::Config);
        check("fixture-data/src/a.rs", Role::Other);
        check("src/refund_test.go", Role::Test);
        check("src/refund/tests.rs", Role::Test);
        check("web/src/a.spec.ts", Role::Test);
        check("src/test/java/a/RefundTest.java", Role::Test);
        check("src/main/java/a/Contest.java", Role::Code);
        check("tests/helpers/mod.rs", Role::Test);
        check("examples/hello/src/main.rs", Role::Example);
        check("crates/a/benches/b.rs", Role::Example);
        check("docs/conf.py", Role::Example);
        check("eslint.config.js", Role::Config);
        check(".github/scripts/a.py", Role::Config);
        check("tests/fixtures/a.py", Role::Other);
        check("vendor/x/a.go", Role::Foreign);
        check("api/a.pb.go", Role::Foreign);
        check("docs/a.md", Role::Doc);
        check("data.csv", Role::Other);
    }

    #[test]
    fn histories_and_licences_are_no_instructions() {
        let found = [
            "CHANGELOG.md",
            "changelogs/0.1.x.md",
            "LICENSE-MIT.md",
            "CODE_OF_CONDUCT.md",
            "docs/changes.md",
            "README.md",
            "docs/history-api.md",
            "docs/changesets.md",
        ]
        .map(is_of_work);
        assert_eq!(found, [false, false, false, false, false, true, false, true]);
    }
}
