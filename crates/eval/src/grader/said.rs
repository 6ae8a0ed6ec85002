//! What a criterion says of an answer, before the grader's own settings (threshold, negation, weight) are laid over it.

use crate::{Grade, Grader, Verdict};
use jeton_core::Nanousd;
use serde_json::Value;

/// What a criterion says. `Err` in its place means that nothing can be said, and why: the grade is unscored.
pub(crate) type Judged = Result<Said, String>;

/// How the verdict comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ruling {
    /// It is the criterion's own.
    Is(Verdict),
    /// The score must reach the grader's threshold, or this one where the grader has none.
    Reaches(f64),
    /// The grader's threshold decides where there is one, else this verdict.
    Unless(Verdict),
}

/// A criterion's word on one answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) ruling: Ruling,
    /// From 0 to 1; none where unscored.
    pub(crate) score: Option<f64>,
    pub(crate) why: String,
    pub(crate) at: Option<String>,
    pub(crate) bill: Bill,
    pub(crate) raw: Option<Value>,
}

/// What calls cost; unknown once one of them is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) calls: Vec<String>,
    sum: Nanousd,
    is_unknown: bool,
}

impl Bill {
    /// Adds a call with its cost. What no call was made for costs nothing.
    pub(crate) fn add(&mut self, call: Option<&String>, cost: Option<Nanousd>) {
        self.calls.extend(call.cloned());
        match cost {
            Some(cost) => self.sum = self.sum.saturating_add(cost),
            None => self.is_unknown |= call.is_some(),
        }
    }

    /// Adds what a grade cost.
    pub(crate) fn add_grade(&mut self, grade: &Grade) {
        self.calls.extend(grade.calls.iter().cloned());
        match grade.cost {
            Some(cost) => self.sum = self.sum.saturating_add(cost),
            None => self.is_unknown |= !grade.calls.is_empty(),
        }
    }

    /// The sum; none where no call was made, or a cost is unknown.
    pub(crate) fn cost(&self) -> Option<Nanousd> {
        (!self.is_unknown && (!self.calls.is_empty() || self.sum != Nanousd::ZERO)).then_some(self.sum)
    }
}

impl Said {
    fn new(ruling: Ruling, score: Option<f64>, why: impl Into<String>) -> Self {
        Self { ruling, score, why: why.into(), at: None, bill: Bill::default(), raw: None }
    }

    /// The criterion is met.
    pub(crate) fn pass(why: impl Into<String>) -> Self {
        Self::new(Ruling::Is(Verdict::Pass), Some(1.0), why)
    }

    /// It is not met.
    pub(crate) fn fail(why: impl Into<String>) -> Self {
        Self::new(Ruling::Is(Verdict::Fail), Some(0.0), why)
    }

    /// Nothing can be said.
    pub(crate) fn unscored(why: impl Into<String>) -> Self {
        Self::new(Ruling::Is(Verdict::Unscored), None, why)
    }

    /// Met or not.
    pub(crate) fn met(is_met: bool, why: impl Into<String>) -> Self {
        if is_met { Self::pass(why) } else { Self::fail(why) }
    }

    /// A score that must reach the grader's threshold, or `default`. No number is no score.
    pub(crate) fn score(score: f64, default: f64, why: impl Into<String>) -> Self {
        if score.is_nan() {
            return Self::unscored("the score is no number");
        }
        Self::new(Ruling::Reaches(default), Some(score.clamp(0.0, 1.0)), why)
    }

    /// The same with a part of the way as its score: the grader's threshold decides where there is one.
    pub(crate) fn partly(mut self, score: f64) -> Self {
        if let Ruling::Is(verdict) | Ruling::Unless(verdict) = self.ruling
            && score.is_finite()
            && verdict != Verdict::Unscored
        {
            (self.ruling, self.score) = (Ruling::Unless(verdict), Some(score.clamp(0.0, 1.0)));
        }
        self
    }

    /// The same with a place in the answer or the value.
    pub(crate) fn at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// The same with what was told by a model, a program or a person.
    pub(crate) fn told(mut self, raw: Value) -> Self {
        self.raw = Some(raw);
        self
    }

    /// The same with what its calls cost.
    pub(crate) fn billed(mut self, bill: Bill) -> Self {
        self.bill = bill;
        self
    }

    fn verdict(&self, threshold: Option<f64>) -> Verdict {
        let Some(score) = self.score else { return Verdict::Unscored };
        let reached = |least: f64| if score >= least { Verdict::Pass } else { Verdict::Fail };
        match (self.ruling, threshold) {
            (Ruling::Is(verdict), _) | (Ruling::Unless(verdict), None) => verdict,
            (Ruling::Reaches(default), None) => reached(default),
            (Ruling::Reaches(_) | Ruling::Unless(_), Some(threshold)) => reached(threshold),
        }
    }
}

/// The grade that a grader's settings make of what its criterion says. Negation turns a pass into a fail and a fail into a pass, with the
/// score's complement; what is unscored stays so.
pub(crate) fn finish(grader: &Grader, judged: Judged) -> Grade {
    let said = judged.unwrap_or_else(Said::unscored);
    let (verdict, score) = match (said.verdict(grader.threshold), grader.negate) {
        (Verdict::Unscored, _) => (Verdict::Unscored, None),
        (verdict, false) => (verdict, said.score),
        (Verdict::Pass, true) => (Verdict::Fail, said.score.map(|score| 1.0 - score)),
        (Verdict::Fail, true) => (Verdict::Pass, said.score.map(|score| 1.0 - score)),
    };
    let score = score.map(|score| if grader.all_or_nothing { f64::from(u8::from(verdict == Verdict::Pass)) } else { score });
    let cost = said.bill.cost();
    let mut why = said.why;
    if cost.is_none() && !said.bill.calls.is_empty() {
        why.push_str(" (what the grader's calls cost is not known)");
    }
    Grade { grader: grader.name.clone(), verdict, score, weight: grader.weight, why, at: said.at, cost, calls: said.bill.calls, raw: said.raw }
}

/// The beginning of a text on one line, for messages.
pub(crate) fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let mut short: String = text.trim().chars().take(CHARACTERS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().chars().nth(CHARACTERS_MAX).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
