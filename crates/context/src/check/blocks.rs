//! Code blocks that are marked as tests: data must parse, programs must end well.

use super::desk::Desk;
use crate::constraint::{cannot_run, excerpt, said};
use crate::markdown::CodeBlock;
use crate::sandbox::Limits;
use crate::{Finding, Severity, Unit};

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for (unit, prose) in desk.prose() {
        for block in prose.fences().filter(|block| block.is_test()) {
            found.extend(run(desk, unit, block));
        }
    }
}

fn run(desk: &Desk<'_>, unit: &Unit, block: &CodeBlock) -> Option<Finding> {
    let language = block.language();
    let failed = |why: String| {
        let message = format!("the {language} block does not hold: {}", excerpt(&why));
        Some(desk.at(unit, block.code.start, "block-fails", Severity::Error, message, "mend the block, or what it shows".to_owned()))
    };
    match language.as_str() {
        "json" | "toml" | "yaml" | "yml" => crate::schema::read_file(&format!("block.{language}"), &block.text).err().and_then(failed),
        _ if !desk.input.options.run_blocks => None,
        _ => match (program(&language), &desk.input.sandbox) {
            (None, _) => unrun(desk, unit, block, "no program for its language is known; there are sh, bash, python and javascript"),
            (_, Err(why)) => unrun(desk, unit, block, why),
            (Some(program), Ok(sandbox)) => match sandbox.run(&program, &block.text, &[], Limits::default()) {
                Err(why) => unrun(desk, unit, block, &why.to_string()),
                Ok(ran) if ran.is_timed_out => failed(format!("it did not end within {} s", Limits::default().wall_ms / 1000)),
                Ok(ran) if ran.exit == Some(0) => None,
                // A shell ends with 127 for a command inside the block, which is the block's own fault.
                Ok(ran) if cannot_run(&ran) && program[0] != "sh" && program[0] != "bash" => unrun(desk, unit, block, &said(&ran)),
                Ok(ran) => failed(said(&ran)),
            },
        },
    }
}

/// Programs that read what they run from standard input.
fn program(language: &str) -> Option<Vec<String>> {
    let words: &[&str] = match language {
        "sh" | "shell" => &["sh", "-eu", "-s"],
        "bash" => &["bash", "-euo", "pipefail", "-s"],
        "python" | "py" | "python3" => &["python3", "-"],
        "javascript" | "js" => &["node", "-"],
        _ => return None,
    };
    Some(words.iter().map(|&word| word.to_owned()).collect())
}

fn unrun(desk: &Desk<'_>, unit: &Unit, block: &CodeBlock, why: &str) -> Option<Finding> {
    let message = format!("the {} block was not run: {}", block.language(), excerpt(why));
    Some(desk.at(
        unit,
        block.code.start,
        "block-unscored",
        Severity::Note,
        message,
        "run the check where it can be run, or take the mark `test` off".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};
    use crate::sandbox::Sandbox;

    #[test]
    fn data_always_parses() {
        let check = |block: &str, expected: &[&str]| {
            let body = format!("Text.\n\n{block}\n");
            Bench::new(&[("a.md", &body)]).check(doc("a.md", &body), expected);
        };
        check("```json test\n{\"a\": 1}\n```", &[]);
        check("```json test\n{\"a\": }\n```", &["block-fails a.md:4"]);
        check("```json\n{\"a\": }\n```", &[]);
        check("```toml,test\na = \n```", &["block-fails a.md:4"]);
        check("```yaml test\na: [1\n```", &["block-fails a.md:4"]);
        // Nobody asked that anything be run.
        check("```sh test\nexit 1\n```", &[]);
    }

    #[test]
    fn programs_run_in_the_sandbox() {
        let Ok(sandbox) = Sandbox::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))) else {
            assert!(std::env::var_os("CI").is_none(), "CI needs a sandbox");
            return;
        };
        let check = |block: &str, expected: &[&str]| {
            let body = format!("Text.\n\n{block}\n");
            Bench::new(&[("a.md", &body)]).running(sandbox.clone()).check(doc("a.md", &body), expected);
        };
        check("```sh test\ntest -f Cargo.toml\n```", &[]);
        check("```sh test\necho it is gone >&2\nexit 1\n```", &["block-fails a.md:4"]);
        check("```sh test\nno-such-command\n```", &["block-fails a.md:4"]);
        check("```cobol test\nSTOP RUN.\n```", &["block-unscored a.md:4"]);
    }
}
