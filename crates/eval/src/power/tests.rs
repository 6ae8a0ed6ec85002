use super::*;
use crate::run::Choice;
use crate::{Cell, Outcome, Target, TargetKind, testing};
use jeton_context::Digest;
use jeton_core::Timestamp;
use serde_json::Map;

fn head(id: &str, suite: &[u8], targets: &[&str]) -> RunHead {
    let target = |name: &&str| {
        let kind = TargetKind::Model { model: "acme/fast".to_owned(), pack: None, oracle: false };
        Target { name: (*name).to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() }
    };
    RunHead {
        id: id.to_owned(),
        suite: "s".to_owned(),
        file: "evals/s.toml".to_owned(),
        digest: Digest::of(suite),
        catalogue: None,
        config: String::new(),
        class: None,
        choice: Choice::default(),
        targets: targets.iter().map(target).collect(),
        cases: 20,
        cells: 40,
        errors_max: 0.1,
        selftest: None,
        started: Timestamp(0),
        version: String::new(),
    }
}

/// Rows of twenty cases in groups of `size`; `None`: no answer.
fn rows(target: &str, size: usize, passes: impl Fn(usize) -> Option<bool>) -> Vec<Row> {
    let row = |case: usize| {
        let outcome = passes(case).map_or(Outcome::Error, |passed| if passed { Outcome::Passed } else { Outcome::Failed });
        Row { launch: case as u64, cluster: format!("g{}", case / size), ..testing::row(&format!("c{case}"), target, outcome) }
    };
    (0..20).map(row).collect()
}

fn found(before: &[Row], after: &[Row]) -> Result<Basis, Unknown> {
    let (a, b) = (head("run-1", b"s", &["a"]), head("run-2", b"s", &["b"]));
    of_rows((&a, "a", before), (&b, "b", after))
}

/// Half of twenty cases differ: the differences' variance is 20·0.25/19, and 2.8016·√(variance/20) = 0.3214.
#[test]
fn the_smallest_difference_by_hand() {
    let basis = found(&rows("a", 1, |case| Some(case % 2 == 0)), &rows("b", 1, |_| Some(true))).unwrap();
    assert_eq!((basis.baseline.as_str(), basis.candidate.as_str(), basis.cases, basis.clusters), ("run-1:a", "run-2:b", 20, 20));
    let least = |cases, repeats| basis.detectable(cases, repeats, Aim::default()).unwrap();
    assert!((least(20, 1) - 0.321_36).abs() < 1e-4, "{}", least(20, 1));
    assert!((least(80, 1) - least(20, 1) / 2.0).abs() < 1e-9, "four times the cases see half the difference");
    assert!((least(20, 3) - least(20, 1)).abs() < 1e-9, "without repeats in the runs, more of them promise nothing");
}

#[test]
fn groups_that_come_out_alike_see_less() {
    let alone = found(&rows("a", 1, |case| Some(case / 4 % 2 == 0)), &rows("b", 1, |_| Some(true))).unwrap();
    let grouped = found(&rows("a", 4, |case| Some(case / 4 % 2 == 0)), &rows("b", 4, |_| Some(true))).unwrap();
    assert_eq!(grouped.clusters, 5);
    let least = |basis: &Basis| basis.detectable(20, 1, Aim::default()).unwrap();
    assert!(least(&grouped) > 1.5 * least(&alone), "{} {}", least(&grouped), least(&alone));
}

#[test]
fn what_cannot_be_told_says_why() {
    let all = rows("b", 1, |_| Some(true));
    assert_eq!(
        found(&all.iter().map(|row| Row { cell: Cell { target: "a".to_owned(), ..row.cell.clone() }, ..row.clone() }).collect::<Vec<_>>(), &all)
            .unwrap()
            .detectable(20, 1, Aim::default()),
        Err(Unknown::AllAlike)
    );
    assert_eq!(found(&rows("a", 1, |case| (case == 0).then_some(true)), &all), Err(Unknown::TooFew), "what is missing is no evidence");
}

#[test]
fn which_lots_are_compared() {
    let check = |heads: &[RunHead], expected: Option<(&str, &str, &str, &str)>| {
        let found = sides(heads).map(|(before, after)| (before.0.id.as_str(), before.1, after.0.id.as_str(), after.1));
        assert_eq!(found, expected);
    };
    check(&[], None);
    check(&[head("r2", b"s", &["a"])], None);
    check(&[head("r2", b"s", &["a", "b", "c"]), head("r1", b"s", &["a"])], Some(("r2", "a", "r2", "b")));
    check(&[head("r2", b"s", &["a"]), head("r1", b"s", &["a", "b"])], Some(("r1", "a", "r1", "b")));
    check(&[head("r2", b"s", &["a"]), head("r1", b"s", &["a"])], Some(("r1", "a", "r2", "a")));
    check(&[head("r2", b"s", &["a"]), head("r1", b"s", &["b"])], None);
    check(&[head("r2", b"s", &["a"]), head("r1", b"then", &["a"])], None);
    // The variance of a suite before its change is better than none.
    check(&[head("r2", b"s", &["a"]), head("r1", b"then", &["a", "b"])], Some(("r1", "a", "r1", "b")));
}
