//! The graders' own test, before any model is paid: what is right must pass, and nothing at all and what is wrong must not.
//!
//! For each case the *reference* is put in the answer's place, and every deciding grader must pass it. Then come an *empty* answer and a
//! *shuffled* one, and the case as a whole must not pass them: a grader that only forbids something may. The shuffled answer is the reference
//! of another case, the least like this one's of twenty that are drawn; where no other will do it is the reference's words in another order.
//!
//! Changes of the answer (`transform`) are left out: a reference stands for what they yield. Time, cost, people's labels and, for texts, tool
//! calls mean nothing here; they are counted as not applicable. Judges and embeddings cost money: each is tested on one case, with one sample
//! for each probe, last of all and only where what costs nothing has found no fault.

use super::kind::{any_of, is_of_case, is_ordered, name, needs_context, probe_calls, right_answers, takes_reference};
use super::ready::Ready;
use super::said::Bill;
use super::settle::{decides, settle};
use super::similarity::distance;
use super::values::Sample;
use super::{Bench, judged};
use crate::{Answer, Case, Criterion, Grade, Grader, Outcome, Suite, Verdict};
use jeton_context::{Finding, Severity};
use jeton_core::{Nanousd, SeededRandom};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How many other cases' references are looked at for one that is unlike.
const DRAWS: usize = 20;
/// Characters of two references that are compared for likeness.
const LIKENESS_CHARACTERS: usize = 200;

/// The most calls that judges and embeddings may make in a test: ten of them with their three probes.
pub const PAID_CALLS_MAX: u64 = 30;
/// Probes that each of them gets: the reference, an empty answer, a wrong one.
const PROBES: u64 = 3;

/// What is put in the answer's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// What is right.
    Reference,
    /// Nothing.
    Empty,
    /// The reference of another case.
    Other,
    /// The reference's words in another order.
    Words,
}

impl Probe {
    const fn shown(self) -> &'static str {
        match self {
            Self::Reference => "the reference",
            Self::Empty => "an empty answer",
            Self::Other => "the reference of another case",
            Self::Words => "the reference with its words in another order",
        }
    }
}

/// How far the test goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfTestOptions {
    /// Decides what is drawn.
    pub seed: u64,
    /// The most calls that judges and embeddings may make together, [`PAID_CALLS_MAX`] as a rule; 0: none, they are not tested.
    pub paid_calls_max: u64,
}

/// What came of one probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it passed.
    pub passed: u64,
    /// How often it failed.
    pub failed: u64,
    /// How often there was no verdict.
    pub unscored: u64,
    /// How often the probe meant nothing, or was not to be paid.
    pub not_applicable: u64,
}

/// A grader's part of the test; graders of cases that have one name and kind are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Its name.
    pub grader: String,
    /// Its kind.
    pub kind: &'static str,
    /// The reference: all should pass.
    pub reference: Tally,
    /// An empty answer.
    pub empty: Tally,
    /// A wrong one.
    pub shuffled: Tally,
    /// Cases whose reference does not pass, each with why.
    pub failing: Vec<(String, String)>,
}

impl Tested {
    /// Whether it judged any probe, with or without a verdict.
    #[must_use]
    pub fn is_tested(&self) -> bool {
        [self.reference, self.empty, self.shuffled].iter().any(|tally| tally.passed + tally.failed + tally.unscored > 0)
    }
}

/// What the test found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfTest {
    /// By grader.
    pub graders: Vec<Tested>,
    /// Cases as a whole under an empty answer: none should pass.
    pub empty: Tally,
    /// Cases as a whole under a shuffled answer.
    pub shuffled: Tally,
    /// What is wrong; an error among them means that the suite must not run.
    pub findings: Vec<Finding>,
    /// Graders that judged no probe, each with why.
    pub untested: Vec<(String, String)>,
    /// Calls that paid graders made.
    pub calls: Vec<String>,
    /// What they cost; none: there were none, or it is not known.
    pub cost: Option<Nanousd>,
}

impl SelfTest {
    /// Whether the suite may run.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity < Severity::Error)
    }

    /// How many times a grader judged a probe.
    #[must_use]
    pub fn checked(&self) -> u64 {
        self.tallies().map(|tally| tally.passed + tally.failed + tally.unscored).sum()
    }

    /// How many times a probe meant nothing to a grader.
    #[must_use]
    pub fn not_applicable(&self) -> u64 {
        self.tallies().map(|tally| tally.not_applicable).sum()
    }

    /// Names of the graders that judged a probe.
    pub fn tested(&self) -> impl Iterator<Item = &str> {
        self.graders.iter().filter(|tested| tested.is_tested()).map(|tested| tested.grader.as_str())
    }

    fn tallies(&self) -> impl Iterator<Item = Tally> {
        self.graders.iter().flat_map(|tested| [tested.reference, tested.empty, tested.shuffled])
    }
}

/// Tests the graders.
pub async fn selftest(suite: &Suite, bench: &Bench<'_>, options: SelfTestOptions) -> SelfTest {
    let rights: Vec<Option<String>> = suite.cases.iter().map(|case| right(case, bench)).collect();
    let mut random = SeededRandom::new(options.seed);
    let wrongs: Vec<(Probe, Option<String>)> = (0..rights.len()).map(|at| shuffled(&rights, at, &mut random)).collect();
    let paid = paid(suite, bench);
    let (costs, is_free): (BTreeSet<usize>, _) = (paid.values().copied().collect(), |at: &usize| !paid.values().any(|place| place == at));
    let mut tester =
        Tester { bench, left: options.paid_calls_max, bill: Bill::default(), test: SelfTest::default(), troubles: BTreeMap::new(), paid: &paid, at: 0 };
    for at in (0..suite.cases.len()).filter(is_free) {
        tester.case(&suite.cases[at], at, &rights, &wrongs).await;
    }
    for at in costs {
        // What costs is asked only where what costs nothing has found no fault.
        tester.left = if tester.troubles.values().any(|trouble| trouble.is_error) { 0 } else { tester.left };
        tester.case(&suite.cases[at], at, &rights, &wrongs).await;
    }
    tester.done(suite)
}

/// A grader over all cases.
type Key = (String, &'static str);

fn key(grader: &Grader) -> Key {
    (grader.name.clone(), name(&grader.criterion))
}

/// The case on which each grader that costs is tested: the first whose reference it can judge, else the first that it judges.
fn paid(suite: &Suite, bench: &Bench<'_>) -> BTreeMap<Key, usize> {
    let mut found: BTreeMap<Key, (bool, usize)> = BTreeMap::new();
    for (at, case) in suite.cases.iter().enumerate() {
        for ready in bench.prepared.of(case).filter(|ready| decides(ready.grader.weight) && probe_calls(&ready.grader.criterion) > 0) {
            let has_reference = right_answers(&ready.grader, case).iter().any(|text| applies(ready, Probe::Reference, text));
            let known = found.entry(key(&ready.grader)).or_insert((has_reference, at));
            if has_reference && !known.0 {
                *known = (true, at);
            }
        }
    }
    found.into_iter().map(|(key, (_, at))| (key, at)).collect()
}

/// The calls of judges and embeddings that a test of the suite makes at most.
#[must_use]
pub fn paid_calls(suite: &Suite) -> u64 {
    let all = suite.graders.iter().chain(suite.cases.iter().flat_map(|case| &case.graders)).filter(|grader| decides(grader.weight));
    let by_key: BTreeMap<Key, u64> = all.map(|grader| (key(grader), PROBES * probe_calls(&grader.criterion))).collect();
    by_key.values().sum::<u64>().min(PAID_CALLS_MAX)
}

/// A right answer of a case: its first reference, or what its first grader that says so itself wants.
fn right(case: &Case, bench: &Bench<'_>) -> Option<String> {
    let mut own = bench.prepared.of(case).filter(|ready| !ready.grader.negate);
    own.find_map(|ready| right_answers(&ready.grader, case).into_iter().next()).or_else(|| case.references().into_iter().next())
}

/// A wrong answer: another case's right one, unlike this one's, or its own with its words in another order; none where neither is to be had.
fn shuffled(rights: &[Option<String>], at: usize, random: &mut SeededRandom) -> (Probe, Option<String>) {
    let Some(own) = &rights[at] else { return (Probe::Words, None) };
    let is_apart = |other: &&String| {
        let (a, b) = (own.trim().to_lowercase(), other.trim().to_lowercase());
        !b.is_empty() && !a.contains(&b) && !b.contains(&a)
    };
    let mut draw = || usize::try_from(random.below(rights.len() as u64)).ok().and_then(|place| rights[place].as_ref());
    let drawn: Vec<&String> = (0..DRAWS).filter_map(|_| draw()).filter(is_apart).collect();
    if let Some(other) = drawn.into_iter().max_by_key(|other| unlikeness(own, other)) {
        return (Probe::Other, Some(other.clone()));
    }
    (Probe::Words, reordered(own, random))
}

/// How far two texts are from each other, in thousandths of the longer.
fn unlikeness(a: &str, b: &str) -> usize {
    let head = |text: &str| text.chars().take(LIKENESS_CHARACTERS).collect::<Vec<char>>();
    let (a, b) = (head(a), head(b));
    distance(&a, &b).unwrap_or(0) * 1000 / a.len().max(b.len()).max(1)
}

/// The words in another order; none where there is no other.
fn reordered(text: &str, random: &mut SeededRandom) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut turned = words.clone();
    for last in (1..turned.len()).rev() {
        turned.swap(last, usize::try_from(random.below(last as u64 + 1)).unwrap_or(0));
    }
    if turned == words {
        turned.reverse();
    }
    (words.len() > 2 && turned != words).then(|| turned.join(" "))
}

/// What went wrong in one way, and in which cases.
struct Trouble<'s> {
    is_error: bool,
    first: &'s Case,
    why: String,
    cases: Vec<&'s str>,
}

struct Tester<'b, 's> {
    bench: &'b Bench<'b>,
    /// Paid calls that may still be made.
    left: u64,
    bill: Bill,
    test: SelfTest,
    troubles: BTreeMap<(Probe, String), Trouble<'s>>,
    /// The case on which each grader that costs is tested.
    paid: &'b BTreeMap<Key, usize>,
    /// The case that is tested.
    at: usize,
}

impl<'s> Tester<'_, 's> {
    async fn case(&mut self, case: &'s Case, at: usize, rights: &[Option<String>], wrongs: &[(Probe, Option<String>)]) {
        self.at = at;
        let deciding: Vec<&Ready<'_>> = self.bench.prepared.of(case).filter(|ready| decides(ready.grader.weight)).collect();
        self.reference(case, &deciding).await;
        // Where nothing at all is the right answer it has to pass.
        let empty = Some("").filter(|_| rights[at].as_ref().is_none_or(|right| !right.trim().is_empty()));
        self.wrong(case, &deciding, Probe::Empty, empty).await;
        let (probe, text) = &wrongs[at];
        self.wrong(case, &deciding, *probe, text.as_deref()).await;
    }

    /// Every right answer must pass every deciding grader; of several references any is right by itself.
    async fn reference(&mut self, case: &'s Case, deciding: &[&Ready<'_>]) {
        for ready in deciding {
            // One of several is enough where it costs.
            let most = if probe_calls(&ready.grader.criterion) > 0 { 1 } else { usize::MAX };
            let texts = right_answers(&ready.grader, case);
            let mut is_tested = false;
            for text in texts.iter().take(most) {
                let Some(grade) = self.graded(ready, case, Probe::Reference, text).await else { continue };
                is_tested = true;
                self.count(ready, Probe::Reference, Some(grade.verdict));
                if grade.verdict != Verdict::Pass {
                    self.tested(ready).failing.push((case.id.clone(), grade.why.clone()));
                    self.trouble(Probe::Reference, &ready.grader.name, case, true, &grade.why);
                }
            }
            if !is_tested {
                self.count(ready, Probe::Reference, None);
            }
        }
    }

    /// The case as a whole must not pass what is wrong.
    async fn wrong(&mut self, case: &'s Case, deciding: &[&Ready<'_>], probe: Probe, text: Option<&str>) {
        let (mut grades, mut asked) = (Vec::new(), Vec::new());
        // A grader that was not asked might have caught it.
        let mut is_open = false;
        for ready in deciding {
            let grade = match text {
                Some(text) => self.graded(ready, case, probe, text).await,
                None => None,
            };
            self.count(ready, probe, grade.as_ref().map(|grade| grade.verdict));
            match grade {
                Some(grade) => {
                    grades.push(grade);
                    asked.push(*ready);
                }
                None => is_open |= any_of(&ready.grader.criterion, &|criterion| !matches!(criterion, Criterion::Latency { .. } | Criterion::Cost { .. })),
            }
        }
        let outcome = (!grades.is_empty()).then(|| settle(&grades).0);
        let verdict = match outcome {
            Some(Outcome::Passed) if is_open => None,
            Some(Outcome::Passed) => Some(Verdict::Pass),
            Some(Outcome::Failed) => Some(Verdict::Fail),
            Some(_) => Some(Verdict::Unscored),
            None => None,
        };
        add(if probe == Probe::Empty { &mut self.test.empty } else { &mut self.test.shuffled }, verdict);
        if verdict == Some(Verdict::Pass) {
            let is_error = probe == Probe::Empty || asked.iter().any(|ready| tells(ready, case, probe));
            self.trouble(probe, "", case, is_error, &names(&asked));
        }
    }

    /// A grader's word on a probe; none where it means nothing, or is not to be paid.
    async fn graded(&mut self, ready: &Ready<'_>, case: &Case, probe: Probe, text: &str) -> Option<Grade> {
        let calls = probe_calls(&ready.grader.criterion);
        let is_elsewhere = calls > 0 && self.paid.get(&key(&ready.grader)) != Some(&self.at);
        if !applies(ready, probe, text) || is_elsewhere || calls > self.left {
            return None;
        }
        self.left -= calls;
        let answer = Answer { text: text.to_owned(), finish: Some("stop".to_owned()), ..Answer::default() };
        let sample = Sample { case, answer: &answer, text: Cow::Borrowed(text), context: None, is_probe: true };
        let grade = judged(ready, sample, self.bench).await;
        self.bill.add_grade(&grade);
        Some(grade)
    }

    fn tested(&mut self, ready: &Ready<'_>) -> &mut Tested {
        let (grader, kind) = (&ready.grader.name, name(&ready.grader.criterion));
        let known = self.test.graders.iter().position(|tested| tested.grader == *grader && tested.kind == kind);
        let at = known.unwrap_or_else(|| {
            let none = Tally::default();
            self.test.graders.push(Tested { grader: grader.clone(), kind, reference: none, empty: none, shuffled: none, failing: Vec::new() });
            self.test.graders.len() - 1
        });
        &mut self.test.graders[at]
    }

    /// Graders that judged no probe, each with why.
    fn untested(&self, suite: &Suite) -> Vec<(String, String)> {
        let mut found = BTreeMap::new();
        for grader in suite.graders.iter().chain(suite.cases.iter().flat_map(|case| &case.graders)) {
            let (name, kind) = key(grader);
            if !self.test.graders.iter().any(|tested| tested.grader == name && tested.kind == kind && tested.is_tested()) {
                found.entry((name, kind)).or_insert_with(|| why_not(grader, self.left >= probe_calls(&grader.criterion)).to_owned());
            }
        }
        found.into_iter().map(|((name, kind), why)| (if name == kind { name } else { format!("{name} ({kind})") }, why)).collect()
    }

    fn count(&mut self, ready: &Ready<'_>, probe: Probe, verdict: Option<Verdict>) {
        let tested = self.tested(ready);
        let tally = match probe {
            Probe::Reference => &mut tested.reference,
            Probe::Empty => &mut tested.empty,
            Probe::Other | Probe::Words => &mut tested.shuffled,
        };
        add(tally, verdict);
    }

    fn trouble(&mut self, probe: Probe, grader: &str, case: &'s Case, is_error: bool, why: &str) {
        let trouble =
            self.troubles.entry((probe, grader.to_owned())).or_insert_with(|| Trouble { is_error, first: case, why: why.to_owned(), cases: Vec::new() });
        // What is worst is told.
        if is_error && !trouble.is_error {
            *trouble = Trouble { is_error, first: case, why: why.to_owned(), cases: std::mem::take(&mut trouble.cases) };
        }
        if trouble.cases.last() != Some(&case.id.as_str()) {
            trouble.cases.push(&case.id);
        }
    }

    fn done(mut self, suite: &Suite) -> SelfTest {
        self.test.untested = self.untested(suite);
        self.test.findings = self.troubles.iter().map(|((probe, grader), trouble)| finding(*probe, grader, trouble)).collect();
        self.test.cost = self.bill.cost();
        self.test.calls = self.bill.calls;
        self.test
    }
}

/// Why a grader was not tested, by what it judges.
fn why_not(grader: &Grader, was_left: bool) -> &'static str {
    let has = |is: &dyn Fn(&Criterion) -> bool| any_of(&grader.criterion, &|criterion| is(criterion));
    if !decides(grader.weight) {
        "it decides nothing"
    } else if has(&|criterion| matches!(criterion, Criterion::Human { .. })) {
        "a person judges"
    } else if has(&|criterion| matches!(criterion, Criterion::Latency { .. } | Criterion::Cost { .. })) {
        "it does not judge texts"
    } else if probe_calls(&grader.criterion) > 0 && !was_left {
        "it costs, and the test had no calls left or found faults before"
    } else {
        "no probe means anything to it"
    }
}

fn add(tally: &mut Tally, verdict: Option<Verdict>) {
    *match verdict {
        Some(Verdict::Pass) => &mut tally.passed,
        Some(Verdict::Fail) => &mut tally.failed,
        Some(Verdict::Unscored) => &mut tally.unscored,
        None => &mut tally.not_applicable,
    } += 1;
}

/// Whether a probe means anything to a grader.
fn applies(ready: &Ready<'_>, probe: Probe, text: &str) -> bool {
    let criterion = &ready.grader.criterion;
    let is_outside = |criterion: &Criterion| matches!(criterion, Criterion::Latency { .. } | Criterion::Cost { .. } | Criterion::Human { .. });
    // An empty answer calls no tool, which can be judged; what a text would have called cannot.
    let calls_tools = any_of(criterion, &|criterion| matches!(criterion, Criterion::ToolCalls { .. })) && probe != Probe::Empty;
    if any_of(criterion, &is_outside) || calls_tools {
        return false;
    }
    match probe {
        Probe::Empty => true,
        Probe::Other | Probe::Words => !needs_context(ready),
        // A reference says what is right, not how a model declines; and where it is what must not be said it has to fail.
        Probe::Reference => {
            let is_refusal = any_of(criterion, &|criterion| matches!(criterion, Criterion::Refusal {}));
            let quotes = any_of(criterion, &|criterion| matches!(criterion, Criterion::Quotation { .. }))
                && !text.contains(['"', '\u{201c}', '«', '»', '\u{201e}', '>']);
            !(is_refusal && !ready.grader.negate || quotes || needs_context(ready) || ready.grader.negate && takes_reference(criterion))
        }
    }
}

/// Whether a grader should have told the wrong answer from the right one, by design.
fn tells(ready: &Ready<'_>, case: &Case, probe: Probe) -> bool {
    let criterion = &ready.grader.criterion;
    let is_own = case.graders.contains(&ready.grader);
    !ready.grader.negate && is_of_case(criterion, is_own) && (probe == Probe::Other || is_ordered(criterion))
}

fn names(asked: &[&Ready<'_>]) -> String {
    asked.iter().map(|ready| format!("`{}`", ready.grader.name)).collect::<Vec<_>>().join(", ")
}

fn finding(probe: Probe, grader: &str, trouble: &Trouble<'_>) -> Finding {
    let shown: Vec<String> = trouble.cases.iter().take(3).map(|id| format!("`{id}`")).collect();
    let more = if trouble.cases.len() > 3 { format!(" and {} more cases", trouble.cases.len() - 3) } else { String::new() };
    let (what, cases, why) = (probe.shown(), format!("{}{more}", shown.join(", ")), &trouble.why);
    let (message, remedy) = match probe {
        Probe::Reference => (format!("`{grader}` does not pass {what} of {cases}: {why}"), "Correct the reference or the grader: what is right must pass."),
        Probe::Empty => (
            format!("{what} to {cases} passes {why}"),
            "Add a grader that nothing at all cannot pass, such as `contains`, `number`, or `length` with `at_least = 1`.",
        ),
        Probe::Other if trouble.is_error => (format!("{what} passes {why} in {cases}"), "Make a grader stricter, or the references less alike."),
        Probe::Other => {
            (format!("{what} passes {why} in {cases}: no grader looks at what is right for the case"), "Add a grader that compares with the reference.")
        }
        Probe::Words if trouble.is_error => (format!("{what} passes {why} in {cases}"), "Raise the threshold, or compare more strictly."),
        Probe::Words => (format!("{what} passes {why} in {cases}: by design these graders look at no order"), "Nothing, if order does not matter."),
    };
    let severity = if trouble.is_error { Severity::Error } else { Severity::Warning };
    Finding::new("self-test", severity, trouble.first.place.clone(), message, remedy)
}

#[cfg(test)]
mod tests;
