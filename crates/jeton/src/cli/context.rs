//! The command line of `jeton context`.

use super::eval::{points, usd};
use clap::{Args, Subcommand, ValueEnum};
use jeton_context::export::Dialect;
use jeton_context::{Kind, Severity};

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// All units, with owner, tokens and place
    #[command(after_help = "Example:\n  jeton context list --kind constraint --path 'docs/**'")]
    List(ListArgs),
    /// All that is known of a unit, and its text
    #[command(
        after_help = "Example:\n  jeton context show constraint:refund-window\n  jeton context show refund-window          the end of an id is enough where it is unique"
    )]
    Show {
        /// The unit's id, or the end of it
        unit: String,
    },
    /// Units and files that have to do with some words
    #[command(after_help = "Example:\n  jeton context search \"how long may a refund take\" --limit 5")]
    Search {
        /// What is looked for
        words: String,
        /// At most so many units, and so many files
        #[arg(long, default_value_t = 10)]
        limit: usize,
    },
    /// The context of a task under a budget of tokens
    #[command(
        after_help = "Example:\n  jeton context compile \"refunds of opened goods\" --budget 4k\n  git log -1 --format=%B | jeton context compile - --kind code --manifest"
    )]
    Compile(CompileArgs),
    /// Why the context of a task is what it is, and what more tokens would buy
    #[command(
        after_help = "Example:\n  jeton context explain \"refunds of opened goods\" --budget 2k --more 1k\n  jeton context explain \"refunds of opened goods\" --unit constraint:refund-window"
    )]
    Explain(ExplainArgs),
    /// Write context.lock: what the context is now, for reviews and checks of freshness
    #[command(after_help = "Example:\n  jeton context lock\n  jeton context lock --check           in CI: exit 1 where it is out of date")]
    Lock {
        /// Write nothing; exit 1 where context.lock is out of date
        #[arg(long)]
        check: bool,
    },
    /// What changed in the context since context.lock was written, or since a revision
    #[command(after_help = "Example:\n  jeton context diff\n  jeton context diff main")]
    Diff {
        /// A revision of Git; its context.lock, or else its files, are what is compared with
        revision: Option<String>,
    },
    /// What is broken, stale, contradictory, too large or dangerous in the context
    #[command(
        after_help = "Example:\n  jeton context check --severity warning\n  jeton context check --format sarif > context.sarif\n\nExit codes: 0 no error, 1 errors. docs/context-checks.md has every code with its cause and remedy."
    )]
    Check(CheckArgs),
    /// Run the checks of constraints on the files, on what a change added, or on an answer
    #[command(
        after_help = "Example:\n  jeton context enforce --diff main\n  jeton context enforce --output answer.txt --class support.refund\n\nExit codes: 0 all hold, 1 one is broken that weighs as an error, 4 one could not be checked."
    )]
    Enforce(EnforceArgs),
    /// How well the repository's own past fixes are found: no model, no network
    #[command(
        after_help = "Example:\n  jeton context score --cases 200\n  jeton context score --compare main\n  jeton context score --at-least recall@10=0.8\n\nA fix of the past is a case: its message without names of files is the question, what it changed is the answer, the tree before it is searched."
    )]
    Score(ScoreArgs),
    /// What each unit is worth: leave it out of a suite's cases and see what it did, beside its tokens and money
    #[command(
        after_help = "Example:\n  jeton context value --suite refunds --target with-pack --budget 1usd\n  jeton context value --suite refunds --units 'doc:docs/*' --calls 500\n  jeton context value --suite refunds --live       from live calls whose pack draws hold-outs\n\nExit codes: 0 done, 2 usage, 3 nothing answered, 4 ended before its time, or too little."
    )]
    Value(ValueArgs),
    /// The units of context/ in the files that other tools read
    #[command(
        after_help = "Example:\n  jeton context export --as agents-md --write\n  jeton context export --as claude-md --check      in CI: exit 1 where they differ"
    )]
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only these kinds, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = kind, value_name = "KIND")]
    pub(crate) kind: Vec<Kind>,
    /// Only what this owner answers for; `none`: what nobody answers for
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Only files that this glob, or the directory, takes in
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Option<String>,
}

/// A task and the conditions of its context.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The task in words; `-` reads it from stdin
    pub(crate) task: String,
    /// The most tokens: 6000, or 8k for 8,192 [default: the pack's, or 8k]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) budget: Option<Budget>,
    /// The model for which tokens are counted, and units chosen that are for some models only
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// The vocabulary in which tokens are counted: o200k_base, cl100k_base, p50k_base, r50k_base
    #[arg(long, conflicts_with = "model")]
    pub(crate) vocabulary: Option<String>,
    /// The pack of the settings whose budget, scope, kinds and units hold where no flag says otherwise
    #[arg(long)]
    pub(crate) pack: Option<String>,
    /// Only these kinds, separated by commas: constraint, doc, schema, example, skill, code, history
    #[arg(long, value_delimiter = ',', value_parser = kind, value_name = "KIND")]
    pub(crate) kind: Vec<Kind>,
    /// Only files that this glob takes in; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
    /// The class of the work
    #[arg(long)]
    pub(crate) class: Option<String>,
    /// The name of the key that asks; some units are for some keys only
    #[arg(long)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    /// Print what the context is made of, as JSON, in place of its text
    #[arg(long)]
    pub(crate) manifest: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    /// So many tokens more: what would they buy?
    #[arg(long, value_name = "TOKENS", default_value = "2k")]
    pub(crate) more: Budget,
    /// Why is this unit, or file, in or not?
    #[arg(long)]
    pub(crate) unit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// How the findings are printed; --json is the same as json
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
    /// Remember in context.lock that paths which never were are meant so, and ask no more
    #[arg(long)]
    pub(crate) remember: bool,
    /// Only what this owner answers for; `none`: what nobody answers for
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Only what weighs so much or more
    #[arg(long, value_enum, default_value = "note")]
    pub(crate) severity: SeverityName,
}

#[derive(Debug, Args)]
pub(crate) struct EnforceArgs {
    /// Only lines that were added since this revision of Git
    #[arg(long, value_name = "REV")]
    pub(crate) diff: Option<String>,
    /// An answer of a model in place of the files; `-` reads it from stdin
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    pub(crate) output: Option<String>,
    /// The class of the work, for constraints that are for some classes only
    #[arg(long, requires = "output")]
    pub(crate) class: Option<String>,
    /// The model that answered, for constraints that are for some models only
    #[arg(long, requires = "output")]
    pub(crate) model: Option<String>,
    /// How the breaches are printed; --json is the same as json
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// As data
    Json,
    /// SARIF 2.1.0, which code hosts show beside the lines
    Sarif,
}

/// How much findings weigh, by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SeverityName {
    /// Worth knowing
    Note,
    /// Probably wrong
    Warning,
    /// Wrong
    Error,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Note => Self::Note,
            SeverityName::Warning => Self::Warning,
            SeverityName::Error => Self::Error,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// At most so many cases, the newest
    #[arg(long, default_value_t = 150)]
    pub(crate) cases: usize,
    /// The tokens of each context: 6000, or 8k for 8,192
    #[arg(long, value_name = "TOKENS", default_value = "8k")]
    pub(crate) budget: Budget,
    /// The same cases with the settings of a revision, or of another jeton.toml
    #[arg(long, value_name = "REV|FILE")]
    pub(crate) compare: Option<String>,
    /// Exit 1 where a measure is lower, 4 where its interval does not decide: recall@10=0.8; may be given several times
    #[arg(long, value_name = "MEASURE=VALUE")]
    pub(crate) at_least: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// For which tools
    #[arg(long = "as", value_enum)]
    pub(crate) dialect: DialectName,
    /// Write the files; never over one that an export did not make
    #[arg(long, conflicts_with = "check")]
    pub(crate) write: bool,
    /// Write nothing; exit 1 where the files are not what an export makes now
    #[arg(long)]
    pub(crate) check: bool,
}

/// The dialects by their names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DialectName {
    /// AGENTS.md, at the top and in directories
    AgentsMd,
    /// CLAUDE.md and .claude/rules/
    ClaudeMd,
    /// .cursor/rules/
    Cursor,
    /// llms.txt
    LlmsTxt,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::AgentsMd => Self::AgentsMd,
            DialectName::ClaudeMd => Self::ClaudeMd,
            DialectName::Cursor => Self::Cursor,
            DialectName::LlmsTxt => Self::LlmsTxt,
        }
    }
}

/// A number of tokens as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(pub(crate) u64);

/// More than any model takes.
const BUDGET_TOKENS_MAX: u64 = 1 << 30;

impl std::str::FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = text.strip_suffix(['k', 'K']).map_or((text, 1), |digits| (digits, 1_024));
        let tokens = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|tokens| (1..=BUDGET_TOKENS_MAX).contains(tokens));
        tokens.map(Self).ok_or_else(|| "expected a number of tokens from 1 on, like 6000, or 8k for 8,192".to_owned())
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    Kind::from_name(text.trim()).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

#[derive(Debug, Args)]
pub(crate) struct ValueArgs {
    /// The suite's name, or a file
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: String,
    /// The target whose pack is examined [default: the first with a pack]
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Only units with such an id; may be given more than once
    #[arg(long, value_name = "GLOB")]
    pub(crate) units: Vec<String>,
    /// Only cases with this tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Only the first so many cases of the seeded order
    #[arg(long, value_name = "N")]
    pub(crate) first: Option<usize>,
    /// The most that all calls may cost together, such as 2usd
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) budget: Option<jeton_core::Nanousd>,
    /// How often each case is tried with and without [default: the suite's]
    #[arg(long, value_name = "N", value_parser = super::eval::one_or_more::<u32>)]
    pub(crate) repeats: Option<u32>,
    /// The most calls
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub(crate) calls: u64,
    /// The loss that does not matter, such as 2pp
    #[arg(long, default_value = "2pp", value_parser = points)]
    pub(crate) margin: f64,
    /// Do not look whether units interact, and do not share among files
    #[arg(long)]
    pub(crate) no_packages: bool,
    /// From live calls: hold-outs on receipts, and feedback; no call is made
    #[arg(long, conflicts_with_all = ["target", "tag", "first", "budget", "repeats", "no_packages"])]
    pub(crate) live: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_as_people_type_them() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(text.parse::<Budget>().ok().map(|budget| budget.0), expected, "{text}");
        check("6000", Some(6_000));
        check("8k", Some(8_192));
        check("1K", Some(1_024));
        for text in ["", "0", "k", "-1", "8m", "1.5k", "99999999999999999999", "18446744073709551615k"] {
            check(text, None);
        }
    }
}
