//! What the suites share: projects with a scripted provider for each dialect.

use jeton_testkit::{Project, Server, Upstream};
use serde_json::Value;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_jeton");
pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";
pub(crate) const RESPONSES: &str = "/v1/responses";

/// A dollar per million input tokens and two per million output tokens.
pub(crate) const PRICES: &str = "price = { input = 1.0, cache_read = 0.1, cache_write = 1.25, output = 2.0 }\nlimits = { context = 100000, output = 4000 }\n";

/// A project whose provider `acme` speaks OpenAI's dialect and `claudia` Anthropic's, both at `upstream`.
/// `acme/fast` and `claudia/x` have prices; `more` stands at the end of the configuration.
pub(crate) fn project(upstream: &Upstream, more: &str) -> Project {
    Project::with(BINARY, &config(upstream, more))
}

pub(crate) fn config(upstream: &Upstream, more: &str) -> String {
    let url = upstream.url();
    format!(
        "[providers.acme]\napi = \"openai\"\nbase_url = \"{url}/v1\"\n\n[providers.claudia]\napi = \"anthropic\"\nbase_url = \"{url}\"\n\n[models.\"acme/fast\"]\n{PRICES}\n[models.\"claudia/x\"]\n{PRICES}\n{more}"
    )
}

/// A server in front of `upstream`, with its project.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) upstream: Upstream,
    pub(crate) project: Project,
}

impl House {
    pub(crate) fn new(upstream: Upstream) -> Self {
        Self::with(upstream, "")
    }

    pub(crate) fn with(upstream: Upstream, more: &str) -> Self {
        let project = project(&upstream, more);
        Self { server: project.start(), upstream, project }
    }

    /// The ledger recomputed: good, and without open holds.
    #[track_caller]
    pub(crate) fn verify(&self) {
        verify(&self.project);
    }
}

/// The ledger recomputed: good, and without open holds.
#[track_caller]
pub(crate) fn verify(project: &Project) {
    let output = project.run(&["ledger", "verify", "--json"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.json()["open_holds"], 0, "{output:?}");
}

/// Finds `needle`, in order.
#[track_caller]
pub(crate) fn assert_has(text: &str, needles: &[&str]) {
    let mut rest = text;
    for needle in needles {
        let at = rest.find(needle).unwrap_or_else(|| panic!("no {needle:?} (in this order: {needles:?}) in:\n{text}"));
        rest = &rest[at + needle.len()..];
    }
}

/// What was decided about a call, a line each.
pub(crate) fn decisions(record: &Value) -> String {
    record["decisions"].as_array().unwrap().iter().map(|one| format!("{}: {}\n", one["stage"].as_str().unwrap(), one["what"].as_str().unwrap())).collect()
}

/// Compares what a command said with `tests/golden/NAME.txt`; `UPDATE_GOLDEN=1` writes the file anew.
#[track_caller]
pub(crate) fn golden(name: &str, project: &Project, args: &[&str]) {
    let output = project.run(args);
    let dir = project.dir().display().to_string();
    let streams = [("stdout", &output.stdout), ("stderr", &output.stderr)];
    let said: String =
        streams.iter().filter(|(_, text)| !text.is_empty()).map(|(stream, text)| format!("--- {stream}\n{}", text.replace(&dir, "[PROJECT]"))).collect();
    // The digest changes with every setting that a version adds.
    let said = match said.split_once("(digest ") {
        Some((before, after)) => format!("{before}(digest …{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit())),
        None => said,
    };
    let actual = format!("$ jeton {}\n--- exit {}\n{said}", args.join(" "), output.code);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs; UPDATE_GOLDEN=1 writes it anew. Now it is:\n{actual}");
}
