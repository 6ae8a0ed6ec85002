//! What a file is for, told from its path.

use crate::generated::is_generated_name;
use serde::Serialize;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Source code that is shipped.
    Source,
    /// Tests.
    Test,
    /// Examples.
    Example,
    /// Benchmarks.
    Bench,
    /// Prose.
    Docs,
    /// Settings and manifests.
    Config,
    /// What CI runs.
    Ci,
    /// What changed, release by release.
    Changelog,
    /// Locked versions.
    Lock,
    /// Fixtures, snapshots, tables.
    Data,
    /// Pictures, programs and the like.
    Asset,
    /// Code of others, kept here.
    Vendored,
    /// Written by a program.
    Generated,
    /// All else.
    Other,
}

impl Role {
    /// Whether the file holds data by its name.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Data | Self::Lock | Self::Asset)
    }

    /// The role of a file of this role that a program has written, as its first lines tell.
    #[must_use]
    pub(crate) const fn generated(self) -> Self {
        match self {
            Self::Source | Self::Test | Self::Example | Self::Bench | Self::Config => Self::Generated,
            _ => self,
        }
    }
}

/// What the file at `path` is for.
#[must_use]
pub fn role(path: &str) -> Role {
    let lower = path.to_ascii_lowercase();
    let (directory, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let has = |part: &[&str]| directory.split('/').any(|have| part.contains(&have));
    let stem = name.split('.').next().unwrap_or_default();
    if matches!(
        name,
        "cargo.lock" | "package-lock.json" | "yarn.lock" | "pnpm-lock.yaml" | "poetry.lock" | "uv.lock" | "go.sum" | "gemfile.lock" | "composer.lock"
    ) {
        return Role::Lock;
    }
    if is_vendored(directory, extension) {
        return Role::Vendored;
    }
    if matches!(
        extension,
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "svg"
            | "ico"
            | "woff"
            | "woff2"
            | "ttf"
            | "pdf"
            | "zip"
            | "gz"
            | "whl"
            | "wasm"
            | "mp4"
            | "webp"
            | "exe"
            | "dll"
            | "so"
            | "a"
            | "jar"
            | "class"
            | "bin"
    ) {
        return Role::Asset;
    }
    if ["changelog", "changes", "history", "news", "releases", "release-notes", "changelogs"].contains(&stem)
        && matches!(extension, "" | "md" | "rst" | "txt" | "history" | "news")
        || stem == "changelog"
    {
        return Role::Changelog;
    }
    if has(&[".github", ".gitlab", ".circleci", ".buildkite"])
        || matches!(name, ".gitlab-ci.yml" | ".travis.yml" | "appveyor.yml" | "jenkinsfile" | "azure-pipelines.yml")
    {
        return Role::Ci;
    }
    let is_code = is_code(extension);
    if has(&["fixtures", "__fixtures__", "testdata", "snapshots", "__snapshots__", "golden", "goldens", "__mocks__"]) && !is_code
        || matches!(extension, "snap" | "csv" | "tsv" | "jsonl" | "parquet" | "sqlite")
    {
        return Role::Data;
    }
    if is_generated_name(name) {
        return Role::Generated;
    }
    let is_test = has(&["test", "tests", "__tests__", "spec", "specs", "testdata", "e2e", "testing", "it", "fixtures", "playground"])
        || name.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || name.contains(".test.")
        || name.contains(".spec.")
        || (extension == "java" && stem.ends_with("test"))
        || matches!(name, "tests.rs" | "test.rs" | "conftest.py" | "test.js" | "tests.py");
    if is_code && is_test {
        return Role::Test;
    }
    if has(&["examples", "example", "_examples", "samples", "demo"]) {
        return Role::Example;
    }
    if has(&["benches", "bench", "benchmark", "benchmarks"]) {
        return Role::Bench;
    }
    if matches!(extension, "md" | "mdx" | "rst" | "adoc" | "txt") || has(&["docs", "doc", "documentation"]) && !is_code {
        return Role::Docs;
    }
    if is_code {
        return Role::Source;
    }
    if matches!(extension, "toml" | "yaml" | "yml" | "json" | "json5" | "ini" | "cfg" | "lock" | "xml" | "gradle" | "properties" | "mod" | "in" | "nix" | "mk")
        || name.starts_with('.')
        || matches!(stem, "makefile" | "dockerfile" | "justfile" | "gemfile" | "rakefile")
    {
        return if is_test { Role::Data } else { Role::Config };
    }
    Role::Other
}

/// Directories in which code of others is kept, by the customs of several languages.
fn is_vendored(directory: &str, extension: &str) -> bool {
    let is_home = |part: &str| {
        matches!(part, "vendor" | "vendored" | "_vendor" | "third_party" | "third-party" | "thirdparty" | "3rdparty" | "node_modules" | "bower_components" | "extern" | "externals" | "site-packages")
            // Python packages that carry others inside themselves.
            || part == "packages" && matches!(extension, "py" | "pem")
    };
    directory.split('/').any(is_home)
}

fn is_code(extension: &str) -> bool {
    matches!(
        extension,
        "rs" | "py"
            | "pyi"
            | "ts"
            | "tsx"
            | "mts"
            | "cts"
            | "js"
            | "jsx"
            | "mjs"
            | "cjs"
            | "go"
            | "java"
            | "c"
            | "h"
            | "cc"
            | "cpp"
            | "cxx"
            | "hpp"
            | "hh"
            | "cs"
            | "rb"
            | "php"
            | "swift"
            | "kt"
            | "kts"
            | "scala"
            | "sh"
            | "bash"
            | "ps1"
            | "sql"
            | "proto"
            | "graphql"
            | "lua"
            | "ex"
            | "exs"
            | "erl"
            | "hs"
            | "ml"
            | "vue"
            | "svelte"
            | "css"
            | "scss"
            | "html"
            | "y"
            | "l"
            | "dart"
            | "zig"
    )
}
