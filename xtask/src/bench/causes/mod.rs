//! `cargo xtask bench causes`: the engine that establishes causes, tested by faults that are injected on purpose.
//!
//! A simulated model answers right exactly when everything is there that it needs, so that the true cause of every failure is known. Faults
//! are injected one at a time and together; kinds and combinations that were not used while the engine was built are counted apart.

mod fault;
mod model;
mod report;
mod world;

use fault::{Injected, Plan, WAYS, inject};
use jeton_context::{Digest, Place};
use jeton_core::{ManualClock, Timestamp};
use jeton_eval::causes::{Ladder, LadderOptions, Report};
use jeton_eval::cell::CellRunner;
use jeton_eval::environment::Environment;
use jeton_eval::grader::{Bench, Material, Prepared};
use jeton_eval::run::Planned;
use jeton_eval::{Cell, Outcome, Row, Suite, Target};
use model::{STRONG, Simulated};
use report::Tally;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use world::{FACTS, World};

pub(super) const USAGE: &str = "usage: cargo xtask bench causes [--seed N] [--seeds N] [--facts N]
  --seed N    the first seed; 1 otherwise
  --seeds N   so many seeds from the first on; 5 otherwise
  --facts N   only the first so many of the 12 facts, each asked for in three ways";

/// Injects every fault, and prints what the engine made of it.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let options = read(arguments).map_err(|why| format!("{why}\n{USAGE}"))?;
    let mut tally = Tally::default();
    for seed in (options.seed..).take(options.seeds) {
        measure(&mut tally, &fault::plans(), options.facts, WAYS.len(), seed)?;
    }
    print!("{}", tally.told());
    Ok(())
}

struct Options {
    seed: u64,
    seeds: usize,
    facts: usize,
}

fn read(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { seed: 1, seeds: 5, facts: FACTS.len() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = rest.next().and_then(|value| value.parse::<u64>().ok()).ok_or_else(|| format!("{argument} needs a number"));
        let count = |value: u64, most: usize| usize::try_from(value).unwrap_or(most).clamp(1, most);
        match argument.as_str() {
            "--seed" => options.seed = value?,
            "--seeds" => options.seeds = count(value?, 1_000),
            "--facts" => options.facts = count(value?, FACTS.len()),
            other => return Err(format!("`{other}` is unknown")),
        }
    }
    Ok(options)
}

/// Runs every plan on cases of the first `facts` facts, each asked for in `ways` ways, and examines what failed.
fn measure(tally: &mut Tally, plans: &[Plan], facts: usize, ways: usize, seed: u64) -> Result<(), String> {
    let world = World::make().map_err(|error| format!("the project cannot be made: {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    // One suite to a plan, as faults come in practice: failures of one kind stand next to each other, and are clustered.
    for plan in plans {
        let injected: Vec<Injected> = (0..facts).flat_map(|fact| (0..ways).map(move |way| (fact, way))).map(|(fact, way)| inject(fact, way, plan)).collect();
        let report = runtime.block_on(examined(&world, &injected, seed))?;
        tally.take(seed, plan, &injected, &report);
    }
    Ok(())
}

/// The run of the cases as they were, and the examination of what failed as it is now.
async fn examined(world: &World, injected: &[Injected], seed: u64) -> Result<Report, String> {
    let suite = suite(injected);
    let models = Simulated::new(injected.iter().map(|one| (one.case.id.clone(), one.secret.clone())).collect(), seed);
    let desk = world.now.engine.as_ref().ok_or("the project has no catalogue")?.desk();
    let material = Material::new(Some((&desk.catalogue, &*desk.tree)), Err("no programs are run".to_owned()), world.directory(), world.directory());
    let (prepared, _) = Prepared::new(&suite, &material);
    let stand = |environment| Stand::new(&suite, &models, environment, &prepared);
    let (then, seen, now) = (stand(&world.then), stand(&world.seen), stand(&world.now));
    let mut rows = Vec::new();
    for (place, one) in injected.iter().enumerate() {
        let stand = if one.is_seen {
            &seen
        } else if one.is_aged {
            &then
        } else {
            &now
        };
        rows.push(stand.cells().run(&planned(&suite, place, one)).await);
    }
    let kept = AtomicU64::new(0);
    let keep = |_: Row| kept.fetch_add(1, Ordering::Relaxed);
    let archive = |unit: &str, digest: Digest| {
        let of = |environment: &Environment| {
            let desk = environment.engine.as_ref()?.desk();
            desk.catalogue.unit(unit).filter(|unit| unit.digest == digest).map(|unit| unit.body.to_string())
        };
        of(&world.then).or_else(|| of(&world.seen))
    };
    let options = LadderOptions { stronger: Some(STRONG.to_owned()), calls_max: 100_000, with_gap: false, seed, ..LadderOptions::default() };
    let report = Ladder { cells: &now.cells(), archive: &archive, keep: &keep, options }.examine(&rows).await;
    debug_assert!(rows.iter().filter(|row| row.outcome != Outcome::Passed).count() == report.labels.len());
    Ok(report)
}

fn suite(injected: &[Injected]) -> Suite {
    let mut suite = Suite::new("causes", Place::line("evals/causes.toml", 1));
    for one in injected {
        if !suite.targets.contains(&one.target) {
            suite.targets.push(one.target.clone());
        }
        suite.cases.push(one.case.clone());
    }
    suite
}

fn planned(suite: &Suite, case: usize, injected: &Injected) -> Planned {
    let target = suite.targets.iter().position(|target: &Target| *target == injected.target).unwrap_or_default();
    let cell = Cell { case: injected.case.id.clone(), target: injected.target.name.clone(), repeat: 0 };
    Planned { launch: case as u64, cell, case, target }
}

/// All that a cell needs, on one state of the project.
struct Stand<'a> {
    suite: &'a Suite,
    models: &'a Simulated,
    environment: &'a Environment,
    bench: Bench<'a>,
    clock: ManualClock,
    known: HashMap<Digest, jeton_eval::Answer>,
    recorded: HashMap<Cell, jeton_eval::Answer>,
}

impl<'a> Stand<'a> {
    fn new(suite: &'a Suite, models: &'a Simulated, environment: &'a Environment, prepared: &'a Prepared<'a>) -> Self {
        let bench = Bench::new(models, prepared);
        Self { suite, models, environment, bench, clock: ManualClock::new(Timestamp(0)), known: HashMap::new(), recorded: HashMap::new() }
    }

    fn cells(&self) -> CellRunner<'_> {
        CellRunner {
            suite: self.suite,
            targets: &self.suite.targets,
            models: self.models,
            outside: self.models,
            environment: self.environment,
            bench: &self.bench,
            clock: &self.clock,
            tags: &[],
            timeout_ms: None,
            known: &self.known,
            recorded: &self.recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fault::{BUILT, Fault, Group, plans};
    use super::*;
    use jeton_eval::causes::Cause;

    fn tally(plan: &Plan, facts: usize, ways: usize, seed: u64) -> Tally {
        let mut tally = Tally::default();
        measure(&mut tally, std::slice::from_ref(plan), facts, ways, seed).unwrap();
        tally
    }

    fn measured(faults: &[Fault]) -> Tally {
        tally(&Plan { faults: faults.to_vec(), group: Group::Built }, 3, 1, 1)
    }

    fn is_chance(fault: Fault) -> bool {
        fault.cause() == Cause::Random
    }

    #[test]
    fn without_a_fault_everything_passes() {
        assert_eq!(tally(&Plan { faults: Vec::new(), group: Group::Built }, FACTS.len(), WAYS.len(), 1).failures(), 0);
    }

    #[test]
    fn the_diagonal_of_the_kinds_that_it_was_built_for() {
        for fault in BUILT.into_iter().filter(|fault| !is_chance(*fault)) {
            let tally = measured(&[fault]);
            assert_eq!((tally.failures(), tally.exact()), (3, 3), "{fault:?}:\n{}", tally.told());
        }
    }

    #[test]
    fn a_page_whose_anchor_is_gone_is_out_of_date_by_the_catalogue_s_own_word() {
        let world = World::make().unwrap();
        let change = jeton_eval::environment::Change::default();
        let standing = |environment: &Environment| {
            let wanted = jeton_eval::environment::Wanted {
                pack: Some("desk"),
                question: "What is the warranty on porcelain?",
                model: model::WEAK,
                class: None,
                needs: &[],
                change: &change,
            };
            let (_, used) = environment.context(&wanted).unwrap().unwrap();
            used.units.into_iter().find(|unit| unit.unit == FACTS[2].unit()).and_then(|unit| unit.standing)
        };
        assert_eq!(standing(&world.seen).as_deref(), Some("out of date: the code it speaks of is gone"));
        assert_eq!((standing(&world.then), standing(&world.now)), (None, None), "without an anchor nobody knows");
    }

    #[test]
    fn chance_is_chance() {
        let tally = tally(&Plan { faults: vec![Fault::Random], group: Group::Built }, FACTS.len(), WAYS.len(), 3);
        assert!(tally.failures() > 9 && tally.exact() + 2 >= tally.failures(), "{}", tally.told());
    }

    #[test]
    fn what_is_wrong_together_is_named_together() {
        use Fault::{Cut, Deleted, Distracting, Tool, Weak, Wrapper};
        for faults in [&[Deleted, Cut][..], &[Deleted, Distracting], &[Deleted, Wrapper], &[Deleted, Weak], &[Tool, Weak], &[Deleted, Cut, Tool]] {
            let tally = measured(faults);
            assert_eq!((tally.failures(), tally.exact()), (3, 3), "{faults:?}:\n{}", tally.told());
        }
    }

    #[test]
    fn no_label_is_false() {
        for plan in plans() {
            let tally = tally(&plan, 2, 1, 1);
            assert_eq!(tally.false_labels(), 0, "{:?}:\n{}", plan.faults, tally.told());
        }
    }

    #[test]
    fn what_is_hidden_is_never_named() {
        for plan in plans().into_iter().filter(|plan| plan.faults.iter().any(|fault| fault.cause() == Cause::Undetermined)) {
            let tally = tally(&plan, 2, 1, 1);
            assert_eq!((tally.failures(), tally.exact()), (2, 2), "{:?}:\n{}", plan.faults, tally.told());
        }
    }
}
