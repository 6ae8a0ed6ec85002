//! Units: the smallest pieces of context that can be selected, owned, checked and removed.

use crate::constraint::Constraint;
use crate::{Digest, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A rule that must hold.
    Constraint,
    /// Prose: a section under a heading, a decision, a page.
    Doc,
    /// The shape of data: a JSON Schema, an operation of an API, a type, a message, a table.
    Schema,
    /// An input with its right output.
    Example,
    /// A way of doing something, with the files that it needs.
    Skill,
    /// Source code, as much of it as is needed.
    Code,
    /// A past change: what was wrong, and where it was mended.
    History,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Constraint, Self::Doc, Self::Schema, Self::Example, Self::Skill, Self::Code, Self::History];

    /// The stable word, with which ids of units of this kind begin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constraint => "constraint",
            Self::Doc => "doc",
            Self::Schema => "schema",
            Self::Example => "example",
            Self::Skill => "skill",
            Self::Code => "code",
            Self::History => "history",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How far a unit's text is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// From outside, unread: never in a prefix, never a constraint, fenced with its origin.
    Untrusted,
    /// From a supplier: vendored or generated.
    Vendor,
    /// The team's own.
    #[default]
    Team,
    /// The team's own, and its owner has approved these very bytes.
    Reviewed,
}

/// How coding agents load a unit from its native file; tells what it costs when nobody asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loading {
    /// With every request.
    Always,
    /// When a file of its scope is worked on.
    Scoped,
    /// Its description always, its body when a model asks for it.
    Described,
    /// Only when it is selected.
    #[default]
    OnDemand,
}

/// The native format that a unit was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Jeton's own folder `context/`.
    Context,
    /// `AGENTS.md`.
    AgentsMd,
    /// `CLAUDE.md`, its imports, `.claude/rules/`.
    ClaudeMd,
    /// `.cursor/rules/*.mdc`.
    CursorRules,
    /// `.github/copilot-instructions.md`, `*.instructions.md`.
    Copilot,
    /// `.continue/rules/`.
    Continue,
    /// A directory with `SKILL.md`.
    Skill,
    /// `llms.txt`.
    LlmsTxt,
    /// README, docs trees, decision records.
    Markdown,
    /// An OpenAPI document.
    OpenApi,
    /// A JSON Schema.
    JsonSchema,
    /// A GraphQL schema.
    GraphQl,
    /// A protobuf file.
    Protobuf,
    /// Statements of SQL that define tables.
    SqlDdl,
    /// A source file.
    Source,
    /// The repository's past.
    Git,
}

/// Where a unit applies. An empty list applies everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Globs of paths, from the project's directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Classes; `support.*` takes in all that begin so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Models as `provider/name`, in which `*` stands for any run of characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// What a unit speaks of: a path, or a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Anchor {
    /// The path from the project's directory.
    pub path: String,
    /// A symbol (`Refund::window`), a heading, or a range of lines (`L10-L20`) in it; none: the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether somebody wrote it as an anchor, or it was found in running text.
    pub is_declared: bool,
    /// The line of the unit's file that names it, from 1.
    pub line: u32,
}

/// A value quoted from its source: `{fact: 30 from policy.toml#/refund/days}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The value as it was written.
    pub said: String,
    /// The path of the source, from the project's directory.
    pub path: String,
    /// A JSON pointer into a structured file, or `re:` and a regular expression with one group.
    pub pointer: String,
    /// The line that quotes it, from 1.
    pub line: u32,
    /// Where the quotation lies in the unit's body, in bytes.
    pub span: (usize, usize),
}

/// Units that a unit names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Left out where this unit is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// Taken in wherever this unit is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Never beside this unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

/// What only units of one kind have.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing more than its text.
    Plain,
    /// A rule with its check.
    Constraint(Box<Constraint>),
    /// An input with its right output.
    Example(Box<Example>),
    /// A schema that can validate; `null` where the format has no JSON Schema (GraphQL, protobuf, SQL).
    Schema(Box<serde_json::Value>),
    /// What a skill says of itself.
    Skill(Box<Skill>),
}

/// An input with its right output: few-shot and test case at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// What is asked.
    pub input: String,
    /// The right answer.
    pub output: String,
    /// Why it is right.
    pub why: Option<String>,
    /// Id of the schema that the output must satisfy.
    pub schema: Option<String>,
    /// Whether the output is a wrong answer, kept to show what must not be said.
    pub is_counterexample: bool,
}

/// What a `SKILL.md` says in its front matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skill {
    /// Its name; the directory's.
    pub name: String,
    /// When it is of use; what agents see before they load it.
    pub description: String,
    /// Tools that it may use.
    pub allowed_tools: Vec<String>,
    /// Its further files, from the skill's directory.
    pub files: Vec<String>,
}

/// One piece of context.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unit {
    /// `kind:place`, unique in the catalogue: `doc:docs/refunds.md#windows`, `constraint:refund-window`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// A line that names it, without secrets.
    pub title: String,
    /// Its text as a model gets it, before facts are filled in.
    #[serde(skip)]
    pub body: Arc<str>,
    /// Where it stands.
    pub place: Place,
    /// The format of the file.
    pub format: Format,
    /// Where it applies.
    pub scope: Scope,
    /// Who answers for it: names as the file or CODEOWNERS writes them.
    pub owners: Vec<String>,
    /// How far it is believed.
    pub trust: Trust,
    /// How agents load it from its native file.
    pub loading: Loading,
    /// What it speaks of.
    pub anchors: Vec<Anchor>,
    /// Values that it quotes.
    pub facts: Vec<Fact>,
    /// First day on which it holds, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub valid_until: Option<String>,
    /// Whether every compilation in its scope must hold it.
    pub is_mandatory: bool,
    /// Whether it keeps people from harm; such a unit is never held out.
    pub is_safety: bool,
    /// Names of the keys that may see it; empty: all.
    pub access: Vec<String>,
    /// Units that it names.
    pub links: Links,
    /// Of the body, the kind, and everything that decides how it is used.
    pub digest: Digest,
    /// Tokens of the body by vocabulary name.
    pub tokens: BTreeMap<String, u64>,
    /// What only its kind has.
    pub detail: Detail,
}

impl Unit {
    /// A unit with its text and place, and defaults for all else. The digest is still the body's alone; the catalogue seals it.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>, title: impl Into<String>, body: impl Into<Arc<str>>, place: Place, format: Format) -> Self {
        let body = body.into();
        Self {
            id: id.into(),
            kind,
            title: title.into(),
            digest: Digest::of(body.as_bytes()),
            body,
            place,
            format,
            scope: Scope::default(),
            owners: Vec::new(),
            trust: Trust::default(),
            loading: Loading::default(),
            anchors: Vec::new(),
            facts: Vec::new(),
            valid_from: None,
            valid_until: None,
            is_mandatory: false,
            is_safety: false,
            access: Vec::new(),
            links: Links::default(),
            tokens: BTreeMap::new(),
            detail: Detail::Plain,
        }
    }
}
