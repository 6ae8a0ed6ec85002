//! What a file is for, by its path: a prior of how likely a task is about it.

use super::Language;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The product's code.
    Source,
    /// Tests, and what only they use.
    Test,
    /// Shown to users as a pattern.
    Example,
    /// Measures speed.
    Bench,
    /// Prose.
    Docs,
    /// Settings of tools and builds.
    Config,
    /// What runs on every change.
    Ci,
    /// What changed, release by release.
    Changelog,
    /// Resolved versions of dependencies.
    Lock,
    /// Records, fixtures, snapshots.
    Data,
    /// Written by a program.
    Generated,
    /// Pictures, fonts, styles.
    Asset,
    /// None of these.
    Other,
}

/// What the file of `path` (with `/` between its parts) is for. The first that fits, from the most telling on: fixtures within tests are data,
/// an example's README is prose.
#[must_use]
pub fn role(path: &str) -> Role {
    let lower = path.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('/').collect();
    let (name, folders) = parts.split_last().map_or(("", &[][..]), |(name, folders)| (*name, folders));
    let (stem, extension) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""));
    let is_source = Language::from_path(path).is_some();
    let within = |list: &[&str]| folders.iter().any(|folder| list.contains(folder));
    if is_lock(name, extension) {
        return Role::Lock;
    }
    if is_ci(&lower, name) {
        return Role::Ci;
    }
    if is_changelog(stem) && !is_source {
        return Role::Changelog;
    }
    if within(&["generated", "gen", "__generated__"]) || [".pb.go", "_pb2.py", ".g.cs", ".designer.cs"].iter().any(|end| name.ends_with(end)) {
        return Role::Generated;
    }
    if within(&["fixtures", "fixture", "testdata", "test-data", "test_data", "snapshots", "__snapshots__", "__fixtures__", "golden", "cassettes"])
        || is_data(extension)
    {
        return Role::Data;
    }
    if is_test(name, stem, is_source, &within) {
        return Role::Test;
    }
    if is_asset(extension) {
        return Role::Asset;
    }
    if is_docs(stem, extension) {
        return Role::Docs;
    }
    if within(&["benches", "bench", "benchmarks", "benchmark"]) || is_source && (stem.ends_with("_bench") || stem.starts_with("bench_")) {
        return Role::Bench;
    }
    if within(&["examples", "example", "samples", "sample", "demo", "demos", "_examples"]) {
        return Role::Example;
    }
    if is_config(name, stem, extension) {
        return Role::Config;
    }
    match is_source {
        true if within(&["docs", "doc"]) => Role::Docs,
        true => Role::Source,
        false if is_other_source(extension) => Role::Source,
        false if within(&["docs", "doc"]) => Role::Docs,
        false => Role::Other,
    }
}

fn is_lock(name: &str, extension: &str) -> bool {
    matches!(name, "package-lock.json" | "npm-shrinkwrap.json" | "pnpm-lock.yaml" | "go.sum" | "go.work.sum" | "packages.lock.json")
        || matches!(extension, "lock" | "lockb" | "lockfile")
}

fn is_ci(path: &str, name: &str) -> bool {
    let folders = [".github/workflows/", ".github/actions/", ".circleci/", ".gitlab/ci/", ".buildkite/", ".azure-pipelines/"];
    folders.iter().any(|folder| path.contains(folder))
        || matches!(
            name,
            ".gitlab-ci.yml"
                | ".travis.yml"
                | "appveyor.yml"
                | ".appveyor.yml"
                | "azure-pipelines.yml"
                | "jenkinsfile"
                | ".drone.yml"
                | "bitbucket-pipelines.yml"
        )
}

fn is_changelog(stem: &str) -> bool {
    let stem = stem.trim_end_matches(".md");
    ["changelog", "changes", "history", "release_notes", "release-notes", "releases", "news"]
        .iter()
        .any(|word| stem == *word || stem.strip_prefix(word).is_some_and(|rest| rest.starts_with(['-', '.', '_'])))
}

fn is_data(extension: &str) -> bool {
    matches!(extension, "csv" | "tsv" | "jsonl" | "ndjson" | "snap" | "golden" | "parquet" | "sqlite" | "db" | "dat" | "log" | "ipynb" | "po")
}

fn is_test(name: &str, stem: &str, is_source: bool, within: &dyn Fn(&[&str]) -> bool) -> bool {
    let by_folder = within(&["tests", "test", "__tests__", "spec", "specs", "e2e", "testing", "integration_tests", "__mocks__", "testutil"]);
    let last = stem.rsplit(['.', '_', '-']).next().unwrap_or_default();
    let by_name = matches!(last, "test" | "tests" | "spec" | "specs") && last.len() < stem.len()
        || stem.starts_with("test_")
        || matches!(name, "conftest.py" | "tests.rs" | "test.rs" | "tests.py" | "test.js" | "test.ts");
    // Java, C# and PHP: `RefundTest`, `RefundTests`, `RefundIT`.
    let is_class = [".java", ".cs", ".php"].iter().any(|end| name.ends_with(end));
    is_source && (by_name || is_class && (stem.ends_with("test") || stem.ends_with("tests"))) || by_folder
}

fn is_asset(extension: &str) -> bool {
    matches!(
        extension,
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "ico"
            | "svg"
            | "bmp"
            | "pdf"
            | "woff"
            | "woff2"
            | "ttf"
            | "otf"
            | "eot"
            | "mp3"
            | "mp4"
            | "wav"
            | "webm"
            | "css"
            | "scss"
            | "less"
    )
}

fn is_docs(stem: &str, extension: &str) -> bool {
    let by_extension = matches!(extension, "md" | "mdx" | "mdc" | "rst" | "adoc" | "asciidoc" | "org" | "tex");
    by_extension
        || extension.is_empty() && matches!(stem, "readme" | "license" | "notice" | "authors" | "contributing" | "copying")
        || stem == "license"
        || stem == "llms"
}

fn is_config(name: &str, stem: &str, extension: &str) -> bool {
    let by_name = matches!(
        name,
        "makefile"
            | "justfile"
            | "dockerfile"
            | "containerfile"
            | "rakefile"
            | "gemfile"
            | "vagrantfile"
            | "procfile"
            | "codeowners"
            | "go.mod"
            | "go.work"
            | "setup.py"
            | "build.rs"
            | "cmakelists.txt"
            | "conftest.py"
    );
    let by_extension = matches!(
        extension,
        "toml"
            | "yaml"
            | "yml"
            | "ini"
            | "cfg"
            | "conf"
            | "env"
            | "properties"
            | "json"
            | "json5"
            | "xml"
            | "gradle"
            | "csproj"
            | "sln"
            | "gemspec"
            | "cmake"
            | "editorconfig"
            | "nix"
    );
    by_name || by_extension || name.starts_with('.') || stem.ends_with(".config") || stem.ends_with("rc") && name.starts_with('.')
}

/// Code without a grammar here.
fn is_other_source(extension: &str) -> bool {
    matches!(
        extension,
        "sh" | "bash"
            | "zsh"
            | "fish"
            | "ps1"
            | "sql"
            | "proto"
            | "graphql"
            | "gql"
            | "swift"
            | "kt"
            | "kts"
            | "scala"
            | "clj"
            | "ex"
            | "exs"
            | "erl"
            | "hs"
            | "ml"
            | "mli"
            | "lua"
            | "pl"
            | "pm"
            | "r"
            | "jl"
            | "dart"
            | "zig"
            | "vue"
            | "svelte"
            | "m"
            | "mm"
            | "fs"
            | "vb"
            | "asm"
            | "s"
            | "html"
            | "tf"
            | "elm"
            | "nim"
            | "astro"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_by_path() {
        let check = |path: &str, expected: Role| assert_eq!(role(path), expected, "{path}");
        for path in
            ["src/main.rs", "lib/contest.py", "pkg/latest.go", "app/attest.ts", "src/testament.rs", "db/schema.sql", "a/Protest.java.go", "src/history.rs"]
        {
            check(path, Role::Source);
        }
        for path in [
            "tests/a.rs",
            "a/b_test.go",
            "a/test_b.py",
            "a/b.spec.ts",
            "a/b.test.tsx",
            "src/RefundTest.java",
            "spec/a_spec.rb",
            "a/conftest.py",
            "tests/run.sh",
            "src/a/tests.rs",
        ] {
            check(path, Role::Test);
        }
        for path in ["tests/fixtures/a.rs", "a/testdata/b.go", "a/__snapshots__/b.snap", "data/a.csv"] {
            check(path, Role::Data);
        }
        for path in ["README.md", "docs/a.rst", "LICENSE", "examples/README.md", "docs/conf/example.txt", "AGENTS.md", "llms.txt"] {
            check(path, Role::Docs);
        }
        for path in ["Cargo.toml", "Makefile", ".eslintrc.json", "a/vite.config.ts", "pyproject.toml", ".gitignore", "build.rs"] {
            check(path, Role::Config);
        }
        check("CHANGELOG.md", Role::Changelog);
        check("CHANGES", Role::Changelog);
        check("Cargo.lock", Role::Lock);
        check("go.sum", Role::Lock);
        check(".github/workflows/ci.yml", Role::Ci);
        check("benches/a.rs", Role::Bench);
        check("examples/a.py", Role::Example);
        check("src/gen/a.ts", Role::Generated);
        check("logo.svg", Role::Asset);
        check("what", Role::Other);
        check("", Role::Other);
    }
}
