//! `jeton eval label`: people say what they think of answers.

use super::refused;
use crate::cli::LabelArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, plain};
use jeton_core::{Clock, SystemClock};
use jeton_eval::label::{Label, Waiting, grader, grader_digest, labels, note, question, queue, subject};
use jeton_eval::run::{RunHead, read_rows};
use jeton_eval::session::read_head;
use jeton_eval::{Criterion, Grade, Row, Suite, Verdict, read};
use jeton_ledger::Records;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};

pub(super) fn label(context: &Context, args: &LabelArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let head = read_head(&store, &args.run).map_err(refused)?;
    let rows = read_rows(&store, &head.id)?;
    let suite = suite_of(context, &head);
    let by = args.by.clone().or_else(|| crate::context::env("USER")).unwrap_or_default();
    let bench = Labelling { store: &store, head: &head, rows: &rows, suite: suite.as_ref(), grader: args.grader.as_deref(), by: &by };
    if !args.set.is_empty() {
        return bench.set(&args.set, args.comment.as_deref(), is_json);
    }
    let said = labels(&store, &head.id)?;
    let waiting = queue(&rows, &head.id, args.grader.as_deref(), &said, if args.list { args.by.as_deref().unwrap_or("") } else { &by });
    if args.list {
        bench.list(&waiting, is_json);
        return Ok(());
    }
    if waiting.is_empty() {
        println!("Nothing of {} waits for a label.", head.id);
        return Ok(());
    }
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Failure::usage("labelling by hand needs a terminal", "`--list --json` gives the queue, `--set CASE=pass --by NAME` labels"));
    }
    bench.ask(&waiting)
}

/// The suite of a run as it is now; none where it cannot be read.
pub(super) fn suite_of(context: &Context, head: &RunHead) -> Option<Suite> {
    let root = context.project.dir();
    read::read_suite(root, &root.join(&head.file)).ok().map(|(suite, _)| suite)
}

/// Who labels what.
struct Labelling<'a> {
    store: &'a dyn Records,
    head: &'a RunHead,
    rows: &'a [Row],
    suite: Option<&'a Suite>,
    grader: Option<&'a str>,
    by: &'a str,
}

impl Labelling<'_> {
    fn keep(&self, row: &Row, name: &str, verdict: Verdict, comment: Option<&str>) -> Result<(), Failure> {
        // What a judge was is known only while the suite is what it was in the run.
        let suite = self.suite.filter(|suite| suite.digest == self.head.digest);
        let label = Label {
            grader: name.to_owned(),
            verdict,
            comment: comment.map(str::to_owned),
            by: self.by.to_owned(),
            judge: suite.and_then(|suite| grader(suite, name)).map(grader_digest),
            at: SystemClock.now(),
        };
        let note = note(&self.head.id, &row.cell, &label, label.at).map_err(|why| Failure::usage(why, "`--by NAME` says who labels"))?;
        Ok(self.store.add_note(&note)?)
    }

    fn list(&self, waiting: &[Waiting<'_>], is_json: bool) {
        if is_json {
            let one = |of: &Waiting<'_>| {
                json!({
                    "subject": subject(&self.head.id, &of.row.cell), "case": of.row.cell.case, "target": of.row.cell.target, "repeat": of.row.cell.repeat,
                    "grader": of.grade.grader, "question": self.question(of.grade), "input": self.input(&of.row.cell.case),
                    "answer": of.row.answer.as_ref().map(|answer| &answer.text),
                })
            };
            output::json(&json!({ "run": self.head.id, "waiting": waiting.iter().map(one).collect::<Vec<_>>() }));
            return;
        }
        let row = |of: &Waiting<'_>| vec![of.row.cell.case.clone(), of.row.cell.target.clone(), of.row.cell.repeat.to_string(), of.grade.grader.clone()];
        output::table(&["case", "target", "repeat", "grader"], &[2], waiting.iter().map(row).collect());
        println!("{} answers wait for a label.", waiting.len());
    }

    /// What a person is asked in place of this grade: its own question, or what a judge goes by.
    fn question<'q>(&'q self, grade: &'q Grade) -> Option<&'q str> {
        if let Some(asked) = question(grade) {
            return Some(asked);
        }
        match &grader(self.suite?, &grade.grader)?.criterion {
            Criterion::Judge { rubric, .. } => Some(rubric),
            _ => None,
        }
    }

    fn input(&self, case: &str) -> Option<&str> {
        self.suite?.cases.iter().find(|of| of.id == case).map(|case| case.input.last_text())
    }

    /// Labels by script: all of them, or none where one is not clear.
    fn set(&self, set: &[String], comment: Option<&str>, is_json: bool) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        let mut found = Vec::new();
        for one in set {
            match self.one(one) {
                Ok(of) => found.push(of),
                Err(why) => wrong.push(why),
            }
        }
        if !wrong.is_empty() {
            return Err(Failure::usage(wrong.join("\n       "), "write CASE=pass or CASE=fail, or CASE/TARGET/REPEAT=pass; nothing was stored"));
        }
        for (row, name, verdict) in &found {
            self.keep(row, name, *verdict, comment)?;
        }
        if is_json {
            output::json(&json!({ "run": self.head.id, "labelled": found.iter().map(|(row, ..)| subject(&self.head.id, &row.cell)).collect::<Vec<_>>() }));
        } else {
            println!("{} labelled by {}.", found.len(), output::line(self.by));
        }
        Ok(())
    }

    fn one<'r>(&'r self, text: &str) -> Result<(&'r Row, String, Verdict), String> {
        let (place, word) = text.rsplit_once('=').ok_or_else(|| format!("`{text}` has no `=`"))?;
        let verdict = match word {
            "pass" => Verdict::Pass,
            "fail" => Verdict::Fail,
            _ => return Err(format!("`{text}`: `{word}` is neither pass nor fail")),
        };
        let full = |row: &Row| format!("{}/{}/{}", row.cell.case, row.cell.target, row.cell.repeat);
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.answer.is_some() && (row.cell.case == place || full(row) == place)).collect();
        let row = match rows.as_slice() {
            [row] => *row,
            [] => return Err(format!("`{text}`: the run has no answer of `{place}`")),
            many => {
                return Err(format!(
                    "`{text}`: `{place}` has {} answers: {}",
                    many.len(),
                    many.iter().take(4).map(|row| full(row)).collect::<Vec<_>>().join(", ")
                ));
            }
        };
        Ok((row, self.grader_of(row).map_err(|why| format!("`{text}`: {why}"))?, verdict))
    }

    /// The grader that is meant: the one that is named, else the only human one.
    fn grader_of(&self, row: &Row) -> Result<String, String> {
        let have: BTreeSet<&str> = row.grades.iter().map(|grade| grade.grader.as_str()).collect();
        if let Some(name) = self.grader {
            return if have.contains(name) {
                Ok(name.to_owned())
            } else {
                Err(format!("no grader `{name}` judged it; those are {}", have.into_iter().collect::<Vec<_>>().join(", ")))
            };
        }
        let human: Vec<&str> = row.grades.iter().filter(|grade| question(grade).is_some()).map(|grade| grade.grader.as_str()).collect();
        match human.as_slice() {
            [one] => Ok((*one).to_owned()),
            [] => Err("no grader asks a person; name one with --grader".to_owned()),
            many => Err(format!("several graders ask a person: {}; name one with --grader", many.join(", "))),
        }
    }

    /// Asks one after the other on the terminal.
    fn ask(&self, waiting: &[Waiting<'_>]) -> Result<(), Failure> {
        if self.by.is_empty() {
            return Err(Failure::usage("who labels is not known", "`--by NAME`"));
        }
        println!("{} answers wait. Each: p pass, f fail, s skip, q quit; words after p or f are kept as a comment.", waiting.len());
        let mut lines = std::io::stdin().lock().lines();
        for (nth, of) in waiting.iter().enumerate() {
            self.show(nth + 1, waiting.len(), of);
            loop {
                print!("p/f/s/q> ");
                let _ = std::io::stdout().flush();
                let Some(Ok(line)) = lines.next() else { return Ok(()) };
                match word(&line) {
                    Word::Verdict(verdict, comment) => {
                        self.keep(of.row, &of.grade.grader, verdict, comment)?;
                        break;
                    }
                    Word::Skip => break,
                    Word::Quit => return Ok(()),
                    Word::Unclear => println!("p, f, s or q"),
                }
            }
        }
        Ok(())
    }

    fn show(&self, nth: usize, of: usize, waiting: &Waiting<'_>) {
        let row = waiting.row;
        // The target is not named: who labels must not know whose answer it is.
        println!("\n── {nth} of {of} · {} · {}", output::line(&row.cell.case), output::line(&waiting.grade.grader));
        self.input(&row.cell.case).into_iter().for_each(|input| println!("asked:   {}", plain(input)));
        println!("answer:  {}", plain(row.answer.as_ref().map_or("", |answer| &answer.text)));
        self.question(waiting.grade).into_iter().for_each(|question| println!("question: {}", plain(question)));
    }
}

/// What somebody typed.
#[derive(Debug, PartialEq)]
enum Word<'l> {
    Verdict(Verdict, Option<&'l str>),
    Skip,
    Quit,
    Unclear,
}

fn word(line: &str) -> Word<'_> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let comment = Some(rest.trim()).filter(|rest| !rest.is_empty());
    match word {
        "p" | "pass" => Word::Verdict(Verdict::Pass, comment),
        "f" | "fail" => Word::Verdict(Verdict::Fail, comment),
        "s" | "skip" => Word::Skip,
        "q" | "quit" => Word::Quit,
        _ => Word::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        let check = |line: &str, expected: Word<'_>| assert_eq!(word(line), expected, "{line:?}");
        check("p", Word::Verdict(Verdict::Pass, None));
        check(" fail  too long, and late ", Word::Verdict(Verdict::Fail, Some("too long, and late")));
        check("s", Word::Skip);
        check("quit", Word::Quit);
        check("", Word::Unclear);
        check("perhaps", Word::Unclear);
    }
}
