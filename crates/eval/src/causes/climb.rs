//! The climb of one case: control, one factor at a time, all of them, all but one, a stronger model.

use super::arms::{Factor, factors, together};
use super::found::{Examined, by_experiment, undetermined, unresolved};
use super::record::Deficit;
use super::trial::{Arm, Patient, UNCHANGED};
use super::{Cause, Ladder, Level, Report};
use crate::cell::Treatment;
use crate::{Case, Row};

/// Answers of each model that must agree against a reference.
const AGREEING_LEAST: usize = 3;
/// What the arm of all factors is called.
const BEST: &str = "with everything made right";

/// What a climb starts from.
struct Start<'a> {
    factors: Vec<Factor>,
    deficits: &'a [Deficit],
}

impl Start<'_> {
    /// The tests of a climb: one of each factor, one of all, one of the stronger model.
    fn tests(&self) -> usize {
        self.factors.len() + 2
    }

    fn is_recorded(&self, cause: Cause) -> bool {
        self.deficits.iter().any(|deficit| deficit.cause == cause)
    }
}

impl Ladder<'_> {
    pub(super) async fn examine_row(&self, row: &Row, deficits: &[Deficit], report: &mut Report) -> Examined {
        let (Some((case, target)), Some(planned)) = (self.parts(row), self.planned(row)) else {
            return undetermined("the suite has this case no more", Vec::new());
        };
        let mut patient = Patient { planned, base: self.as_then(row), tried: Vec::new(), control: Arm::default() };
        self.more_control(&mut patient, self.options.repeats, report).await;
        if patient.control.n == 0 {
            return without_control(patient, self.options.calls_max);
        }
        let mut factors = factors(self.cells.suite, case, target, row, deficits, &self.changed(row));
        if deficits.iter().any(|deficit| deficit.cause == Cause::Limit) {
            self.lift(&mut patient, &mut factors, report).await;
        }
        let mut examined = self.climb(&mut patient, &Start { factors, deficits }, report).await;
        if report.is_cut && examined.cause == Cause::Undetermined {
            examined.proof =
                format!("the bound of {} calls ended its experiments before all were made; until then, {}", self.options.calls_max, examined.proof);
        }
        examined
    }

    /// Control against each factor, then against all of them, then a stronger model in the best environment.
    async fn climb(&self, patient: &mut Patient, start: &Start<'_>, report: &mut Report) -> Examined {
        let mut enough: Vec<(&Factor, Arm)> = Vec::new();
        let mut last = patient.control.clone();
        for factor in &start.factors {
            let (arm, helps) = self.helps(patient, &factor.what, &factor.treatment, start.tests(), report).await;
            last.clone_from(&arm);
            if helps && (start.is_recorded(factor.cause) || self.comes_again(patient, factor, report).await) {
                enough.push((factor, arm));
            }
        }
        // Other units lead astray only where having the needed ones beside them did not help.
        if enough.iter().any(|(factor, _)| factor.cause == Cause::ContextMissing) {
            enough.retain(|(factor, _)| factor.cause != Cause::ContextDistracting);
        }
        if let Some((first, arm)) = enough.first() {
            let also = enough[1..].iter().map(|(factor, _)| factor.cause).collect();
            return by_experiment(first, also, false, start.deficits, patient).with_chance(arm);
        }
        if patient.control.is_unstable() {
            return by_chance(patient);
        }
        self.climb_higher(patient, start, last, report).await
    }

    async fn comes_again(&self, patient: &mut Patient, factor: &Factor, report: &mut Report) -> bool {
        self.again(patient, (&factor.what, &factor.treatment), (UNCHANGED, &Treatment::default()), report).await
    }

    /// All factors at once, then a stronger model. `at_best` is the arm of the only factor, where there are not several.
    async fn climb_higher(&self, patient: &mut Patient, start: &Start<'_>, mut at_best: Arm, report: &mut Report) -> Examined {
        let best = together(&start.factors.iter().collect::<Vec<_>>());
        if start.factors.len() > 1 {
            let (arm, helps) = self.helps(patient, BEST, &best, start.tests(), report).await;
            if helps {
                return self.jointly(patient, start, &arm, report).await;
            }
            at_best = arm;
        }
        if patient.control.is_unstable() {
            return by_chance(patient);
        }
        match self.options.stronger.clone() {
            Some(stronger) => self.by_stronger(patient, start, &stronger, (&best, at_best), report).await,
            None => unresolved(start.deficits, &start.factors, std::mem::take(&mut patient.tried)),
        }
    }

    /// A stronger model in the best environment; what it needs of that environment too is named beside the model.
    async fn by_stronger(&self, patient: &mut Patient, start: &Start<'_>, stronger: &str, best: (&Treatment, Arm), report: &mut Report) -> Examined {
        let (best, at_best) = best;
        let treatment = Treatment { model: Some(stronger.to_owned()), ..best.clone() };
        let what = format!("{BEST}, by {stronger}");
        let arm = self.arm(patient, &what, &treatment, self.options.repeats, report).await;
        if self.beats(patient, &arm, &at_best, start.tests(), 1.0) && self.again(patient, (&what, &treatment), (BEST, best), report).await {
            let needed = self.needed(patient, start, &arm, Some(stronger), report).await;
            let proof = format!(
                "{stronger} passes {} of {} times in the environment in which the target passes {} of {}",
                arm.passed, arm.n, at_best.passed, at_best.n
            );
            let also: Vec<Cause> = needed.iter().map(|factor| factor.cause).collect();
            let jointly = !also.is_empty();
            return Examined { cause: Cause::Model, also, jointly, level: Level::L2, proof, ..undetermined("", std::mem::take(&mut patient.tried)) };
        }
        if let Some(proof) = self.against_reference(&self.cells.suite.cases[patient.planned.case], &at_best.said, &arm.said) {
            let about = Some("the reference".to_owned());
            return Examined { cause: Cause::Grader, level: Level::L2, proof, about, ..undetermined("", std::mem::take(&mut patient.tried)) };
        }
        unresolved(start.deficits, &start.factors, std::mem::take(&mut patient.tried))
    }

    /// What shows that the reference is wrong: in the environment at its best two models give one and the same answer every time, it stands
    /// word for word in a unit that the case needs, and no reference stands in any of them.
    fn against_reference(&self, case: &Case, by_target: &[String], by_stronger: &[String]) -> Option<String> {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_lowercase();
        let said = plain(by_target.first()?);
        let agree = |answers: &[String]| answers.len() >= AGREEING_LEAST && answers.iter().all(|answer| plain(answer) == said);
        let references = case.references();
        if said.is_empty() || references.is_empty() || !agree(by_target) || !agree(by_stronger) {
            return None;
        }
        let desk = self.cells.environment.engine.as_ref()?.desk();
        let needed: Vec<(&str, String)> = case.needs.iter().filter_map(|id| Some((id.as_str(), plain(&desk.catalogue.unit(id)?.body)))).collect();
        let (unit, _) = needed.iter().find(|(_, body)| body.contains(&said))?;
        let stands = references.iter().any(|reference| needed.iter().any(|(_, body)| body.contains(&plain(reference))));
        (!stands).then(|| {
            format!("both models always answer `{}`, which stands in {unit}; the reference stands in no unit that the case needs", by_target[0].trim())
        })
    }

    /// The factors that help only together: those without which it fails again.
    async fn jointly(&self, patient: &mut Patient, start: &Start<'_>, at_best: &Arm, report: &mut Report) -> Examined {
        let needed = self.needed(patient, start, at_best, None, report).await;
        match needed.split_first() {
            Some((first, others)) => {
                let also: Vec<Cause> = others.iter().map(|factor| factor.cause).collect();
                by_experiment(first, also, !others.is_empty(), start.deficits, patient).with_chance(at_best)
            }
            None => undetermined("everything made right helps, and no single part of it is needed", std::mem::take(&mut patient.tried)),
        }
    }

    /// The factors without which the environment at its best is no longer enough, for the target or for another model.
    async fn needed<'s>(&self, patient: &mut Patient, start: &'s Start<'_>, at_best: &Arm, model: Option<&str>, report: &mut Report) -> Vec<&'s Factor> {
        let mut needed = Vec::new();
        let by = model.map_or(String::new(), |model| format!(", by {model}"));
        for left_out in &start.factors {
            let others: Vec<&Factor> = start.factors.iter().filter(|factor| factor.what != left_out.what).collect();
            let treatment = Treatment { model: model.map(str::to_owned), ..together(&others) };
            let arm = self.arm(patient, &format!("with everything but {}{by}", left_out.what), &treatment, at_best.n, report).await;
            if self.beats(patient, at_best, &arm, start.factors.len(), 1.0) {
                needed.push(left_out);
            }
        }
        needed
    }
}

/// Why nothing can be compared with the request as it was: it was not sent at all, or every answer to it is without a verdict.
fn without_control(patient: Patient, calls_max: u64) -> Examined {
    let proof = match &patient.control.unjudged {
        Some(why) => format!("the same request, sent again, got no verdict: {why}"),
        None => format!("the bound of {calls_max} calls was reached before it was examined"),
    };
    undetermined(&proof, patient.tried)
}

/// The same request passes now and then.
fn by_chance(patient: &mut Patient) -> Examined {
    let proof = format!("the same request passed {} of {} times when it was sent again", patient.control.passed, patient.control.n);
    Examined { cause: Cause::Random, level: Level::L2, proof, ..undetermined("", std::mem::take(&mut patient.tried)) }
}
