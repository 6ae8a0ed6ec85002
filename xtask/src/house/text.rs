//! What must not stand in any file of the repository.

use super::outcome;
use crate::test::Tally;
use std::path::Path;

/// A rule about the text of files: patterns (written in two halves, or this file would break its own rule), and the
/// files it looks at.
struct Rule {
    name: &'static str,
    patterns: &'static [&'static str],
    applies: fn(&str) -> bool,
}

const RULES: [Rule; 5] = [
    Rule {
        name: "no path of one machine",
        patterns: &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/far", "m/"), concat!("/tmp/", "studio"), concat!("/home/", "user")],
        applies: |path| !path.ends_with(".lock"),
    },
    Rule {
        name: "no address of a package registry",
        patterns: &[
            concat!("registry", ".npmjs.org"),
            concat!("files.python", "hosted.org"),
            concat!("pypi", ".org"),
            concat!("static", ".crates.io"),
            concat!("index", ".crates.io"),
            concat!("deb.", "debian.org"),
            concat!("proxy.", "golang.org"),
            concat!("\"reso", "lved\": \"http"),
            concat!("--index", "-url"),
        ],
        applies: |_| true,
    },
    Rule {
        name: "no mark of unfinished work",
        patterns: &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK"), concat!("todo", "!("), concat!("unimplemented", "!(")],
        applies: |path| is_code(path) || path.ends_with(".md"),
    },
    Rule { name: "no test that is ignored or cannot fail", patterns: &[concat!("#[ign", "ore"), concat!("assert!(tr", "ue)")], applies: is_code },
    Rule { name: "no test that sleeps", patterns: &[concat!("thread::sl", "eep"), concat!("time::sl", "eep")], applies: is_test },
];

pub(super) fn check(root: &Path, files: &[String], tally: &mut Tally) {
    let mut findings: Vec<Vec<String>> = RULES.iter().map(|_| Vec::new()).collect();
    for path in files {
        // What is no text (a picture, say) has no lines to look at.
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        for (rule, found) in RULES.iter().zip(&mut findings).filter(|(rule, _)| (rule.applies)(path)) {
            found.extend(lines(rule, &text).map(|(line, pattern)| format!("{path}:{line}: {pattern}")));
        }
    }
    for (rule, found) in RULES.iter().zip(findings) {
        tally.check(rule.name, outcome(found));
    }
}

fn lines<'a>(rule: &'a Rule, text: &'a str) -> impl Iterator<Item = (usize, &'static str)> + 'a {
    text.lines().enumerate().filter_map(|(at, line)| rule.patterns.iter().find(|pattern| stands_alone(line, pattern)).map(|pattern| (at + 1, *pattern)))
}

/// Whether the pattern stands in the line; one of letters alone only as a word of its own.
fn stands_alone(line: &str, pattern: &str) -> bool {
    let word = pattern.bytes().all(|b| b.is_ascii_uppercase());
    line.match_indices(pattern).any(|(at, _)| {
        let near = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !word || !(near(line[..at].chars().next_back()) || near(line[at + pattern.len()..].chars().next()))
    })
}

fn is_code(path: &str) -> bool {
    [".rs", ".py", ".mjs", ".js", ".css", ".html", ".toml", ".sh"].iter().any(|end| path.ends_with(end))
}

fn is_test(path: &str) -> bool {
    path.ends_with(".rs") && (path.contains("/tests/") || path.ends_with("tests.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: usize, text: &str, found: usize) {
        assert_eq!(lines(&RULES[rule], text).count(), found, "{text}");
    }

    #[test]
    fn forbidden_text_is_found_and_its_neighbours_are_not() {
        check(0, &format!("see {}", RULES[0].patterns[0]), 1);
        check(0, "a network/workload path", 0);
        check(2, &format!("// {}: later\nlet x = 1;", RULES[2].patterns[0]), 1);
        check(2, &format!("MY{}S", RULES[2].patterns[0]), 0);
        check(3, &format!("{}]", RULES[3].patterns[0]), 1);
    }
}
