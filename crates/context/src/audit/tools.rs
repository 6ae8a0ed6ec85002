//! The second part: what a model can do here, and what it can tell of it before it does.

use super::entry::ci::Workflow;
use super::entry::safety::{self, Safety};
use super::entry::{self, EntryPoint, Source};
use super::phantom;
use super::report::{Fact, Item, Part, Section, Touched, counted, grouped, listed};
use super::survey::Survey;
use crate::tree::parent;
use crate::{Finding, Severity};
use std::collections::BTreeMap;

/// The entry points, counted, and those that CI demands and nobody tells of, or that do harm unasked.
pub(super) fn section(survey: &Survey<'_>, entries: &[EntryPoint], workflows: &[Workflow]) -> Section {
    let documented: Vec<bool> = entries.iter().map(|entry| is_documented(survey, entry)).collect();
    let mut items = Vec::new();
    items.extend(demanded(survey, entries, &documented, workflows));
    items.extend(harmful(survey, entries, &documented, workflows));
    items.extend(phantom::look(survey, entries));
    Section::new(Part::Tools, facts(entries, &documented), items)
}

fn is_documented(survey: &Survey<'_>, entry: &EntryPoint) -> bool {
    entry.has_description || survey.is_named(&entry.calls)
}

fn facts(entries: &[EntryPoint], documented: &[bool]) -> Vec<Fact> {
    // A job of CI runs elsewhere, started by others: it is no entry point for a model.
    let (jobs, own): (Vec<(&EntryPoint, bool)>, Vec<_>) = entries.iter().zip(documented.iter().copied()).partition(|(entry, _)| entry.source == Source::CiJob);
    let mut facts = vec![entry_points(&own)];
    let all = own.len() as u64;
    let count = |is_meant: &dyn Fn(&EntryPoint) -> bool| own.iter().filter(|(entry, _)| is_meant(entry)).count() as u64;
    if all > 0 {
        let documented = own.iter().filter(|(_, is_documented)| *is_documented).count() as u64;
        let (typed, untold) = (count(&|entry| entry.is_typed == Some(true)), count(&|entry| entry.is_typed.is_none()));
        let (safe, harmful) = (count(&|entry| entry.safety == Safety::Safe), count(&|entry| entry.safety == Safety::Unsafe));
        let says = format!("{} of {} say what they are for, or a document names them", grouped(documented), grouped(all));
        facts.push(Fact::of("entry-points-documented", documented, all, says));
        let says = format!("{} of {} declare their arguments or take none; for {} nothing tells", grouped(typed), grouped(all), grouped(untold));
        facts.push(Fact::of("entry-points-typed", typed, all, says));
        let says = format!(
            "{} of {} are safe to repeat by their verbs, {} are not; for {} nothing tells",
            grouped(safe),
            grouped(all),
            grouped(harmful),
            grouped(all - safe - harmful)
        );
        facts.push(Fact::of("entry-points-safe", safe, all, says));
    }
    if !jobs.is_empty() {
        let named = jobs.iter().filter(|(_, is_documented)| *is_documented).count() as u64;
        let says = format!("{}, {} of them with a name in words", counted(jobs.len() as u64, "CI job", "CI jobs"), grouped(named));
        facts.push(Fact::new("ci-jobs", jobs.len() as u64, says));
    }
    facts
}

fn entry_points(own: &[(&EntryPoint, bool)]) -> Fact {
    let mut by_source: BTreeMap<Source, u64> = BTreeMap::new();
    for (entry, _) in own {
        *by_source.entry(entry.source).or_default() += 1;
    }
    if own.is_empty() {
        return Fact::new("entry-points", 0, "no entry point that is known here: no make target, just recipe, package script, script or API operation");
    }
    let kinds: Vec<String> = by_source.into_iter().map(|(source, count)| counted(count, source.words().0, source.words().1)).collect();
    let all = own.len() as u64;
    Fact::new("entry-points", all, format!("{}: {}", counted(all, "entry point", "entry points"), kinds.join(", ")))
}

/// Entry points that CI runs and no document names: what work will be judged by, and nobody tells.
fn demanded(survey: &Survey<'_>, entries: &[EntryPoint], documented: &[bool], workflows: &[Workflow]) -> Vec<Item> {
    let mut by_file: BTreeMap<&str, Vec<(&EntryPoint, String)>> = BTreeMap::new();
    let silent = entries.iter().zip(documented).filter(|(entry, is_documented)| !**is_documented && entry.source != Source::CiJob);
    for (entry, _) in silent {
        let Some(place) = runs(workflows, entry) else { continue };
        // Scripts lie one in each file; their directory is what belongs together.
        let path: &str = if entry.source == Source::Script { parent(&entry.place.path) } else { &entry.place.path };
        by_file.entry(path).or_default().push((entry, place));
    }
    let file = |(path, mut found): (&str, Vec<(&EntryPoint, String)>)| {
        // Checks first: by them work is judged.
        found.sort_by_key(|(entry, _)| (entry.safety != Safety::Safe, entry.place.first_line));
        let (first, by) = found.first()?;
        let severity = if first.safety == Safety::Safe { Severity::Warning } else { Severity::Note };
        let names: Vec<String> = found.iter().map(|(entry, _)| entry.shown().to_owned()).collect();
        let message = format!(
            "CI runs {} (first at {by}), and no document or comment says what {} for.",
            listed(&names, 4),
            if names.len() == 1 { "it is" } else { "they are" }
        );
        let remedy = format!("Name `{}` where it is said how work is checked, or give it a comment.", first.shown());
        let commits = survey.past.touching_path(path);
        let finding = Finding::new("undocumented-entry", severity, first.place.clone(), message, remedy);
        Some(Item::new(finding, Touched { commits, ..Touched::default() }))
    };
    by_file.into_iter().filter_map(file).collect()
}

/// Where CI runs an entry point for a proposed change: `path:line`.
fn runs(workflows: &[Workflow], entry: &EntryPoint) -> Option<String> {
    let steps = workflows.iter().filter(|workflow| workflow.is_for_changes).flat_map(|workflow| {
        let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
        steps.map(move |step| (workflow, step))
    });
    steps.into_iter().find(|(_, step)| entry::is_named(&step.run, entry)).map(|(workflow, step)| format!("{}:{}", workflow.path, step.line))
}

fn by_ci(workflows: &[Workflow], entry: &EntryPoint) -> bool {
    workflows.iter().any(|workflow| workflow.jobs.iter().flat_map(|job| &job.steps).any(|step| entry::is_named(&step.run, entry)))
}

/// Entry points that change what others use, without a question before and without a word about them.
fn harmful(survey: &Survey<'_>, entries: &[EntryPoint], documented: &[bool], workflows: &[Workflow]) -> Vec<Item> {
    let meant = entries.iter().zip(documented).filter(|(entry, is_documented)| {
        entry.safety == Safety::Unsafe && !entry.is_guarded && !**is_documented && !matches!(entry.source, Source::CiJob | Source::OpenApi | Source::Container)
    });
    let item = |(entry, _): (&EntryPoint, &bool)| {
        let proof = safety::harm(&entry.commands).map_or_else(|| format!("its name says `{}`", entry.name), |command| format!("it runs `{command}`"));
        let message = format!("`{}` changes what others use ({proof}); nothing asks first, and no document speaks of it.", entry.shown());
        let remedy = "Say in AGENTS.md or a comment who may run it and when, or let it ask before it goes on.";
        let commits = survey.past.touching_path(&entry.place.path);
        // What CI runs has a time and a place of its own.
        let severity = if by_ci(workflows, entry) { Severity::Note } else { Severity::Warning };
        Item::new(Finding::new("unguarded-entry", severity, entry.place.clone(), message, remedy), Touched { commits, ..Touched::default() })
    };
    meant.map(item).collect()
}
