//! `jeton eval compare`.

use super::reference::{Reference, Side};
use super::show::{figure, interval};
use crate::cli::EvalCompareArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_allocate::verdict::Verdict;
use jeton_eval::Row;
use jeton_eval::compare::{Comparison, Flip, compare as compared};
use jeton_eval::family::{Adjust, Family, Member, family};
use jeton_eval::totals::Validity;
use jeton_ledger::Records;
use serde_json::json;

pub(super) fn compare(context: &Context, args: &EvalCompareArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let asked = asked(&store, args)?;
    asked.notes.iter().for_each(|note| eprintln!("{}", output::plain(note)));
    match asked.candidates.as_slice() {
        [candidate] => pair(&asked.baseline, candidate, args, &asked.notes, is_json),
        many => all(&asked.baseline, many, args, &asked.notes, is_json),
    }
}

/// What is compared with what.
struct Asked {
    baseline: Side,
    candidates: Vec<Side>,
    /// What should be known of the choice.
    notes: Vec<String>,
}

/// Both sides as they are named. One run alone stands for its other targets against its first; a run of several targets as the candidate for all
/// of them.
fn asked(store: &dyn Records, args: &EvalCompareArgs) -> Result<Asked, Failure> {
    let first = found(store, &args.baseline)?;
    let second = args.candidate.as_deref().map(|name| found(store, name)).transpose()?;
    let of = second.as_ref().unwrap_or(&first);
    let baseline = match (&first.target, first.head.targets.first()) {
        (None, Some(target)) if second.is_none() => target.name.clone(),
        _ => first.one(&args.baseline)?,
    };
    let names = match (&args.candidate, of.names().len()) {
        (Some(name), 1) => vec![of.one(name)?],
        (Some(name), _) if of.target.is_some() => vec![of.one(name)?],
        _ => of.names().into_iter().filter(|name| of.head.id != first.head.id || *name != baseline).collect(),
    };
    if names.is_empty() {
        return Err(Failure::usage(
            format!("{} has one target, and nothing to compare it with", first.head.id),
            "name a second run; `jeton eval list --runs SUITE` shows them",
        ));
    }
    let candidates = names.iter().map(|name| of.side(name, &args.tag)).collect();
    let mut notes = first.notes.clone();
    notes.extend(second.iter().flat_map(|second| second.notes.clone()).filter(|note| !first.notes.contains(note)));
    Ok(Asked { baseline: first.side(&baseline, &args.tag), candidates, notes })
}

fn found(store: &dyn Records, name: &str) -> Result<Reference, Failure> {
    Reference::find(store, name)?.ok_or_else(|| Failure::usage(format!("there is no run `{name}`"), "`jeton eval list` shows suites and runs"))
}

fn pair(baseline: &Side, candidate: &Side, args: &EvalCompareArgs, notes: &[String], is_json: bool) -> Result<(), Failure> {
    let comparison = compared((&baseline.label, &refs(&baseline.rows)), (&candidate.label, &refs(&candidate.rows)), args.margin, Level::P95);
    let invalid: Vec<&Side> = [baseline, candidate].into_iter().filter(|side| missing(side).is_some()).collect();
    if is_json {
        output::json(&json!({ "comparison": comparison, "invalid": labels(&invalid), "notes": notes }));
    } else {
        show(&comparison, args.limit, &candidate.run);
        tell_invalid(&invalid);
    }
    if comparison.cases == 0 {
        return Err(nothing_in_common());
    }
    if !invalid.is_empty() {
        return Err(Failure::Invalid);
    }
    ended([comparison.verdict])
}

/// Several candidates against one baseline: p-values are adjusted for their number.
fn all(baseline: &Side, candidates: &[Side], args: &EvalCompareArgs, notes: &[String], is_json: bool) -> Result<(), Failure> {
    let sides: Vec<(&str, Vec<&Row>)> = candidates.iter().map(|side| (side.label.as_str(), refs(&side.rows))).collect();
    let found = family((&baseline.label, &refs(&baseline.rows)), &sides, args.margin, args.adjust.into(), Level::P95);
    let invalid: Vec<&Side> = std::iter::once(baseline).chain(candidates).filter(|side| missing(side).is_some()).collect();
    if is_json {
        output::json(&json!({ "family": found, "baseline": baseline.label, "invalid": labels(&invalid), "notes": notes }));
    } else {
        show_all(&found, baseline, &labels(&invalid));
        tell_invalid(&invalid);
    }
    if found.members.iter().all(|member| member.comparison.cases == 0) {
        return Err(nothing_in_common());
    }
    if !invalid.is_empty() {
        return Err(Failure::Invalid);
    }
    ended(found.members.iter().map(|member| member.comparison.verdict))
}

/// What the exit code says: worse where any is worse, else undecided where any is.
fn ended(verdicts: impl IntoIterator<Item = Verdict>) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for verdict in verdicts {
        match verdict {
            Verdict::Worse => return Err(Failure::No),
            Verdict::Undecided { .. } => outcome = Err(Failure::Undecided),
            Verdict::Better | Verdict::NoRelevantDifference => {}
        }
    }
    outcome
}

fn nothing_in_common() -> Failure {
    Failure::usage("the two have no judged case in common", "compare runs of the same suite; `jeton eval list --runs SUITE` shows them")
}

/// The share that is missing where that makes a side invalid.
fn missing(side: &Side) -> Option<f64> {
    let totals = side.totals.as_ref()?;
    if let Validity::Invalid { share, .. } = totals.validity { Some(share) } else { None }
}

fn labels<'s>(sides: &[&'s Side]) -> Vec<&'s str> {
    sides.iter().map(|side| side.label.as_str()).collect()
}

fn tell_invalid(sides: &[&Side]) {
    for side in sides {
        println!("\n{} is INVALID: {:.1} % of its cells have no verdict.", output::line(&side.label), 100.0 * missing(side).unwrap_or_default());
    }
}

fn refs(rows: &[Row]) -> Vec<&Row> {
    rows.iter().collect()
}

/// A family for people.
fn show_all(found: &Family, baseline: &Side, invalid: &[&str]) {
    println!("against {}\n", output::line(&baseline.label));
    let p = |p: Option<f64>| p.map_or_else(|| "–".to_owned(), |p| format!("{p:.4}"));
    let row = |member: &Member| {
        let of = &member.comparison;
        let is_invalid = [of.candidate.as_str(), &baseline.label].iter().any(|label| invalid.contains(label));
        vec![
            of.candidate.clone(),
            of.cases.to_string(),
            format!("{:.1} → {:.1}", 100.0 * of.rates.0, 100.0 * of.rates.1),
            figure(of.difference.as_ref(), 100.0, 1),
            p(of.p),
            p(member.p_adjusted),
            if is_invalid { "invalid".to_owned() } else { told(of) },
        ]
    };
    let adjusted = match found.adjust {
        Adjust::Holm => "p (Holm)",
        Adjust::Bh => "p (BH)",
        Adjust::None => "p (as it is)",
    };
    let heads = ["candidate", "cases", "passed %", "change in points [interval]", "p", adjusted, "verdict"];
    output::table(&heads, &[1, 4, 5], found.members.iter().map(row).collect());
    match found.adjust {
        Adjust::None => println!("\nNothing is adjusted: of many candidates that are alike, one in twenty is called better or worse."),
        Adjust::Holm | Adjust::Bh => println!(
            "\nBetter and worse are said where the adjusted p is at most {:.2}. The intervals hold at 95 % all together; \"no relevant difference\" rests on them.",
            found.alpha
        ),
    }
    if let Some(member) = found.members.first() {
        println!("`jeton eval compare {} {}` shows the flips of one.", output::line(&baseline.label), output::line(&member.comparison.candidate));
    }
}

/// A comparison for people.
fn show(comparison: &Comparison, limit: usize, run: &str) {
    println!("{}\n  against {}", output::line(&comparison.candidate), output::line(&comparison.baseline));
    println!("\n  VERDICT: {}", told(comparison));
    println!(
        "\n  passed   {:.1} % → {:.1} % on {} cases of both ({} cannot be paired)",
        100.0 * comparison.rates.0,
        100.0 * comparison.rates.1,
        comparison.cases,
        comparison.unpaired
    );
    if let Some(found) = &comparison.difference {
        let p = comparison.p.map_or(String::new(), |p| format!("; p = {p:.4}, {}", comparison.test));
        println!("  change   {:+.1} points{} ({}{p})", 100.0 * found.value, interval(found, 100.0, 1), found.method);
    }
    println!("  flips    {} fixed, {} broken", comparison.fixed.len(), comparison.broken.len());
    println!("  cost     {} usd a case more", figure(comparison.usd_per_case.as_ref(), 1.0, 6));
    if let Some((before, after, apart)) = &comparison.usd_per_success {
        println!("           {before:.6} → {after:.6} usd a success, change {}", figure(apart.as_ref(), 1.0, 6));
    }
    println!("  latency  {} ms more", figure(comparison.latency_ms.as_ref(), 1.0, 1));
    for (name, flips) in [("broken", &comparison.broken), ("fixed", &comparison.fixed)] {
        if !flips.is_empty() {
            println!();
            let row =
                |flip: &Flip| vec![flip.case.clone(), format!("{}/{} → {}/{}", flip.before.0, flip.before.1, flip.after.0, flip.after.1), flip.why.clone()];
            output::table(&[name, "passed", "why it fails"], &[], flips.iter().take(limit).map(row).collect());
            if flips.len() > limit {
                println!("… and {} more; --limit shows them", flips.len() - limit);
            }
        }
    }
    if let Some(flip) = comparison.broken.first().or(comparison.fixed.first()) {
        println!("\n`jeton eval show {run} --case {}` opens one.", output::line(&flip.case));
    }
}

fn told(comparison: &Comparison) -> String {
    match comparison.verdict {
        Verdict::Better => "better".to_owned(),
        Verdict::Worse => "worse".to_owned(),
        Verdict::NoRelevantDifference => format!("no relevant difference (within {:.1} points)", 100.0 * comparison.margin),
        Verdict::Undecided { more_cases: Some(more) } => format!("undecided: about {more} more cases would decide, should it stay like this"),
        Verdict::Undecided { more_cases: None } => "undecided".to_owned(),
    }
}
