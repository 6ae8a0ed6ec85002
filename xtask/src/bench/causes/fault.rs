//! What is broken on purpose, and the truth about what that breaks.

use super::model::{RIGHT_RESULT, WEAK};
use super::world::{FACTS, PackKind, RULE};
use jeton_context::Place;
use jeton_eval::causes::Cause;
use jeton_eval::{Case, Criterion, FaultClass, Grader, Input, Role, Target, TargetKind, Turn};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The pack's scope leaves the needed unit out.
    Deleted,
    /// The needed unit was out of date when the run was made.
    Aged,
    /// As before, and the record says so.
    AgedSeen,
    /// A tool gave a wrong result.
    Tool,
    /// The answer may have too few tokens.
    Cut,
    /// The reference is wrong.
    Reference,
    /// The right answer comes in the wrong wrapper.
    Wrapper,
    /// A rule is broken that the model was not told.
    Constraint,
    /// Another unit contradicts, and the model believes it.
    Distracting,
    /// The provider answers 503.
    Outage,
    /// The question is beyond the target's ability.
    Weak,
    /// The model is right half of the time.
    Random,
    /// A reason that nothing tried can mend.
    Hidden,
    /// Too few tokens by far.
    CutHard,
    /// The answer is filtered.
    Filtered,
    /// The provider answers 429.
    RateLimited,
    /// Two units are needed; neither is there.
    TwoDeleted,
    /// The model is right one time in four.
    Unlucky,
    /// The request itself is refused, for a reason that is nobody's here.
    Refused,
    /// A tool failed, and said so.
    ToolError,
    /// The right answer comes in a code fence, after a word of welcome.
    Fenced,
    /// Too few tokens for a long answer, by much more than any other.
    CutFar,
    /// The model is right three times in four.
    Lucky,
    /// The model loses its way among many units, none of which contradicts.
    Swamped,
    /// A grader that nothing right can pass.
    Strict,
    /// The provider does not answer in time.
    Timeout,
    /// Another reason that nothing tried can mend: an answer that reads well.
    Stubborn,
}

impl Fault {
    /// What is to be found.
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::Deleted | Self::TwoDeleted => Cause::ContextMissing,
            Self::Aged | Self::AgedSeen => Cause::ContextStale,
            Self::Tool | Self::ToolError => Cause::Tool,
            Self::Cut | Self::CutHard | Self::CutFar => Cause::Limit,
            Self::Reference | Self::Strict => Cause::Grader,
            Self::Wrapper | Self::Fenced => Cause::Format,
            Self::Constraint => Cause::Constraint,
            Self::Distracting | Self::Swamped => Cause::ContextDistracting,
            Self::Outage | Self::RateLimited | Self::Timeout => Cause::Provider,
            Self::Weak => Cause::Model,
            Self::Random | Self::Unlucky | Self::Lucky => Cause::Random,
            Self::Filtered => Cause::Refusal,
            Self::Hidden | Self::Refused | Self::Stubborn => Cause::Undetermined,
        }
    }
}

/// The faults of a case, and whether they were used while the engine was built.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) faults: Vec<Fault>,
    pub(super) group: Group,
}

/// Which figures a plan counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Kinds that were used while the engine was built.
    Built,
    /// Combinations that were.
    Seen,
    /// Kinds that were not.
    Kinds,
    /// Combinations that were not.
    Combinations,
}

/// Kinds that were used while the engine was built, one at a time.
pub(super) const BUILT: [Fault; 19] = [
    Fault::Deleted,
    Fault::Aged,
    Fault::AgedSeen,
    Fault::Tool,
    Fault::Cut,
    Fault::Reference,
    Fault::Wrapper,
    Fault::Constraint,
    Fault::Distracting,
    Fault::Outage,
    Fault::Weak,
    Fault::Random,
    Fault::Hidden,
    Fault::Refused,
    Fault::CutHard,
    Fault::Filtered,
    Fault::RateLimited,
    Fault::TwoDeleted,
    Fault::Unlucky,
];
/// Combinations that were used while the engine was built. With a hidden reason nothing helps, whatever else is wrong.
pub(super) const SEEN: [&[Fault]; 20] = [
    &[Fault::Deleted, Fault::Cut],
    &[Fault::Deleted, Fault::Tool],
    &[Fault::Deleted, Fault::Weak],
    &[Fault::Deleted, Fault::Distracting],
    &[Fault::Deleted, Fault::Constraint],
    &[Fault::Deleted, Fault::Wrapper],
    &[Fault::Deleted, Fault::Reference],
    &[Fault::Deleted, Fault::Outage],
    &[Fault::Deleted, Fault::Random],
    &[Fault::Aged, Fault::Cut],
    &[Fault::Aged, Fault::Tool],
    &[Fault::AgedSeen, Fault::Distracting],
    &[Fault::Tool, Fault::Cut],
    &[Fault::Tool, Fault::Weak],
    &[Fault::Cut, Fault::Distracting],
    &[Fault::Cut, Fault::Weak],
    &[Fault::Hidden, Fault::Deleted],
    &[Fault::Hidden, Fault::Tool],
    &[Fault::Hidden, Fault::AgedSeen],
    &[Fault::Deleted, Fault::Cut, Fault::Tool],
];
/// Kinds that were held out: written after the engine's last change, and not looked at before it.
pub(super) const KINDS: [Fault; 8] =
    [Fault::ToolError, Fault::Fenced, Fault::CutFar, Fault::Lucky, Fault::Swamped, Fault::Strict, Fault::Timeout, Fault::Stubborn];
/// Combinations that were held out in the same way.
pub(super) const COMBINATIONS: [&[Fault]; 23] = [
    &[Fault::Wrapper, Fault::Weak],
    &[Fault::Wrapper, Fault::Tool],
    &[Fault::Wrapper, Fault::Aged],
    &[Fault::Constraint, Fault::Weak],
    &[Fault::Constraint, Fault::Tool],
    &[Fault::Constraint, Fault::Cut],
    &[Fault::Distracting, Fault::Tool],
    &[Fault::Distracting, Fault::Weak],
    &[Fault::Distracting, Fault::Aged],
    &[Fault::Random, Fault::Cut],
    &[Fault::Random, Fault::Tool],
    &[Fault::Random, Fault::Weak],
    &[Fault::Unlucky, Fault::Deleted],
    &[Fault::Aged, Fault::Weak],
    &[Fault::AgedSeen, Fault::Cut],
    &[Fault::TwoDeleted, Fault::Wrapper],
    &[Fault::Hidden, Fault::Cut],
    &[Fault::Hidden, Fault::Wrapper],
    &[Fault::Hidden, Fault::Distracting],
    &[Fault::Stubborn, Fault::Deleted],
    &[Fault::Swamped, Fault::Deleted],
    &[Fault::Deleted, Fault::Weak, Fault::Cut],
    &[Fault::Deleted, Fault::Distracting, Fault::Tool],
];

/// Every plan.
pub(super) fn plans() -> Vec<Plan> {
    let single = |faults: &'static [Fault], group: Group| faults.iter().map(move |fault| Plan { faults: vec![*fault], group });
    let several = |plans: &'static [&'static [Fault]], group: Group| plans.iter().map(move |faults| Plan { faults: faults.to_vec(), group });
    let seen = single(&BUILT, Group::Built).chain(several(&SEEN, Group::Seen));
    seen.chain(single(&KINDS, Group::Kinds)).chain(several(&COMBINATIONS, Group::Combinations)).collect()
}

/// What the simulated model knows of a case, and nobody else.
#[derive(Clone, Debug, Default)]
pub(super) struct Secret {
    pub(super) fact: usize,
    /// Another fact that is needed too.
    pub(super) second: Option<usize>,
    pub(super) is_hard: bool,
    pub(super) is_gullible: bool,
    pub(super) is_wrapped: bool,
    pub(super) is_fenced: bool,
    pub(super) is_verbose: bool,
    pub(super) is_swamped: bool,
    pub(super) is_terse: bool,
    pub(super) promises: bool,
    pub(super) luck: Option<f64>,
    pub(super) mute: Option<&'static str>,
    pub(super) filtered: Option<&'static str>,
    pub(super) outage: Option<(FaultClass, &'static str, Option<u16>)>,
}

/// A case with what is broken about it.
#[derive(Clone, Debug)]
pub(super) struct Injected {
    pub(super) case: Case,
    pub(super) secret: Secret,
    pub(super) target: Target,
    /// Whether the run was made while the facts had their old values.
    pub(super) is_aged: bool,
    /// Whether the run's record says that the needed unit was out of date.
    pub(super) is_seen: bool,
    pub(super) truth: BTreeSet<Cause>,
    pub(super) group: Group,
}

/// The ways in which a fact is asked for.
pub(super) const WAYS: [fn(&str) -> String; 3] = [
    |thing| format!("What is the {thing}?"),
    |thing| format!("Please tell me the {thing} that holds now."),
    |thing| format!("A customer on the phone asks about the {thing}: what do we say?"),
];

/// The call of the tool in conversations that have one.
const TOOL_CALL: &str = "call_1";

/// Case `way` of `fact` under a plan.
pub(super) fn inject(fact: usize, way: usize, plan: &Plan) -> Injected {
    let names: Vec<String> = plan.faults.iter().map(|fault| format!("{fault:?}")).collect();
    let id = format!("{}-{way}+{}", FACTS[fact].name, names.join("+"));
    let mut case = Case::new(id, Input::Text(WAYS[way](FACTS[fact].thing)), Place::line("evals/causes.toml", 1));
    case.cluster = FACTS[fact].name.to_owned();
    case.reference = Some(FACTS[fact].value.into());
    case.needs = vec![FACTS[fact].unit()];
    case.graders = vec![Grader::new("says it", Criterion::Contains { values: Vec::new(), any: true, ignore_case: true })];
    let mut truth: BTreeSet<Cause> = plan.faults.iter().map(|fault| fault.cause()).collect();
    if truth.contains(&Cause::Undetermined) {
        truth = BTreeSet::from([Cause::Undetermined]);
    }
    let secret = Secret { fact, ..Secret::default() };
    let target = Target { name: String::new(), kind: kind(PackKind { lacks: None, rumours: false }), prompt: None, params: Map::new(), only: Vec::new() };
    let mut injected = Injected { case, secret, target, is_aged: false, is_seen: false, truth, group: plan.group };
    let mut pack = PackKind { lacks: None, rumours: false };
    plan.faults.iter().for_each(|fault| apply(*fault, &mut injected, &mut pack));
    injected.target.kind = kind(pack);
    injected.target.name = format!("{}{}", pack.name(), injected.target.params.get("max_tokens").map_or(String::new(), |most| format!("-{most}-tokens")));
    injected
}

fn kind(pack: PackKind) -> TargetKind {
    TargetKind::Model { model: WEAK.to_owned(), pack: Some(pack.name()), oracle: false }
}

fn apply(fault: Fault, injected: &mut Injected, pack: &mut PackKind) {
    let (case, secret) = (&mut injected.case, &mut injected.secret);
    match fault {
        Fault::Deleted => pack.lacks = Some(secret.fact),
        Fault::TwoDeleted => {
            let second = (secret.fact + 1) % FACTS.len();
            (pack.lacks, secret.second) = (Some(secret.fact), Some(second));
            case.needs.push(FACTS[second].unit());
        }
        Fault::Aged => injected.is_aged = true,
        Fault::AgedSeen => (injected.is_aged, injected.is_seen) = (true, true),
        Fault::Tool => {
            case.input = conversation(case.input.last_text(), "in stock: none at all");
            case.vars.insert("tool_results".to_owned(), json!({ TOOL_CALL: RIGHT_RESULT }));
        }
        Fault::ToolError => {
            case.input = conversation(case.input.last_text(), "error: the shelf does not answer");
            case.vars.insert("tool_results".to_owned(), json!({ TOOL_CALL: RIGHT_RESULT }));
        }
        Fault::Cut => drop(injected.target.params.insert("max_tokens".to_owned(), json!(6))),
        Fault::CutHard => drop(injected.target.params.insert("max_tokens".to_owned(), json!(2))),
        Fault::Reference => (case.reference, secret.is_terse) = (Some(Value::from("77 parrots")), true),
        Fault::Wrapper => {
            secret.is_wrapped = true;
            case.graders = vec![Grader::new("is it", Criterion::Exact { value: None, ignore_case: true, verbatim: false })];
        }
        Fault::Fenced => {
            secret.is_fenced = true;
            case.graders = vec![Grader::new("is it", Criterion::Exact { value: None, ignore_case: true, verbatim: false })];
        }
        Fault::CutFar => {
            secret.is_verbose = true;
            injected.target.params.insert("max_tokens".to_owned(), json!(3));
        }
        Fault::Swamped => secret.is_swamped = true,
        Fault::Strict => case.graders.push(Grader::new("nine digits", Criterion::Regex { pattern: r"^\d{9}$".to_owned() })),
        Fault::Timeout => secret.outage = Some((FaultClass::Provider, "timeout", None)),
        Fault::Stubborn => secret.mute = Some("The document does not speak of the matter that was asked about."),
        Fault::Lucky => secret.luck = Some(0.75),
        Fault::Constraint => {
            secret.promises = true;
            case.graders.push(Grader::new("no-promise", Criterion::Constraint { unit: RULE.to_owned() }));
        }
        Fault::Distracting => (pack.rumours, secret.is_gullible) = (true, true),
        Fault::Outage => secret.outage = Some((FaultClass::Provider, "provider_unavailable", Some(503))),
        Fault::RateLimited => secret.outage = Some((FaultClass::Provider, "rate_limited", Some(429))),
        Fault::Refused => secret.outage = Some((FaultClass::Request, "model_not_found", Some(404))),
        Fault::Weak => secret.is_hard = true,
        Fault::Random => secret.luck = Some(0.5),
        Fault::Unlucky => secret.luck = Some(0.25),
        Fault::Hidden => secret.mute = Some(if secret.fact.is_multiple_of(2) { "" } else { "blue" }),
        Fault::Filtered => secret.filtered = Some("content_filter"),
    }
}

fn conversation(question: &str, result: &str) -> Input {
    let call = json!([{ "id": TOOL_CALL, "type": "function", "function": { "name": "stock", "arguments": "{}" } }]);
    Input::Messages(vec![
        Turn::new(Role::User, question),
        Turn { tool_calls: Some(call), ..Turn::new(Role::Assistant, "") },
        Turn { tool_call_id: Some(TOOL_CALL.to_owned()), ..Turn::new(Role::Tool, result) },
    ])
}
