//! The command line. Flags, help and examples stand together, so that none drifts from the others.

mod context;
mod eval;

pub(crate) use context::{AskArgs, CheckArgs, CompileArgs, ContextCommand, EnforceArgs, ExplainArgs, ExportArgs, ListArgs, ReportFormat, ScoreArgs, ValueArgs};

pub(crate) use eval::{
    CausesArgs, CheckArgs as EvalCheckArgs, ChoiceArgs, CompareArgs as EvalCompareArgs, EvalCommand, GateArgs, ImportArgs, LabelArgs, RunArgs, ShowArgs,
    SizeArgs, WatchArgs,
};

use crate::probe::Ability;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jeton_core::Nanousd;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The environment in which a software team's models work: gateway, ledger, context, evaluation.
#[derive(Debug, Parser)]
#[command(name = "jeton", version, about, disable_help_subcommand = true, max_term_width = 100)]
#[command(
    after_help = "Example:\n  jeton up                       serve http://127.0.0.1:4600 from any directory\n  jeton cost --by class          what each kind of work cost\n\nExit codes: 0 yes or done, 1 no, 2 usage or configuration, 3 a dependency is down, 4 undecided, 5 invalid."
)]
pub(crate) struct Cli {
    /// The project's directory [default: found upward from here]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The safe first steps: shows the files that would make this a project
    #[command(
        after_help = "Example:\n  jeton init                     show what would be written\n  jeton init --write             write it; no file that exists is changed"
    )]
    Init(InitArgs),
    /// Have we given models the environment they need? Evidence from any repository, offline
    #[command(
        after_help = "Example:\n  jeton audit                    this project\n  jeton audit ../other --limit 3\n  jeton audit --format sarif --gate warning > audit.sarif"
    )]
    Audit(AuditArgs),
    /// Serve: the gateway and the page
    #[command(after_help = "Example:\n  jeton up\n  JETON_LISTEN=127.0.0.1:0 jeton up --record recordings")]
    Up(UpArgs),
    /// The stories of those who work with it, offline, in a minute each
    #[command(after_help = "Example:\n  jeton demo                     all of them\n  jeton demo translator          one figure changes, and what follows")]
    Demo {
        /// Only this story [default: all]
        #[arg(value_enum)]
        story: Option<Story>,
    },
    /// What calls cost, by what
    #[command(after_help = "Example:\n  jeton cost --by class --since 7d")]
    Cost(CostArgs),
    /// Calls and their receipts
    #[command(subcommand)]
    Call(CallCommand),
    /// The books: check, export, backup
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Keys: who may call
    #[command(subcommand)]
    Key(KeyCommand),
    /// The configuration: check, show, schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Models and their prices
    #[command(subcommand)]
    Model(ModelCommand),
    /// What models are given to know: list, search, compile, check, lock, score, export
    #[command(subcommand)]
    Context(ContextCommand),
    /// How good answers are, and why not better: check, run, compare, gate, show, size
    #[command(subcommand)]
    Eval(EvalCommand),
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Markdown,
    Json,
    Sarif,
}

/// How heavy a finding must be for a gate to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Gate {
    Error,
    Warning,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// A directory or a bare repository [default: the project]
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Exit with 1 where a finding is as heavy as this
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) gate: Option<Gate>,
    /// The most findings shown of each part, in text and Markdown
    #[arg(long, default_value_t = 10)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write the files, without asking
    #[arg(long)]
    pub(crate) write: bool,
    /// Replace this file, which exists and differs; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(crate) force: Vec<String>,
}

/// Whose story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Story {
    /// A provider fails, the server dies, and the books hold
    Engineer,
    /// One figure changes in one file, and what follows from it
    Translator,
    /// What the context is worth, and why answers fail where a page is taken away
    Orchestrator,
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Address to listen on, instead of gateway.listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Write every exchange with a provider to this directory, secrets taken out, for replay/…
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
}

/// What costs are grouped by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum By {
    Model,
    Provider,
    Class,
    Outcome,
    Key,
    Account,
    Tag,
    Day,
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// What to group by
    #[arg(long, value_enum, default_value = "model")]
    pub(crate) by: By,
    /// From when: 15m, 24h, 7d, or a date
    #[arg(long, default_value = "7d", value_name = "WHEN")]
    pub(crate) since: String,
    /// Until when
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CallCommand {
    /// The last calls, newest first
    #[command(after_help = "Example:\n  jeton call list --class support.refund --status failed --limit 5")]
    List(CallListArgs),
    /// The receipt of a call
    #[command(after_help = "Example:\n  jeton call show call-20261123-1k7c2m9x0a")]
    Show {
        /// The id, from the header jeton-call or from `jeton call list`
        id: String,
    },
    /// The context that a call was given: what of it is the same now, and what has changed
    #[command(after_help = "Example:\n  jeton call context call-20261123-1k7c2m9x0a --diff")]
    Context {
        /// The call's id
        id: String,
        /// Print every part's text as the call had it
        #[arg(long)]
        text: bool,
        /// Print how parts that changed differ now
        #[arg(long)]
        diff: bool,
    },
    /// Say how good the answer of a call was
    #[command(after_help = "Example:\n  jeton call feedback call-20261123-1k7c2m9x0a good --score 0.9")]
    Feedback {
        /// The call's id
        id: String,
        /// good, bad, or a word of your own
        verdict: String,
        /// From 0 to 1
        #[arg(long)]
        score: Option<f64>,
        /// Why
        #[arg(long)]
        comment: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CallListArgs {
    /// Only this class
    #[arg(long)]
    pub(crate) class: Option<String>,
    /// Only this model
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Only this key
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Only this account
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// Only this outcome
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Only with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// Only with this status: ok, refused, failed, cancelled, interrupted
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// From when: 15m, 24h, 7d, or a date
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Recompute every total and check every invariant
    Verify,
    /// Write a table out, whole
    #[command(after_help = "Example:\n  jeton ledger export --table calls --format csv > calls.csv")]
    Export {
        /// calls, entries, feedback, keys (without their secrets), runs, run_rows or notes
        #[arg(long, default_value = "calls")]
        table: String,
        /// jsonl or csv
        #[arg(long, default_value = "jsonl")]
        format: String,
    },
    /// Copy the ledger to a new file, while calls go on
    Backup { to: PathBuf },
    /// Put a backup in the ledger's place
    Restore {
        from: PathBuf,
        /// Replace a ledger that is there; it is kept beside it
        #[arg(long)]
        replace: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key for calls; it is shown this once
    #[command(after_help = "Example:\n  jeton key create ci --account support --class ci.review --expires 90d --budget-usd 5 --window day")]
    Create(KeyCreateArgs),
    /// All keys, without their secrets
    List,
    /// Revoke a key: it stops working within a second
    Revoke { name: String },
    /// Make an admin key: it opens the page and the API, not the models
    Admin {
        /// Its name
        #[arg(long, default_value = "admin")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyCreateArgs {
    /// Its name
    pub(crate) name: String,
    /// The account that pays [default: default]
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// The class of its calls
    #[arg(long)]
    pub(crate) class: Option<String>,
    /// Labels of its calls, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) tags: Vec<String>,
    /// When it ends: 90d, or a date
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// What its calls may cost per window
    #[arg(long, value_name = "USD")]
    pub(crate) budget_usd: Option<String>,
    /// hour, day, week, month, year or total
    #[arg(long, default_value = "month")]
    pub(crate) window: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report every mistake in jeton.toml
    Check,
    /// The JSON Schema of jeton.toml, for editors
    Schema,
    /// What is set
    Show {
        /// Every setting that holds, with where it was said
        #[arg(long)]
        effective: bool,
    },
    /// Every setting with its meaning and default, as Markdown
    Reference,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// The model [default: every model that jeton.toml names, of providers over the network]
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only these abilities, separated by commas; a plain question is always asked first
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<Ability>,
    /// What all calls together may cost: none is made that could cost more than what is left
    #[arg(long, value_name = "USD", value_parser = eval::usd, default_value = "0.10usd")]
    pub(crate) budget: Nanousd,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Models that can be asked for
    List,
    /// One model: prices, limits, where it is served
    Show { name: String },
    /// Prices
    Prices {
        /// Only models whose price is not known
        #[arg(long)]
        unknown: bool,
        /// The whole price book, not only the configured providers
        #[arg(long)]
        all: bool,
    },
    /// What a model can do at its provider, against what the data claims: one cheap call for each ability
    #[command(
        after_help = "Example:\n  jeton model probe acme/fast\n  jeton model probe --only tools,image --budget 0.50usd\n\nThe calls go through the broker as any, in the provider's own dialect, and stand in the ledger under the class jeton.probe.\n\nExit codes: 0 all claims hold, 1 a claim is wrong, 3 the provider cannot be asked, 4 a claim could not be checked."
    )]
    Probe(ProbeArgs),
}
