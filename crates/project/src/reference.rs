//! The reference page of `jeton.toml`.

use crate::describe::{DESCRIPTION, Definition, Fallback, Kind};
use crate::leaf::expected;
use crate::settings::VARIABLES;
use std::fmt::Write;

/// The reference page of `jeton.toml` in Markdown, made from the same description that the reader follows.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# jeton.toml\n\nEverything is optional. The file is read whole or not at all: every mistake is reported with its place, and a running server keeps its last good reading.\n\
         Durations are in milliseconds (`_ms`), sizes in bytes (`_bytes`), money in USD. A relative path starts at the project's directory.\n",
    );
    for definition in DESCRIPTION.children("") {
        let (heading, pattern) = match definition.kind {
            Kind::Named(form) => {
                let name = if form.name.contains('/') { format!("\"{}\"", form.name) } else { "NAME".to_owned() };
                (format!("{}.{name}", definition.path), format!("{}.*", definition.path))
            }
            _ => (definition.path.to_owned(), definition.path.to_owned()),
        };
        push(
            &mut page,
            &format!("\n## [{heading}]\n\n{}\n\n| setting | value | default | meaning | since |\n| --- | --- | --- | --- | --- |\n", definition.doc),
        );
        rows(&mut page, &pattern, "");
    }
    page.push_str("\n## Secrets\n\nA secret is never written into `jeton.toml`, only where it is kept: `{ env = \"NAME\" }` or `{ file = \"PATH\" }`.\n");
    page.push_str("\n## Environment\n\n| variable | meaning |\n| --- | --- |\n");
    for variable in VARIABLES {
        push(&mut page, &format!("| `{}` | {} |\n", variable.name, variable.doc));
    }
    page
}

fn push(page: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = page.write_str(text);
}

fn rows(page: &mut String, pattern: &str, prefix: &str) {
    for definition in DESCRIPTION.children(pattern) {
        let name = format!("{prefix}{}", definition.leaf());
        if definition.is_table() {
            let meaning = definition.doc.replace('|', "\\|");
            push(page, &format!("| `{name}` | {} | none | {meaning} | {} |\n", expected(definition), definition.since));
            rows(page, definition.path, &format!("{name}."));
        } else {
            let value = expected(definition).replace('|', "\\|");
            push(page, &format!("| `{name}` | {value} | {} | {} | {} |\n", default(definition), definition.doc.replace('|', "\\|"), definition.since));
        }
    }
}

fn default(definition: &Definition) -> String {
    match definition.fallback {
        Fallback::Text(text) => format!("`{text:?}`"),
        Fallback::Whole(number) => format!("`{number}`"),
        Fallback::Flag(flag) => format!("`{flag}`"),
        Fallback::Words(words) => format!("`{words:?}`"),
        Fallback::Empty if matches!(definition.kind, Kind::Texts(_)) => "`[]`".into(),
        Fallback::Empty => "none".into(),
        Fallback::Unset(what) => what.into(),
    }
}
