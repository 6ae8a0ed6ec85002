//! The command line of `jeton eval`.

use clap::{Args, Subcommand, ValueEnum};
use jeton_core::Nanousd;
use std::path::PathBuf;

/// The most calls at one time; the same that a suite may ask for.
const CONCURRENCY_MAX: u64 = 10_000;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// The suites of the project, and their last runs
    #[command(after_help = "Example:\n  jeton eval list\n  jeton eval list --runs documentation")]
    List {
        /// The last runs of this suite instead
        #[arg(long, value_name = "SUITE")]
        runs: Option<String>,
    },
    /// What is wrong with suites, all at once: nothing is called and nothing is spent
    #[command(
        after_help = "Example:\n  jeton eval check                         every suite of the project\n  jeton eval check refunds --json\n\nExit codes: 0 they can be run, 1 there are errors."
    )]
    Check(CheckArgs),
    /// Run a suite, or go on with a run
    #[command(
        after_help = "Example:\n  jeton eval run refunds --target with-pack --budget 2usd\n  jeton eval run --resume run-20261123-9q2k7c1m0\n  jeton eval run --resume run-20261123-9q2k7c1m0 --budget 5usd\n  jeton eval run promptfooconfig.yaml\n\nExit codes: 0 done, 1 the graders failed their self-test, 3 nothing answered, 4 stopped before its end, 5 too many errors to say."
    )]
    Run(RunArgs),
    /// What a run came to, or one case of it
    #[command(
        after_help = "Example:\n  jeton eval show refunds                  the suite's last run\n  jeton eval show run-20261123-9q2k7c1m0 --case opened-kettle\n  jeton eval show refunds --calibrate      judges corrected by people's labels\n  jeton eval show refunds --otel http://127.0.0.1:4318"
    )]
    Show(ShowArgs),
    /// Runs or targets on the same cases: better, worse, no relevant difference, or undecided
    #[command(
        after_help = "Example:\n  jeton eval compare refunds:plain refunds:with-pack        two targets of the last run that is finished and valid\n  jeton eval compare refunds                                its first target against all others, p-values adjusted\n  jeton eval compare run-20261123-9q2k7c1m0 refunds --margin 2pp\n\nExit codes: 0 better or no relevant difference, 1 worse (of several: any), 4 undecided (any), 5 too many errors to say."
    )]
    Compare(CompareArgs),
    /// Decide for CI: is it good enough, is it not worse? Stops as soon as that is decided
    #[command(
        after_help = "Example:\n  jeton eval gate refunds --at-least 0.9 --target with-pack\n  jeton eval gate refunds --target new --not-worse-than old --margin 2pp --junit report.xml --markdown summary.md\n  jeton eval gate refunds --target new --not-worse-than run-20261123-9q2k7c1m0:new\n\nExit codes: 0 yes, 1 no, 2 usage, 3 nothing answered, 4 undecided, 5 too many errors to say."
    )]
    Gate(GateArgs),
    /// How many cases and repeats a difference needs, and what they cost
    #[command(after_help = "Example:\n  jeton eval size refunds --detect 3pp")]
    Size(SizeArgs),
    /// Why cases failed: from the record, then by experiments; and how much of it is ours to mend
    #[command(
        after_help = "Example:\n  jeton eval causes refunds                            the suite's last run\n  jeton eval causes run-20261123-9q2k7c1m0 --stronger openai/gpt-5 --budget 1usd"
    )]
    Causes(CausesArgs),
    /// What became of the live calls that suites judge
    #[command(after_help = "Example:\n  jeton eval live                          every suite with [watch] sample\n  jeton eval live refunds --json")]
    Live {
        /// Only this suite
        suite: Option<String>,
    },
    /// Make a suite of another program's file, or a case of a live call
    #[command(
        after_help = "Example:\n  jeton eval import promptfooconfig.yaml               shows what would be written, and what was not read\n  jeton eval import logs/task.eval --write\n  jeton eval import --call call-20261123-0abcdefghj --input question.txt --write"
    )]
    Import(ImportArgs),
    /// Say what is right: the answers of a run that wait for a person
    #[command(
        after_help = "Example:\n  jeton eval label refunds                              asks on the terminal: pass, fail, skip, with a comment\n  jeton eval label refunds --list --json\n  jeton eval label refunds --set opened-kettle=fail --by ada\n  jeton eval label refunds --grader judge               labels that `jeton eval show --calibrate` corrects the judge by\n\nWhat most people say is the verdict of the grader that asks them, at once and in every figure of the run."
    )]
    Label(LabelArgs),
    /// Run suites on their schedules ([watch]), and raise alarms on silence and drift
    #[command(
        after_help = "Example:\n  jeton eval watch                  until it is stopped\n  jeton eval watch --once           what is due now, for cron\n  jeton eval watch refunds --once --json\n\nExit codes: 0 no alarm, 1 an alarm (with --once), 2 usage, 3 the ledger fails."
    )]
    Watch(WatchArgs),
}

/// Which part of a suite is run, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ChoiceArgs {
    /// Only this target, or a model as provider/name; may be given more than once [default: all]
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Vec<String>,
    /// Only cases with this tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Only this case; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(crate) case: Vec<String>,
    /// Only the first so many cases of the seeded order
    #[arg(long, value_name = "N", value_parser = one_or_more::<usize>)]
    pub(crate) first: Option<usize>,
    /// The seed of the order [default: the suite's]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How often each case is tried [default: the suite's]
    #[arg(long, value_name = "N", value_parser = one_or_more::<u32>)]
    pub(crate) repeats: Option<u32>,
    /// The most calls at one time, up to 10000 [default: the suite's]
    #[arg(long, value_name = "N", value_parser = concurrency)]
    pub(crate) concurrency: Option<usize>,
    /// The most that all calls of the run may cost together, such as 2usd
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) budget: Option<Nanousd>,
    /// Take answers of earlier runs to the very same requests
    #[arg(long)]
    pub(crate) cache: bool,
    /// Pay models without testing the graders first; the report says so
    #[arg(long)]
    pub(crate) no_selftest: bool,
    /// Give a call up after so many milliseconds
    #[arg(long, value_name = "MS", value_parser = one_or_more::<u64>)]
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Only these suites, by name or file [default: all of the project]
    pub(crate) suite: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The suite's name, or a file
    #[arg(required_unless_present = "resume")]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    /// Go on with this run, with everything as it was asked for; only its `--budget` may be another
    #[arg(long, value_name = "RUN", conflicts_with_all = ["suite", "target", "tag", "case", "first", "seed", "repeats", "concurrency", "cache", "no_selftest", "timeout"])]
    pub(crate) resume: Option<String>,
    /// Write the grades as OpenTelemetry's events `gen_ai.evaluation.result`: into this file (OTLP, a line of JSON each), or to the collector at this http address
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) otel: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A run's id, or a suite for its last run
    pub(crate) run: String,
    /// Everything of this case
    #[arg(long, value_name = "ID")]
    pub(crate) case: Option<String>,
    /// List cases with this outcome: passed, failed, unscored, error
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Correct the judges' pass rates by people's labels (PPI++)
    #[arg(long)]
    pub(crate) calibrate: bool,
    /// Write the grades as OpenTelemetry's events `gen_ai.evaluation.result`: into this file (OTLP, a line of JSON each), or to the collector at this http address
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) otel: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// What is compared with: RUN, SUITE, RUN:TARGET or SUITE:TARGET
    pub(crate) baseline: String,
    /// What is judged: the same, or a run for all of its targets [default: the other targets of the baseline's run]
    pub(crate) candidate: Option<String>,
    /// The largest difference that does not matter, such as 2pp
    #[arg(long, default_value = "2pp", value_parser = points)]
    pub(crate) margin: f64,
    /// Only cases with this tag
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// List at most so many flips of each kind
    #[arg(long, default_value_t = 10)]
    pub(crate) limit: usize,
    /// How p-values of several candidates are adjusted for their number
    #[arg(long, value_enum, default_value_t)]
    pub(crate) adjust: AdjustBy,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum AdjustBy {
    /// Holm: a false claim anywhere is as unlikely as one alone
    #[default]
    Holm,
    /// Benjamini-Hochberg: few of the claims are false
    Bh,
    /// As if each were the only one
    None,
}

impl From<AdjustBy> for jeton_eval::family::Adjust {
    fn from(by: AdjustBy) -> Self {
        match by {
            AdjustBy::Holm => Self::Holm,
            AdjustBy::Bh => Self::Bh,
            AdjustBy::None => Self::None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The suite's name, or a file
    pub(crate) suite: String,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    /// The pass rate that is needed, from 0 to 1 [default: the class's quality.at_least]
    #[arg(long, value_name = "RATE")]
    pub(crate) at_least: Option<f64>,
    /// What the judged target must not be worse than: a target of the suite, or of an earlier run as `jeton eval compare` names it
    #[arg(long, value_name = "BASELINE", conflicts_with = "at_least")]
    pub(crate) not_worse_than: Option<String>,
    /// The loss that is allowed, such as 2pp
    #[arg(long, default_value = "2pp", value_parser = points)]
    pub(crate) margin: f64,
    /// Run all cases, whatever is decided before
    #[arg(long)]
    pub(crate) whole: bool,
    /// Write JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a summary in Markdown to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write the grades as OpenTelemetry's events `gen_ai.evaluation.result`: into this file (OTLP, a line of JSON each), or to the collector at this http address
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) otel: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// The suite's name, or a file
    pub(crate) suite: String,
    /// The difference that is to be seen, such as 3pp
    #[arg(long, value_parser = points)]
    pub(crate) detect: f64,
    /// The chance to see it where it is there
    #[arg(long, default_value_t = 0.8)]
    pub(crate) power: f64,
}

#[derive(Debug, Args)]
pub(crate) struct CausesArgs {
    /// A run's id, or a suite for its last run
    pub(crate) run: String,
    /// Only this case; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(crate) case: Vec<String>,
    /// A model that can more; without one, "the model" is never said to be the cause
    #[arg(long, value_name = "MODEL")]
    pub(crate) stronger: Option<String>,
    /// Repeats of each experiment
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = one_or_more::<u64>)]
    pub(crate) repeats: u64,
    /// Failures of a cluster that are examined
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) members: usize,
    /// The most calls that experiments may make
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub(crate) calls: u64,
    /// The most that experiments may cost together
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) budget: Option<Nanousd>,
    /// Only what the record proves: no call is made
    #[arg(long)]
    pub(crate) no_experiments: bool,
    /// Do not measure the environment gap
    #[arg(long)]
    pub(crate) no_gap: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// A file of promptfoo, Inspect or OpenAI's evals, or rows of data
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A live call instead: its receipt becomes a case, whose reference is to be written
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub(crate) call: Option<String>,
    /// What that call asked: a file with the text or the request's JSON, or - for standard input; secrets are masked
    #[arg(long, value_name = "FILE", requires = "call")]
    pub(crate) input: Option<String>,
    /// Write into evals/
    #[arg(long)]
    pub(crate) write: bool,
    /// Overwrite files that are there
    #[arg(long, requires = "write", conflicts_with = "call")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// A run's id, or a suite for its last run
    pub(crate) run: String,
    /// Only this grader, a judge too, whatever it said itself [default: the human ones that have no verdict]
    #[arg(long, value_name = "NAME")]
    pub(crate) grader: Option<String>,
    /// Show what waits
    #[arg(long)]
    pub(crate) list: bool,
    /// Label this answer, CASE or CASE/TARGET/REPEAT, with pass or fail; may be given more than once
    #[arg(long, value_name = "CASE=VERDICT", conflicts_with = "list")]
    pub(crate) set: Vec<String>,
    /// Why, for all that is set
    #[arg(long, value_name = "TEXT", requires = "set")]
    pub(crate) comment: Option<String>,
    /// Who labels [default: the user's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Only these suites, by name or file [default: all with [watch] every_minutes]
    pub(crate) suite: Vec<String>,
    /// Do what is due now, and end
    #[arg(long)]
    pub(crate) once: bool,
}

/// `3pp`, `3%` or `0.03` as a share.
pub(super) fn points(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (number, by) = match text.strip_suffix("pp").or_else(|| text.strip_suffix('%')) {
        Some(number) => (number.trim(), 100.0),
        None => (text, 1.0),
    };
    let share = number.parse::<f64>().map(|value| value / by).ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected points such as 2pp, or a share from 0 to 1".to_owned())
}

/// A whole number from 1 on, up to what fits the type.
pub(super) fn one_or_more<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    whole(text, u64::MAX).and_then(|number| N::try_from(number).map_err(|_| format!("{number} is too large")))
}

/// As many calls at one time as a suite may ask for.
fn concurrency(text: &str) -> Result<usize, String> {
    whole(text, CONCURRENCY_MAX).and_then(|number| usize::try_from(number).map_err(|_| format!("{number} is too large")))
}

fn whole(text: &str, most: u64) -> Result<u64, String> {
    let range = if most == u64::MAX { "a whole number from 1 on".to_owned() } else { format!("a whole number from 1 to {most}") };
    text.trim().parse::<u64>().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| format!("expected {range}"))
}

/// `2usd`, `$2` or `2` as money.
pub(super) fn usd(text: &str) -> Result<Nanousd, String> {
    let number = text.trim().trim_start_matches('$').trim_end_matches("usd").trim_end_matches("USD").trim();
    Nanousd::parse_usd(number).and_then(|amount| if amount > Nanousd::ZERO { Ok(amount) } else { Err("a budget is more than nothing".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_money_as_people_write_them() {
        let near = |text: &str| points(text).map(|share| (share * 1e6).round() / 1e6);
        assert_eq!([near("2pp"), near("3 %"), near("0.05")], [Ok(0.02), Ok(0.03), Ok(0.05)]);
        assert!(points("two").is_err() && points("200").is_err() && points("-1pp").is_err());
        assert_eq!(["2usd", "$0.5", "1.25"].map(|text| usd(text).map(|amount| amount.0)), [Ok(2_000_000_000), Ok(500_000_000), Ok(1_250_000_000)]);
        assert!(usd("0").is_err() && usd("free").is_err());
    }

    #[test]
    fn counts_begin_at_one_and_say_their_range() {
        assert_eq!((one_or_more::<u32>("3"), concurrency("10000")), (Ok(3), Ok(10_000)));
        assert_eq!(one_or_more::<u32>("0"), Err("expected a whole number from 1 on".to_owned()));
        assert_eq!(concurrency("10001"), Err("expected a whole number from 1 to 10000".to_owned()));
        assert!(one_or_more::<u32>("4294967296").is_err() && one_or_more::<u64>("-1").is_err() && concurrency("two").is_err());
    }
}
