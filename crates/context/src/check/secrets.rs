//! Secrets in files that are served: those of units, and source code. Only spans are masked, so the rest of the file still serves.

use super::desk::Desk;
use crate::codeowners::CodeOwners;
use crate::secret::secrets;
use crate::{Finding, Place, Role, Severity, role};

/// Larger source files are generated or data, in bytes.
const FILE_BYTES_MAX: u64 = 512 << 10;
/// So much source code is looked through, in bytes; more would make the check slow.
const ALL_BYTES_MAX: u64 = 64 << 20;

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let files = desk.files();
    for (path, first) in &files {
        let Some(text) = desk.text(path) else { continue };
        for finding in of_text(path, &text) {
            let unit = desk.unit_at(path, finding.place.first_line).unwrap_or(first);
            found.push(finding.about(unit));
        }
    }
    let owners = CodeOwners::read(desk.input.tree);
    let mut left = ALL_BYTES_MAX;
    for file in desk.input.tree.files().iter().filter(|file| is_source(&file.path) && !files.contains_key(&*file.path)) {
        if file.size_bytes > FILE_BYTES_MAX || file.size_bytes > left {
            continue;
        }
        left -= file.size_bytes;
        let Ok(bytes) = desk.input.tree.read(&file.path) else { continue };
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let shipped = without_tests(&file.path, text);
        found.extend(of_text(&file.path, shipped).into_iter().map(|finding| Finding { owners: owners.of(&file.path), ..finding }));
    }
}

/// Whether a file is what compilations show as code. Tests and fixtures are full of what only looks like a secret.
fn is_source(path: &str) -> bool {
    matches!(role(path), Role::Source | Role::Config | Role::Ci | Role::Other | Role::Docs) && !crate::audit::is_aside(path)
}

/// A Rust file up to its own tests.
fn without_tests<'t>(path: &str, text: &'t str) -> &'t str {
    let tests = if path.ends_with(".rs") { text.find("#[cfg(test)]\nmod ") } else { None };
    &text[..tests.unwrap_or(text.len())]
}

fn of_text(path: &str, text: &str) -> Vec<Finding> {
    let (mut at, mut line) = (0, 1);
    let finding = |span: crate::secret::SecretSpan| {
        line += u32::try_from(memchr::memchr_iter(b'\n', &text.as_bytes()[at..span.start]).count()).unwrap_or(u32::MAX);
        at = span.start;
        let message = format!("a secret ({}) stands in the file; wherever the file is served it is masked", span.kind);
        let remedy = "revoke it, since the past of the repository keeps it, and refer to a variable instead";
        Finding::new("secret", Severity::Error, Place::line(path, line), message, remedy)
    };
    secrets(text).into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};

    #[test]
    fn the_line_is_told_and_the_secret_is_not() {
        let secret = ["ghp_", "q7Rk2vX9pLm4w8Zt3Yb6Nc1Df5Gh0JkQsAeU"].concat();
        let body = format!("Log in.\nUse {secret}.\n");
        let found = Bench::new(&[("a.md", &body)]).findings(vec![doc("a.md", &body)]);
        assert_eq!((found[0].code, found[0].place.first_line, found.len()), ("secret", 2, 1));
        assert!(!format!("{found:?}").contains(&secret));
        // Source code is served too; what stands in tests, or is a placeholder, is none.
        let code = format!("fn a() {{\n    login(\"{secret}\");\n}}\n");
        let tested = format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n    const KEY: &str = \"{secret}\";\n}}\n");
        let files = [
            ("src/a.rs", code.as_str()),
            ("src/b.rs", &tested),
            ("tests/c.rs", &code),
            ("tests/data/key.pem", &code),
            ("src/d.py", "api_key = \"your-key-here\"\n"),
            ("CODEOWNERS", "/src/ @code\n"),
        ];
        let found = Bench::new(&files).findings(Vec::new());
        assert_eq!((found.len(), found[0].place.to_string().as_str(), found[0].owners.as_slice()), (1, "src/a.rs:2", &["@code".to_owned()][..]));
        Bench::new(&[("a.md", "Use $GITHUB_TOKEN.")]).check(doc("a.md", "Use $GITHUB_TOKEN."), &[]);
    }
}
