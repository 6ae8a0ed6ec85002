//! What people say of answers: the queue, how far they agree, and what their labels make of a judge's scores.

use crate::run::{RunHead, read_rows};
use crate::session::read_head;
use crate::totals::Clusters;
use crate::{Cell, Criterion, Grade, Grader, Row, Suite, Verdict};
use jeton_allocate::agreement::{Rated, alpha, kappa};
use jeton_allocate::ppi::{Labelled, ppi_plus_plus};
use jeton_allocate::{Estimate, Level, Observation};
use jeton_context::Digest;
use jeton_core::Timestamp;
use jeton_ledger::{LedgerError, Note, NoteFilter, Records};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

mod joined;
mod taken;
mod traffic;

pub use joined::{join, judged_rows, people};
pub use taken::{Judged, taken};
pub use traffic::{Changed, last_change};

/// The kind of the notes; their subject is [`subject`].
pub const LABEL: &str = "label";
const SEED: u64 = 1;

/// What a person said of an answer. A changed mind is another label: the newest of each person counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The grader in whose place it was said.
    pub grader: String,
    /// Pass or fail.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who says so.
    pub by: String,
    /// The digest of the grader as it was then, for judges; none: it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Digest>,
    /// When it was given: the time of its note, of which it is no part.
    #[serde(skip)]
    pub at: Timestamp,
}

/// The subject of a row's labels: `RUN/CASE/TARGET/REPEAT`.
#[must_use]
pub fn subject(run: &str, cell: &Cell) -> String {
    format!("{run}/{}/{}/{}", cell.case, cell.target, cell.repeat)
}

/// The run of the answer that a label is about: ids of runs hold no slash.
fn run_of(subject: &str) -> Option<&str> {
    subject.split_once('/').map(|(run, _)| run)
}

/// The label as a note.
///
/// # Errors
/// Where it is neither pass nor fail, or nobody says it.
pub fn note(run: &str, cell: &Cell, label: &Label, at: Timestamp) -> Result<Note, String> {
    if label.verdict == Verdict::Unscored {
        return Err("a label is pass or fail".to_owned());
    }
    if label.by.trim().is_empty() || label.by.len() > 256 {
        return Err("a label says who gives it, in at most 256 bytes".to_owned());
    }
    let json = serde_json::to_string(label).map_err(|error| error.to_string())?;
    Ok(Note { kind: LABEL.to_owned(), subject: subject(run, cell), at, json })
}

/// The labels of a run by subject, the newest of each person for each grader.
pub type Labels = HashMap<String, Vec<Label>>;

/// The labels of a run. Notes that cannot be read are left out.
///
/// # Errors
/// Where the store fails.
pub fn labels(store: &dyn Records, run: &str) -> Result<Labels, LedgerError> {
    let notes = store.notes(&NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: Some(format!("{run}/")), limit: None })?;
    Ok(newest(notes))
}

/// The labels of notes, the newest first, by subject.
fn newest(notes: Vec<Note>) -> Labels {
    let mut found = Labels::new();
    for note in notes {
        let Some(label) = taken::read(&note) else { continue };
        let of_row = found.entry(note.subject).or_default();
        if !of_row.iter().any(|newer| newer.by == label.by && newer.grader == label.grader) {
            of_row.push(label);
        }
    }
    found
}

/// The digest of what decides a grader's verdicts: its name's rule, a judge's prompt and model among it.
#[must_use]
pub fn grader_digest(grader: &Grader) -> Digest {
    Digest::of_parts(&[serde_json::to_string(&crate::write::grader(grader)).unwrap_or_default().as_bytes()])
}

/// The grader of this name, of the suite or of a case.
#[must_use]
pub fn grader<'s>(suite: &'s Suite, name: &str) -> Option<&'s Grader> {
    suite.graders.iter().chain(suite.cases.iter().flat_map(|case| &case.graders)).find(|grader| grader.name == name)
}

/// What a person is asked by the grader of this grade; none: it asks no person.
#[must_use]
pub fn question(grade: &Grade) -> Option<&str> {
    let raw = grade.raw.as_ref().filter(|raw| raw["kind"] == "human")?;
    Some(raw["question"].as_str().unwrap_or_default())
}

/// Whether a grade waits for a person.
#[must_use]
pub fn waits(grade: &Grade) -> bool {
    grade.verdict == Verdict::Unscored && question(grade).is_some()
}

/// An answer that waits for a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting<'r> {
    /// The row.
    pub row: &'r Row,
    /// The grade in whose place a label is to come.
    pub grade: &'r Grade,
}

/// What waits for `by` (for anybody where empty), in the run's order, which is random: a beginning of the queue is a fair sample of all.
/// `grader`: only this one, whether it has a verdict already or not; it may be a judge. Else those that ask a person and have no verdict.
#[must_use]
pub fn queue<'r>(rows: &'r [Row], run: &str, grader: Option<&str>, labels: &Labels, by: &str) -> Vec<Waiting<'r>> {
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| row.answer.is_some()) {
        let said = labels.get(&subject(run, &row.cell)).map_or(&[][..], Vec::as_slice);
        for grade in &row.grades {
            let is_wanted = match grader {
                Some(name) => grade.grader == name,
                None => waits(grade),
            };
            let is_said = said.iter().any(|label| label.grader == grade.grader && (by.is_empty() || label.by == by));
            if is_wanted && !is_said {
                found.push(Waiting { row, grade });
            }
        }
    }
    found
}

/// What most people say; none where as many say the one as the other.
#[must_use]
pub fn majority<'l>(labels: impl IntoIterator<Item = &'l Label>) -> Option<bool> {
    let balance: i64 = labels.into_iter().map(|label| if label.verdict == Verdict::Pass { 1 } else { -1 }).sum();
    (balance != 0).then_some(balance > 0)
}

/// How far people agree on one grader's answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// The grader.
    pub grader: String,
    /// Labels in all, the newest of each person.
    pub labels: usize,
    /// People.
    pub people: usize,
    /// Answers that more than one of them labelled.
    pub shared: usize,
    /// Which coefficient: `cohen-kappa` of two people, `krippendorff-alpha` of more; none: nothing is shared.
    pub coefficient: Option<&'static str>,
    /// It, corrected for chance; none: it cannot be told from these labels.
    pub value: Option<Estimate>,
}

/// A row's cluster, with who said what of it: 1 for a pass, 0 for a fail.
type Said<'l> = (usize, Vec<(&'l str, usize)>);

/// Counts and agreement by grader.
#[must_use]
pub fn agreement(rows: &[Row], run: &str, labels: &Labels, level: Level) -> Vec<Agreement> {
    let mut clusters = Clusters::default();
    let mut graders: BTreeMap<&str, Vec<Said<'_>>> = BTreeMap::new();
    for row in rows {
        let cluster = clusters.number(&row.cluster);
        let mut said: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
        for label in labels.get(&subject(run, &row.cell)).into_iter().flatten() {
            said.entry(&label.grader).or_default().push((&label.by, usize::from(label.verdict == Verdict::Pass)));
        }
        for (grader, said) in said {
            graders.entry(grader).or_default().push((cluster, said));
        }
    }
    graders.into_iter().map(|(grader, rows)| of_grader(grader, &rows, level)).collect()
}

fn of_grader(grader: &str, rows: &[Said<'_>], level: Level) -> Agreement {
    let people: BTreeSet<&str> = rows.iter().flat_map(|(_, said)| said.iter().map(|(by, _)| *by)).collect();
    let shared: Vec<&Said<'_>> = rows.iter().filter(|(_, said)| said.len() > 1).collect();
    let (coefficient, value) = if shared.is_empty() {
        (None, None)
    } else if people.len() == 2 {
        let of = |(cluster, said): &&Said<'_>| {
            let by: BTreeMap<&str, usize> = said.iter().copied().collect();
            let mut verdicts = people.iter().map(|person| by.get(person).copied());
            Some((*cluster, verdicts.next()??, verdicts.next()??))
        };
        (Some("cohen-kappa"), kappa(&shared.iter().filter_map(of).collect::<Vec<_>>(), level, SEED))
    } else {
        let rated: Vec<Rated> =
            shared.iter().map(|(cluster, said)| Rated { cluster: *cluster, ratings: said.iter().map(|(_, verdict)| *verdict).collect() }).collect();
        (Some("krippendorff-alpha"), alpha(&rated, level, SEED))
    };
    Agreement {
        grader: grader.to_owned(),
        labels: rows.iter().map(|(_, said)| said.len()).sum(),
        people: people.len(),
        shared: shared.len(),
        coefficient,
        value,
    }
}

/// Labelled answers of one run, for calibration.
pub struct LabelledRun<'r> {
    /// The run.
    pub run: &'r str,
    /// The digest of the suite that it ran.
    pub digest: Digest,
    /// Its rows.
    pub rows: &'r [Row],
    /// Its labels.
    pub labels: Labels,
}

/// A judge's pass rate, corrected by what people said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibrated {
    /// The target.
    pub target: String,
    /// The judge.
    pub grader: String,
    /// Answers with a label and the judge's verdict.
    pub labelled: usize,
    /// Answers of other cases with the judge's verdict alone.
    pub judged: usize,
    /// Labelled answers of which the judge says the same as most people.
    pub agreed: usize,
    /// How far it agrees with people beyond chance: Cohen's kappa; none: it cannot be told from these labels.
    pub kappa: Option<Estimate>,
    /// Labels that do not count any more, and why; empty: all count.
    pub withdrawn: Vec<(String, usize)>,
    /// The judge's own rate.
    pub raw: Option<Estimate>,
    /// The corrected rate by PPI++; none: fewer than two labels that count.
    pub corrected: Option<Estimate>,
}

/// What labels must have been given to in order to count.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The digest of the suite.
    pub digest: Digest,
    /// The digest of the judge as the suite has it; none: not known.
    pub judge: Option<Digest>,
    /// The last change of the class's traffic: labels from before it do not count; none: none was seen.
    pub traffic: Option<&'a Changed>,
}

impl Standing<'_> {
    /// Why none of the labels of an answer counts, where the suite or the judge is another.
    fn refuses(&self, suite: Digest, said: &[&Label]) -> Option<String> {
        let is_other_judge = said.iter().any(|label| label.judge.is_some() && self.judge.is_some() && label.judge != self.judge);
        let why = if is_other_judge { "the judge's prompt, model or rule has changed since" } else { "the suite has changed since" };
        (is_other_judge || suite != self.digest).then(|| why.to_owned())
    }

    /// Why this label does not count, where the class's traffic has changed since it was given.
    fn is_past(&self, label: &Label) -> Option<String> {
        let change = self.traffic.filter(|change| label.at <= change.at)?;
        Some(format!("the traffic of the class has changed since: {} (seen {})", change.what, change.at.rfc3339()))
    }
}

/// Corrects the verdicts of `grader` on `target` in a run by labels of this and other runs of the suite. Labels count where the suite, the
/// judge and the traffic of the class are what they were; a case that was labelled anywhere is not counted as judged, so that both parts are
/// apart.
#[must_use]
pub fn calibrate(rows: &[Row], now: &Standing<'_>, runs: &[LabelledRun<'_>], target: &str, grader: &str, level: Level) -> Calibrated {
    let mut clusters = Clusters::default();
    let mut withdrawn: BTreeMap<String, usize> = BTreeMap::new();
    let (mut labelled, mut cases) = (Vec::new(), BTreeSet::new());
    for of in runs {
        for row in of.rows.iter().filter(|row| row.cell.target == target) {
            let said: Vec<&Label> = of.labels.get(&subject(of.run, &row.cell)).into_iter().flatten().filter(|label| label.grader == grader).collect();
            if said.is_empty() {
                continue;
            }
            if let Some(why) = now.refuses(of.digest, &said) {
                *withdrawn.entry(why).or_default() += said.len();
                continue;
            }
            said.iter().filter_map(|label| now.is_past(label)).for_each(|why| *withdrawn.entry(why).or_default() += 1);
            let count = said.into_iter().filter(|label| now.is_past(label).is_none());
            let Some((human, judge)) = majority(count).zip(score(row, grader)) else { continue };
            labelled.push(Labelled { cluster: clusters.number(&row.cluster), human: f64::from(u8::from(human)), judge });
            cases.insert(row.cell.case.as_str());
        }
    }
    let verdicts: Vec<(usize, usize, usize)> = labelled.iter().map(|of| (of.cluster, usize::from(of.human > 0.5), usize::from(of.judge > 0.5))).collect();
    let of_target: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target).collect();
    let mut observed = |row: &&Row| Some(Observation { cluster: clusters.number(&row.cluster), value: score(row, grader)?, weight: 1.0 });
    let all: Vec<Observation> = of_target.iter().filter_map(&mut observed).collect();
    let judged: Vec<Observation> = of_target.iter().filter(|row| !cases.contains(row.cell.case.as_str())).filter_map(&mut observed).collect();
    Calibrated {
        target: target.to_owned(),
        grader: grader.to_owned(),
        labelled: labelled.len(),
        judged: judged.len(),
        agreed: verdicts.iter().filter(|(_, human, judge)| human == judge).count(),
        kappa: kappa(&verdicts, level, SEED),
        withdrawn: withdrawn.into_iter().collect(),
        raw: crate::totals::rate(&all, level),
        corrected: if labelled.len() < 2 { None } else { ppi_plus_plus(&labelled, &judged, level) },
    }
}

/// The pass rates of a run's judges, and of other graders that people labelled in their place, corrected by labels of the suite's runs. Those
/// that ask a person are left out: a label is their verdict. `suite` as it is now tells judges that nobody has labelled, and those whose
/// prompt has changed; none: it cannot be read. Labels from before the last change of the class's live calls do not count.
///
/// # Errors
/// Where the store fails.
pub fn calibrations(store: &dyn Records, head: &RunHead, rows: &[Row], suite: Option<&Suite>, level: Level) -> Result<Vec<Calibrated>, LedgerError> {
    let runs = labelled_runs(store, &head.suite)?;
    let mut read = Vec::new();
    for (run, ..) in &runs {
        read.push(read_rows(store, run)?);
    }
    let is_judge = |name: &str| suite.and_then(|suite| grader(suite, name)).is_some_and(|grader| matches!(grader.criterion, Criterion::Judge { .. }));
    let labelled: BTreeSet<&str> = runs.iter().flat_map(|(_, _, labels)| labels.values().flatten().map(|label| label.grader.as_str())).collect();
    let grades = rows.iter().flat_map(|row| &row.grades).filter(|grade| question(grade).is_none());
    let graders: BTreeSet<&str> = grades.map(|grade| grade.grader.as_str()).filter(|name| labelled.contains(name) || is_judge(name)).collect();
    let of: Vec<LabelledRun<'_>> =
        runs.iter().zip(&read).map(|((run, digest, labels), rows)| LabelledRun { run, digest: *digest, rows, labels: labels.clone() }).collect();
    // Whether calls have changed is asked only where labels could lose their worth by it.
    let class = head.class.as_ref().filter(|_| !graders.is_empty() && graders.iter().any(|name| labelled.contains(name)));
    let traffic = class.map(|class| last_change(store, class, level)).transpose()?.flatten();
    let mut found = Vec::new();
    for name in graders {
        let judge = suite.and_then(|suite| grader(suite, name)).map(grader_digest);
        let now = Standing { digest: head.digest, judge, traffic: traffic.as_ref() };
        let each = head.targets.iter().map(|target| calibrate(rows, &now, &of, &target.name, name, level));
        found.extend(each.filter(|one| one.raw.is_some()));
    }
    Ok(found)
}

/// The verdict of a grader on a row as 1 or 0.
fn score(row: &Row, grader: &str) -> Option<f64> {
    match row.grades.iter().find(|grade| grade.grader == grader)?.verdict {
        Verdict::Pass => Some(1.0),
        Verdict::Fail => Some(0.0),
        Verdict::Unscored => None,
    }
}

/// Runs of a suite that have labels, however old: id, digest, labels. The newest first.
///
/// # Errors
/// Where the store fails.
pub fn labelled_runs(store: &dyn Records, suite: &str) -> Result<Vec<(String, Digest, Labels)>, LedgerError> {
    let mut by_run: HashMap<String, Vec<Note>> = HashMap::new();
    for note in store.notes(&NoteFilter { kind: Some(LABEL.to_owned()), subject_prefix: None, limit: None })? {
        if let Some(run) = run_of(&note.subject) {
            by_run.entry(run.to_owned()).or_default().push(note);
        }
    }
    let mut found = Vec::new();
    for (run, notes) in by_run {
        let Some(record) = store.run(&run)?.filter(|record| record.suite == suite) else { continue };
        let of_run = newest(notes);
        if let Some(head) = read_head(store, &run).ok().filter(|_| !of_run.is_empty()) {
            found.push((record.started, run, head.digest, of_run));
        }
    }
    found.sort_by(|one, other| (other.0, &other.1).cmp(&(one.0, &one.1)));
    Ok(found.into_iter().map(|(_, run, digest, labels)| (run, digest, labels)).collect())
}

#[cfg(test)]
mod tests;
