//! Suites: cases of one class of work, the graders that judge them, and the targets that are tried.

use crate::{Case, Grader, Turn};
use jeton_context::{Digest, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A suite, read whole and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// Its name; the file's where nothing was said.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The kind of work that it measures.
    pub class: Option<String>,
    /// The cases, in the order of the files.
    pub cases: Vec<Case>,
    /// Graders of every case.
    pub graders: Vec<Grader>,
    /// What is tried; the first is the baseline.
    pub targets: Vec<Target>,
    /// Prompts by name.
    pub prompts: BTreeMap<String, Prompt>,
    /// Decides the order of cases.
    pub seed: u64,
    /// How often each case is tried under each target, from 1.
    pub repeats: u32,
    /// The most calls at one time.
    pub concurrency: usize,
    /// The share of cells without an answer or a verdict above which a run is invalid, from 0 to 1.
    pub errors_max: f64,
    /// After which a call is given up, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What runs without being asked.
    pub watch: Option<Watch>,
    /// Whether it is read as it stands from another program's file, so that its graders are what that program's user meant.
    pub is_foreign: bool,
    /// The digest of cases, graders, prompts and targets: two runs with the same digest measured the same.
    pub digest: Digest,
    /// The file.
    pub place: Place,
}

impl Suite {
    /// A suite without cases, with defaults for all else.
    #[must_use]
    pub fn new(name: impl Into<String>, place: Place) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            class: None,
            cases: Vec::new(),
            graders: Vec::new(),
            targets: Vec::new(),
            prompts: BTreeMap::new(),
            seed: 0,
            repeats: 1,
            concurrency: 8,
            errors_max: 0.1,
            timeout_ms: None,
            watch: None,
            is_foreign: false,
            digest: Digest::default(),
            place,
        }
    }
}

/// Something that answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Unique in the suite.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: TargetKind,
    /// The prompt; none: the case's input alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Further fields of the request: `temperature`, `max_tokens`, `tools`, `response_format`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    /// Tags of the cases that it is tried on; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
}

impl Target {
    /// A model alone, by its full name.
    #[must_use]
    pub fn of_model(model: &str) -> Self {
        let kind = TargetKind::Model { model: model.to_owned(), pack: None, oracle: false };
        Self { name: model.to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() }
    }
}

/// What answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A model or a route, with a pack of context where one is named.
    Model {
        /// `provider/name`, or a route's name.
        model: String,
        /// The pack; none: no context.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pack: Option<String>,
        /// Whether the units that a case needs are put in as well: the environment at its best.
        #[serde(default)]
        oracle: bool,
    },
    /// A command: the case as JSON on stdin, the answer on stdout.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// An endpoint: the case as JSON by POST, the answer as the body, or at a JSON pointer of it.
    Http {
        /// Where.
        url: String,
        /// The answer's place in the body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// The answers of an earlier run, graded again.
    Recorded {
        /// The run's id.
        run: String,
        /// The target of that run; none: its first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
}

/// How a question is put. Texts are templates with `{{input}}` and the case's variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Messages before the case's own.
    #[serde(default)]
    pub before: Vec<Turn>,
    /// What the user says; none: the case's input as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What runs without being asked: on a schedule, or on a sample of live calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Minutes between runs of the suite; none: it is not run by itself.
    pub every_minutes: Option<u64>,
    /// The share of live calls of the class that are judged, from 0 to 1.
    pub sample: f64,
    /// What paid graders may cost per day, in US dollars; none: they do not run.
    pub budget_usd_per_day: Option<f64>,
    /// An alarm where nothing was scored for so many minutes although calls came.
    pub silent_minutes: u64,
    /// Calls between false alarms, about: the average run length that drift detection keeps to.
    pub false_alarm_every: f64,
    /// Where alarms are posted.
    pub webhook: Option<String>,
}
