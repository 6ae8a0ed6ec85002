//! A constraint unit's own check.

use super::said::{Judged, Said};
use super::values::Sample;
use jeton_context::constraint::{Constraint, Subject, Surroundings, Verdict, run};
use jeton_context::sandbox::Sandbox;

/// What a check says, as a criterion's word.
pub(crate) fn said(verdict: Verdict) -> Said {
    match verdict {
        Verdict::Holds => Said::pass("the constraint holds"),
        Verdict::Unscored(why) => Said::unscored(why),
        Verdict::Broken(breaches) => {
            let more = breaches.len().saturating_sub(1);
            let first = breaches.first();
            let mut why = first.map_or_else(String::new, |breach| breach.excerpt.clone());
            if more > 0 {
                why.push_str(&format!(" (and {more} more)"));
            }
            let said = Said::fail(format!("the constraint is broken: {why}"));
            match first.filter(|breach| breach.line > 0) {
                Some(breach) => said.at(format!("{}:{}", breach.line, breach.column)),
                None => said,
            }
        }
    }
}

/// A check by a command, which may take seconds: it does not hold up the other cases.
pub(crate) async fn command(sample: &Sample<'_>, sandbox: &Sandbox, rule: &Constraint) -> Judged {
    let (sandbox, rule, text) = (sandbox.clone(), rule.clone(), sample.text.to_string());
    let checked = tokio::task::spawn_blocking(move || {
        let surroundings = Surroundings::new(&[]).with_sandbox(Ok(&sandbox));
        run(&rule, Subject::Output { text: &text }, &surroundings)
    });
    checked.await.map(said).map_err(|error| format!("the check broke: {error}"))
}
