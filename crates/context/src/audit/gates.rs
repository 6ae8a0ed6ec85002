//! What commands of CI check, by the tools that they name.

use super::survey::has_words;

/// What a change can be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gate {
    Tests,
    Lint,
    Types,
    Format,
}

impl Gate {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Tests, Self::Lint, Self::Types, Self::Format];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Lint => "lint",
            Self::Types => "types",
            Self::Format => "format",
        }
    }

    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Tests => TESTS,
            Self::Lint => LINT,
            Self::Types => TYPES,
            Self::Format => FORMAT,
        }
    }
}

/// Commands that run tests.
const TESTS: &[&str] = &[
    "cargo test",
    "cargo nextest",
    "nextest run",
    "cargo hack test",
    "cargo llvm-cov",
    "cargo tarpaulin",
    "cargo xtask test",
    "cargo local-nt",
    "miri test",
    "pytest",
    "py.test",
    "unittest",
    "tox",
    "nox",
    "hatch test",
    "go test",
    "richgo test",
    "gotestsum",
    "npm test",
    "npm t",
    "npm run test",
    "npm run test-ci",
    "yarn test",
    "pnpm test",
    "pnpm run test",
    "bun test",
    "vitest",
    "jest",
    "mocha",
    "playwright test",
    "node --test",
    "deno test",
    "mvn test",
    "mvn verify",
    "./mvnw verify",
    "./mvnw test",
    "gradle test",
    "gradle check",
    "./gradlew test",
    "./gradlew check",
    "./gradlew build",
    "make test",
    "make tests",
    "make check",
    "just test",
    "ctest",
    "phpunit",
    "pest",
    "rspec",
    "rake test",
    "bundle exec rake",
    "dotnet test",
    "swift test",
    "mix test",
    "bazel test",
    "composer test",
    "flutter test",
    "dart test",
    "sbt test",
    "zig build test",
];

/// Commands that look for faults in the text of code.
const LINT: &[&str] = &[
    "clippy",
    "eslint",
    "ruff",
    "flake8",
    "pylint",
    "golangci-lint",
    "golangci/golangci-lint-action",
    "go vet",
    "staticcheck",
    "npm run lint",
    "yarn lint",
    "pnpm lint",
    "pnpm run lint",
    "biome",
    "oxlint",
    "pre-commit",
    "prek",
    "rubocop",
    "phpcs",
    "phpstan",
    "make lint",
    "just lint",
    "shellcheck",
    "ktlint",
    "detekt",
    "checkstyle",
    "spotless",
    "clang-tidy",
    "credo",
    "super-linter",
    "standard",
    "tox -e lint",
];

/// Commands that check types, compilers among them.
const TYPES: &[&str] = &[
    "cargo check",
    "cargo build",
    "cargo clippy",
    "cargo test",
    "cargo nextest",
    "cargo hack",
    "mypy",
    "pyright",
    "basedpyright",
    "pyrefly",
    "ty check",
    "tsc",
    "npm run typecheck",
    "pnpm typecheck",
    "pnpm run typecheck",
    "yarn typecheck",
    "npm run type-check",
    "vue-tsc",
    "go build",
    "go vet",
    "go test",
    "mvn",
    "gradlew",
    "gradle",
    "dotnet build",
    "dotnet test",
    "swift build",
    "cmake",
    "psalm",
    "phpstan",
    "sorbet",
    "dialyzer",
];

/// Commands that check or write the format of code.
const FORMAT: &[&str] = &[
    "cargo fmt",
    "rustfmt",
    "prettier",
    "black",
    "ruff format",
    "gofmt",
    "gofumpt",
    "npm run format",
    "pnpm format",
    "format:check",
    "pre-commit",
    "prek",
    "spotless",
    "clang-format",
    "dotnet format",
    "mix format",
    "biome check",
    "biome ci",
    "biome format",
    "dprint",
    "isort",
    "yapf",
    "taplo",
    "make fmt",
    "just fmt",
];

/// Whether one of the commands is of a tool that checks this.
pub(crate) fn runs(gate: Gate, commands: &str) -> bool {
    let run = run(commands);
    gate.words().iter().any(|words| has_words(&run, words))
}

/// Whether some command speaks of tests, be its tool known or not.
pub(crate) fn speak_of_tests(commands: &str) -> bool {
    let run = run(commands).to_lowercase();
    ["test", "spec", "check", "verify"].iter().any(|word| run.contains(word))
}

/// The commands without those that only install: what is installed is not thereby run.
fn run(commands: &str) -> String {
    commands.lines().filter(|line| !is_installation(line)).fold(String::new(), |all, line| all + line + "\n")
}

fn is_installation(line: &str) -> bool {
    let line = line.trim();
    ["cargo install", "pip install", "python -m pip install", "npm install", "uv tool install", "uv pip install", "apt-get", "brew install", "rustup component"]
        .iter()
        .any(|beginning| line.contains(beginning))
        && !line.contains("&&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(commands: &str, expected: &[&str]) {
        let found: Vec<&str> = Gate::ALL.into_iter().filter(|gate| runs(*gate, commands)).map(Gate::name).collect();
        assert_eq!(found, expected, "{commands}");
    }

    #[test]
    fn tools_tell_what_is_checked() {
        check("cargo test --workspace", &["tests", "types"]);
        check("cargo fmt --check\ncargo clippy -- -D warnings", &["lint", "types", "format"]);
        check("pip install pytest", &[]);
        check("pip install . && pytest", &["tests"]);
        check("npm run lint", &["lint"]);
        check("uses: golangci/golangci-lint-action@v6", &["lint"]);
        check("echo latest", &[]);
    }
}
