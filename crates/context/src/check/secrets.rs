//! Secrets in the files of units. Only spans are masked, so the rest of the file still serves.

use super::desk::Desk;
use crate::secret::secrets;
use crate::{Finding, Place, Severity};

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for (path, first) in desk.files() {
        let Some(text) = desk.text(path) else { continue };
        let (mut at, mut line) = (0, 1);
        for span in secrets(&text) {
            line += u32::try_from(memchr::memchr_iter(b'\n', &text.as_bytes()[at..span.start]).count()).unwrap_or(u32::MAX);
            at = span.start;
            let message = format!("a secret ({}) stands in the file; wherever the file is served it is masked", span.kind);
            let remedy = "revoke it, since the past of the repository keeps it, and refer to a variable instead";
            let unit = desk.unit_at(path, line).unwrap_or(first);
            found.push(Finding::new("secret", Severity::Error, Place::line(path, line), message, remedy).about(unit));
        }
    }
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
        Bench::new(&[("a.md", "Use $GITHUB_TOKEN.")]).check(doc("a.md", "Use $GITHUB_TOKEN."), &[]);
    }
}
