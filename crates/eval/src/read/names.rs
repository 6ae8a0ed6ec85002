//! Names of a suite that mean something outside of it: models, packs and recorded runs. Looked up before a token is spent.

use super::source::{Fields, Report};
use crate::environment::PACK_OF_CLASS;
use crate::{Criterion, Grader, Suite, TargetKind};
use jeton_context::Place;
use serde_json::Value;
use std::collections::BTreeSet;

/// Why a name means nothing, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What names mean outside of a suite: in the configuration, and among the runs of the ledger.
pub trait Names {
    /// Whether a target is to be tried: what others name is not looked up.
    fn is_wanted(&self, _target: &str) -> bool {
        true
    }

    /// Whether a model or a route can be called in a class.
    ///
    /// # Errors
    /// Where it cannot.
    fn model(&self, model: &str, class: Option<&str>) -> Result<(), Unknown>;

    /// Whether a model can be asked for the vectors of texts.
    ///
    /// # Errors
    /// Where it cannot.
    fn embedder(&self, model: &str) -> Result<(), Unknown>;

    /// Whether there is a pack.
    ///
    /// # Errors
    /// Where there is none.
    fn pack(&self, name: &str) -> Result<(), Unknown>;

    /// Whether there is a run with the target, or with any where none is named.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    fn run(&self, run: &str, target: Option<&str>) -> Result<(), Unknown>;
}

/// Reports every name of the suite that means nothing. `table` is its file, where it has one.
pub(crate) fn check(suite: &Suite, table: Option<&Fields<'_>>, names: &dyn Names, report: &Report) {
    let looked = Looked { suite, names, report, classes: classes(suite) };
    looked.of_targets(table);
    match table {
        Some(table) => looked.of_graders(&table.tables("grade")),
        None => suite.graders.iter().for_each(|grader| looked.grader(grader, &suite.place, &mut BTreeSet::new())),
    }
    looked.of_cases();
}

/// The classes under which the suite's cases are asked.
fn classes(suite: &Suite) -> BTreeSet<Option<&str>> {
    suite.cases.iter().map(|case| case.class.as_deref().or(suite.class.as_deref())).collect()
}

struct Looked<'a> {
    suite: &'a Suite,
    names: &'a dyn Names,
    report: &'a Report,
    classes: BTreeSet<Option<&'a str>>,
}

impl Looked<'_> {
    fn of_targets(&self, table: Option<&Fields<'_>>) {
        for target in self.suite.targets.iter().filter(|target| self.names.is_wanted(&target.name)) {
            let place = |key: &str, value: &str| table.and_then(|table| place_of(table, key, value)).unwrap_or_else(|| self.suite.place.clone());
            match &target.kind {
                TargetKind::Model { model, pack, .. } => {
                    let asked = self.classes.iter().try_for_each(|class| self.names.model(model, *class));
                    self.told("unknown-model", asked, || place("model", model));
                    for pack in pack.iter().filter(|pack| *pack != PACK_OF_CLASS) {
                        self.told("unknown-pack", self.names.pack(pack), || place("pack", pack));
                    }
                }
                TargetKind::Recorded { run, target } => self.told("unknown-run", self.names.run(run, target.as_deref()), || place("run", run)),
                TargetKind::Command { .. } | TargetKind::Http { .. } => {}
            }
        }
    }

    fn of_graders(&self, tables: &[Fields<'_>]) {
        for grader in tables {
            let text = |key: &str| grader.map.get(key).and_then(Value::as_str);
            let asked = match (text("kind"), text("model")) {
                (Some("judge"), Some(model)) => self.names.model(model, None),
                (Some("embedding-similarity"), Some(model)) => self.names.embedder(model),
                _ => Ok(()),
            };
            self.told("unknown-model", asked, || grader.place_of("model"));
            self.of_graders(&grader.tables("of"));
        }
    }

    /// Graders of cases alone. One model is told at the first case that names it.
    fn of_cases(&self) {
        let mut told = BTreeSet::new();
        for case in &self.suite.cases {
            case.graders.iter().for_each(|grader| self.grader(grader, &case.place, &mut told));
        }
    }

    fn grader<'g>(&self, grader: &'g Grader, place: &Place, told: &mut BTreeSet<&'g str>) {
        let (model, asked) = match &grader.criterion {
            Criterion::Judge { model, .. } => (model, self.names.model(model, None)),
            Criterion::EmbeddingSimilarity { model, .. } => (model, self.names.embedder(model)),
            Criterion::All { of } | Criterion::Any { of } => return of.iter().for_each(|grader| self.grader(grader, place, told)),
            _ => return,
        };
        if asked.is_err() && told.insert(model) {
            self.told("unknown-model", asked, || place.clone());
        }
    }

    fn told(&self, code: &'static str, asked: Result<(), Unknown>, place: impl FnOnce() -> Place) {
        if let Err(unknown) = asked {
            self.report.error(code, place(), unknown.message, unknown.remedy);
        }
    }
}

/// Where a value stands among the targets of a file, or in its matrix.
fn place_of(suite: &Fields<'_>, key: &str, value: &str) -> Option<Place> {
    let has = |target: &Fields<'_>| target.map.get(key).and_then(Value::as_str) == Some(value);
    let of_target = suite.tables("target").iter().find(|target| has(target)).map(|target| target.place_of(key));
    of_target.or_else(|| suite.within("matrix").map(|matrix| matrix.place_of(key)))
}
