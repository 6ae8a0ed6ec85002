//! The graders' own test before a run.

use super::Desk;
use crate::failure::Failure;
use crate::output::plain;
use jeton_context::{Finding, Severity};
use jeton_eval::grader::Bench;
use jeton_eval::grader::selftest::{PAID_CALLS_MAX, SelfTestOptions, paid_calls, selftest};
use jeton_eval::run::{Choice, SelfTestSummary};
use jeton_eval::session::Place;
use jeton_eval::{Answer, CallFault, Calling, FaultClass, ModelCall, Models};
use std::sync::{Mutex, PoisonError};

/// Faults of the graders that are told.
const FAULTS_SHOWN: usize = 10;

/// Calls models, and keeps why calls were not answered: a judge whose provider is down says nothing of the graders.
struct Heard<'m> {
    models: &'m dyn Models,
    faults: Mutex<Vec<CallFault>>,
}

impl Heard<'_> {
    fn keep<T>(&self, answered: Result<T, CallFault>) -> Result<T, CallFault> {
        answered.inspect_err(|fault| self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault.clone()))
    }

    /// How a run ends whose graders failed their test: for want of money it is undecided, for want of answers something else is broken, and
    /// else the answer is no.
    fn failure(&self) -> Failure {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |class: FaultClass| faults.iter().find(|fault| fault.class == class);
        if of(FaultClass::Budget).is_some() {
            return Failure::Undecided;
        }
        match of(FaultClass::Provider).or_else(|| of(FaultClass::Internal)) {
            Some(fault) => Failure::dependency(
                format!("the graders could not be tested ({}): {}", super::fault_word(fault.class), fault.message),
                "see that the judges' providers answer; `--no-selftest` runs without the test, and the report says so",
            ),
            None => Failure::No,
        }
    }
}

impl Models for Heard<'_> {
    fn call(&self, call: ModelCall) -> Calling<'_, Answer> {
        Box::pin(async move { self.keep(self.models.call(call).await) })
    }

    fn embed(&self, model: &str, texts: Vec<String>, tags: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)> {
        let asked = self.models.embed(model, texts, tags);
        Box::pin(async move { self.keep(asked.await) })
    }
}

/// The graders' own test, before any target is paid. Judges and embeddings are paid for theirs as for all else of the run.
pub(super) async fn tested(place: &Place<'_>, desk: &Desk, choice: &Choice) -> Result<Option<SelfTestSummary>, Failure> {
    if choice.no_selftest {
        return Ok(None);
    }
    let of_run = place.bench;
    let heard = Heard { models: of_run.models, faults: Mutex::default() };
    let tags = of_run.tags.iter().cloned().chain(["self-test".to_owned()]).collect();
    let bench = Bench { models: &heard, prepared: of_run.prepared, tags, labels: of_run.labels, timeout_ms: choice.timeout_ms.or(of_run.timeout_ms) };
    match paid_calls(&desk.suite) {
        0 => {}
        calls => eprintln!("the graders are tested first: judges and embeddings make at most {calls} calls for it; `--no-selftest` leaves it out"),
    }
    let found = selftest(&desk.suite, &bench, SelfTestOptions { seed: desk.suite.seed, paid_calls_max: PAID_CALLS_MAX }).await;
    let told = |finding: &Finding| format!("{}: {}", finding.place, finding.message);
    found.findings.iter().filter(|finding| finding.severity == Severity::Warning).for_each(|finding| eprintln!("{}", plain(&told(finding))));
    let errors: Vec<String> = found.findings.iter().filter(|finding| finding.severity == Severity::Error).map(told).collect();
    let summary = SelfTestSummary::of(&found, errors);
    if summary.faults.is_empty() || fails(&summary, desk.suite.is_foreign) { Ok(Some(summary)) } else { Err(heard.failure()) }
}

/// Tells of graders that fail their own test. Gives whether the suite is run all the same.
fn fails(summary: &SelfTestSummary, is_foreign: bool) -> bool {
    let spent = match (summary.calls, summary.cost) {
        (0, _) => "nothing was spent".to_owned(),
        (calls, None) => format!("the test made {calls} calls, whose cost is not known"),
        (calls, Some(cost)) => format!("the test cost {cost} for {calls} calls"),
    };
    let so =
        if is_foreign { "but are run all the same, for another program's file means what it says".to_owned() } else { format!("so nothing was run; {spent}") };
    eprintln!("The graders fail their own test, {so}:");
    summary.faults.iter().take(FAULTS_SHOWN).for_each(|error| eprintln!("  {}", plain(error)));
    if summary.faults.len() > FAULTS_SHOWN {
        eprintln!("  … and {} more", summary.faults.len() - FAULTS_SHOWN);
    }
    eprintln!(
        "{}",
        match is_foreign {
            true => "  next: mend the assertions, or import the file and mend the suite; the report counts the faults",
            false => "  next: mend the graders or the references; `--no-selftest` runs all the same, and the report says so",
        }
    );
    is_foreign
}
