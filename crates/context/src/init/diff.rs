//! Proposed files as a difference, as `git diff` writes it.

use super::{Proposed, Standing};

/// The file as a unified difference: a new one whole, one that differs as its old lines gone and its new ones come. Empty where it is the same.
#[must_use]
pub fn unified(file: &Proposed) -> String {
    let new = lines(&file.text, '+');
    match (file.standing, &file.before) {
        (Standing::Same, _) => String::new(),
        (Standing::Differs, Some(before)) => {
            let old = lines(before, '-');
            format!("--- a/{0}\n+++ b/{0}\n@@ -{1} +{2} @@\n{3}{4}", file.path, range(before), range(&file.text), old, new)
        }
        _ => format!("--- /dev/null\n+++ b/{}\n@@ -0,0 +{} @@\n{new}", file.path, range(&file.text)),
    }
}

fn lines(text: &str, mark: char) -> String {
    text.lines().map(|line| format!("{mark}{}\n", line.replace(|c: char| c.is_control() && c != '\t', "\u{FFFD}"))).collect()
}

fn range(text: &str) -> String {
    match text.lines().count() {
        0 => "0,0".to_owned(),
        count => format!("1,{count}"),
    }
}
