//! What continuous integration runs: workflows of GitHub and GitLab by their structure, those of other systems by their lines.

use super::{EntryPoint, Source};
use crate::audit::survey::Survey;
use crate::located::Located;
use crate::tree::{file_name, parent};
use crate::{Place, yaml};
use serde_json::Value;
use std::collections::BTreeSet;

/// Files of systems that are read line by line.
const OTHERS: [&str; 10] = [
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    ".travis.yml",
    ".buildkite/pipeline.yml",
    ".drone.yml",
    "bitbucket-pipelines.yml",
    ".cirrus.yml",
    "appveyor.yml",
    ".woodpecker.yml",
];

/// Keys of `.gitlab-ci.yml` that are no jobs.
const NO_JOBS: [&str; 9] = ["stages", "variables", "include", "default", "workflow", "image", "services", "cache", "before_script"];

/// A file of CI.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workflow {
    pub(crate) path: String,
    /// Whether it runs for proposed changes.
    pub(crate) is_for_changes: bool,
    /// Whether nothing starts it but another workflow that names it.
    pub(crate) is_part: bool,
    pub(crate) jobs: Vec<Job>,
}

/// A job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) line: u32,
    pub(crate) has_name: bool,
    /// Whether a condition, an environment or a hand at a button stands before it.
    pub(crate) is_guarded: bool,
    pub(crate) steps: Vec<Step>,
}

/// A step: commands, or a piece that others wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) line: u32,
    pub(crate) run: String,
    pub(crate) uses: String,
}

impl Workflow {
    /// All commands and pieces, a line each.
    pub(crate) fn commands(&self) -> String {
        let steps = self.jobs.iter().flat_map(|job| &job.steps);
        steps.map(|step| format!("{}{}\n", step.run, if step.uses.is_empty() { String::new() } else { format!("uses: {}", step.uses) })).collect()
    }

    fn parts(&self) -> impl Iterator<Item = String> + '_ {
        let uses = self.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.uses.strip_prefix("./").or_else(|| step.uses.strip_prefix("$/")));
        uses.map(|path| path.trim_end_matches('/').to_owned())
    }
}

/// The files of CI, by path.
pub(crate) fn find(survey: &Survey<'_>) -> Vec<Workflow> {
    let mut found = Vec::new();
    for file in survey.tree.files() {
        let read: fn(&str, &str) -> Option<Workflow> = match &*file.path {
            path if is_github(path) => github,
            ".gitlab-ci.yml" => gitlab,
            path if OTHERS.contains(&path) => other,
            _ => continue,
        };
        found.extend(survey.text(&file.path).and_then(|text| read(&file.path, &text)));
    }
    spread(&mut found);
    found
}

fn is_github(path: &str) -> bool {
    let is_yaml = [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending));
    let is_action = path.starts_with(".github/") && matches!(file_name(path), "action.yml" | "action.yaml");
    is_yaml && (parent(path) == ".github/workflows" || is_action)
}

/// What a workflow for changes calls runs for changes too.
fn spread(workflows: &mut [Workflow]) {
    for _ in 0..4 {
        let called: BTreeSet<String> =
            workflows.iter().filter(|workflow| workflow.is_for_changes).flat_map(|workflow| workflow.parts().collect::<Vec<_>>()).collect();
        for workflow in workflows.iter_mut() {
            let is_called = called.contains(&workflow.path) || called.contains(parent(&workflow.path));
            workflow.is_for_changes |= is_called;
        }
    }
}

fn github(path: &str, text: &str) -> Option<Workflow> {
    let located = yaml::parse(text).ok()?;
    let mut workflow = Workflow { path: path.to_owned(), ..Workflow::default() };
    if located.value["runs"].is_object() {
        workflow.is_part = true;
        workflow.jobs.push(Job { name: file_name(parent(path)).to_owned(), line: 1, steps: steps(&located, "/runs/steps"), ..Job::default() });
        return Some(workflow);
    }
    // Older readers of YAML take `on` for a truth value.
    let triggers = names(located.value.get("on").or_else(|| located.value.get("true")).unwrap_or(&Value::Null));
    workflow.is_for_changes = triggers.iter().any(|name| matches!(name.as_str(), "pull_request" | "pull_request_target" | "merge_group"));
    workflow.is_part = triggers.iter().all(|name| name == "workflow_call");
    let by_hand = triggers.iter().all(|name| matches!(name.as_str(), "workflow_dispatch" | "workflow_call" | "release"));
    for (name, job) in located.value["jobs"].as_object()? {
        let pointer = crate::located::below("/jobs", name);
        let mut steps = steps(&located, &format!("{pointer}/steps"));
        if let Some(uses) = job["uses"].as_str() {
            steps.push(Step { line: located.line(&format!("{pointer}/uses")), uses: uses.to_owned(), ..Step::default() });
        }
        let is_guarded = by_hand || job.get("if").is_some() || job.get("environment").is_some();
        workflow.jobs.push(Job { name: name.clone(), line: located.line(&pointer), has_name: job.get("name").is_some(), is_guarded, steps });
    }
    Some(workflow)
}

fn names(triggers: &Value) -> Vec<String> {
    match triggers {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(names) => names.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn steps(located: &Located, pointer: &str) -> Vec<Step> {
    let items = located.value.pointer(pointer).and_then(Value::as_array);
    let step = |(at, item): (usize, &Value)| {
        let key = if item.get("run").is_some() { "run" } else { "uses" };
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        // What is passed to a piece may be commands (`args: --all-targets`, `run: npm test`).
        let with: String =
            item["with"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()).fold(String::new(), |all, value| all + "\n" + value);
        Step { line: located.line(&format!("{pointer}/{at}/{key}")), run: text("run") + &with, uses: text("uses") }
    };
    items.into_iter().flatten().enumerate().map(step).collect()
}

fn gitlab(path: &str, text: &str) -> Option<Workflow> {
    let located = yaml::parse(text).ok()?;
    let mut workflow = Workflow { path: path.to_owned(), is_for_changes: true, ..Workflow::default() };
    for (name, job) in located.value.as_object()?.iter().filter(|(name, job)| job.is_object() && !name.starts_with('.') && !NO_JOBS.contains(&name.as_str())) {
        let pointer = crate::located::below("", name);
        let lines = ["before_script", "script", "after_script"].iter().flat_map(|key| match &job[*key] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(line) => vec![line.clone()],
            _ => Vec::new(),
        });
        let run = lines.collect::<Vec<_>>().join("\n");
        let is_guarded = ["when", "rules", "only", "environment"].iter().any(|key| job.get(*key).is_some());
        let step = Step { line: located.line(&format!("{pointer}/script")), run, uses: String::new() };
        workflow.jobs.push(Job { name: name.clone(), line: located.line(&pointer), has_name: true, is_guarded, steps: vec![step] });
    }
    Some(workflow)
}

#[allow(clippy::unnecessary_wraps)] // it stands in a table of readers, and the others may fail
fn other(path: &str, text: &str) -> Option<Workflow> {
    let run = text.lines().map(|line| line.trim_start_matches([' ', '-']).trim_start_matches("run:").trim()).collect::<Vec<_>>().join("\n");
    let step = Step { line: 1, run, uses: String::new() };
    let job = Job { name: file_name(path).to_owned(), line: 1, steps: vec![step], ..Job::default() };
    Some(Workflow { path: path.to_owned(), is_for_changes: true, is_part: false, jobs: vec![job] })
}

/// The jobs of a workflow as entry points.
pub(super) fn entry_points(workflow: &Workflow) -> Vec<EntryPoint> {
    let jobs = workflow.jobs.iter().filter(|_| !file_name(&workflow.path).starts_with("action."));
    let entry = |job: &Job| {
        let commands: String = job.steps.iter().map(|step| format!("{}\n", step.run)).collect();
        let mut entry = EntryPoint::new(Source::CiJob, &job.name, Place::line(workflow.path.as_str(), job.line), Vec::new(), commands);
        entry.is_guarded |= job.is_guarded;
        entry.described(job.has_name)
    };
    jobs.map(entry).collect()
}
