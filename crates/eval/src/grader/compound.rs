//! Several graders as one.

use super::ready::Ready;
use super::said::{Bill, Said};
use super::settle::{decides, mean};
use super::values::Sample;
use super::{Bench, judged};
use crate::{Grade, Verdict};
use std::borrow::Cow;

/// All of them: each that decides must pass; or, with a threshold, the weighted mean of their scores reaches it. Of a mean that is not known in
/// part it is only said that it fails, and only where the rest cannot make up for it.
pub(crate) async fn all(sample: &Sample<'_>, members: &[Ready<'_>], threshold: Option<f64>, bench: &Bench<'_>) -> Said {
    let mut grades = Vec::new();
    for member in members {
        grades.push(member_grade(member, sample, bench).await);
    }
    let deciding: Vec<&Grade> = grades.iter().filter(|grade| decides(grade.weight)).collect();
    let failed = deciding.iter().find(|grade| grade.verdict == Verdict::Fail);
    let unscored = deciding.iter().find(|grade| grade.verdict == Verdict::Unscored);
    let score = mean(&deciding);
    let said = match (threshold, failed, unscored) {
        _ if deciding.is_empty() => Said::unscored("none of its graders decides"),
        (Some(least), _, Some(open)) if at_best(&deciding).is_some_and(|best| best < least) => {
            Said::fail(format!("the mean is below {least} whatever `{}` says", open.grader))
        }
        (Some(_), _, Some(open)) | (None, None, Some(open)) => Said::unscored(format!("`{}` is unscored: {}", open.grader, open.why)),
        (Some(_), _, None) => {
            score.map_or_else(|| Said::unscored("the weights are no numbers"), |mean| Said::score(mean, 1.0, format!("the mean of its scores is {mean:.3}")))
        }
        (None, Some(failed), _) => placed(Said::fail(format!("`{}`: {}", failed.grader, failed.why)).partly(score.unwrap_or(0.0)), failed),
        (None, None, None) => Said::pass("all of them pass").partly(score.unwrap_or(1.0)),
    };
    with_members(said, &grades)
}

/// Any of them: one that passes is enough, and the rest is then not asked.
pub(crate) async fn any(sample: &Sample<'_>, members: &[Ready<'_>], bench: &Bench<'_>) -> Said {
    let mut grades: Vec<Grade> = Vec::new();
    for member in members.iter().filter(|member| decides(member.grader.weight)) {
        grades.push(member_grade(member, sample, bench).await);
        if grades.last().is_some_and(|grade| grade.verdict == Verdict::Pass) {
            break;
        }
    }
    let best = grades.iter().filter_map(|grade| grade.score).fold(0.0, f64::max);
    let said = match (grades.iter().find(|grade| grade.verdict == Verdict::Pass), grades.iter().find(|grade| grade.verdict == Verdict::Unscored)) {
        (Some(met), _) => Said::pass(format!("`{}`: {}", met.grader, met.why)).partly(best),
        (None, Some(open)) => Said::unscored(format!("`{}` is unscored: {}", open.grader, open.why)),
        (None, None) if grades.is_empty() => Said::unscored("none of its graders decides"),
        (None, None) => Said::fail("none of them passes").partly(best),
    };
    with_members(said, &grades)
}

async fn member_grade(member: &Ready<'_>, sample: &Sample<'_>, bench: &Bench<'_>) -> Grade {
    let changes = if sample.is_probe { &[][..] } else { &member.grader.transform };
    match super::changed(changes, &sample.text) {
        Ok(text) => {
            let text = Cow::Owned(text.into_owned());
            judged(member, Sample { case: sample.case, answer: sample.answer, text, context: sample.context, is_probe: sample.is_probe }, bench).await
        }
        Err(why) => Grade { weight: member.grader.weight, ..Grade::new(member.grader.name.clone(), Verdict::Fail, why) },
    }
}

/// The mean where all that is not known were 1.
fn at_best(grades: &[&Grade]) -> Option<f64> {
    let assumed: Vec<Grade> = grades.iter().map(|grade| Grade { score: grade.score.or(Some(1.0)), ..(*grade).clone() }).collect();
    mean(&assumed.iter().collect::<Vec<_>>())
}

fn placed(said: Said, grade: &Grade) -> Said {
    match &grade.at {
        Some(at) => said.at(at.clone()),
        None => said,
    }
}

fn with_members(said: Said, grades: &[Grade]) -> Said {
    let mut bill = Bill::default();
    grades.iter().for_each(|grade| bill.add_grade(grade));
    said.told(serde_json::to_value(grades).unwrap_or_default()).billed(bill)
}
