//! `jeton model probe`: what a model can do at its provider, against what the data claims. One cheap question for each ability, through the
//! broker as any call (metered, in the ledger, within its budgets), in the provider's own dialect and untranslated: what is probed is the
//! provider, not what Jeton makes of it.
//!
//! ```text
//! claim (data) ─▶ body (pure) ─▶ ask (broker, budget) ─▶ said (the answer's own bytes) ─▶ judge ─▶ report
//! ```

mod ability;
mod ask;
mod body;
mod claim;
mod judge;
mod report;
mod said;

pub(crate) use ability::Ability;
pub(crate) use report::{outcome, print};

use crate::caller::Caller;
use ask::{Asker, Heard, Taken};
use body::{Subject, question};
use claim::{Facts, other_limit_field};
use jeton_broker::{Live, Resolved, chat_limit_field};
use jeton_core::Nanousd;
use jeton_wire::Endpoint;
use judge::{Seen, judge};

/// Tokens of output for a question whose model does not think before it answers.
const LIMIT: u64 = 64;
/// The same in Messages, where a model of Anthropic's thinks only where that is asked for, and others may all the same.
const MESSAGES_LIMIT: u64 = 256;
/// The same where it thinks, or where nobody knows: thoughts count as output.
const THINKING_LIMIT: u64 = 1_024;

/// What was found of one ability.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) ability: Ability,
    /// What the data claims; none: nothing.
    pub(crate) claim: Option<bool>,
    pub(crate) seen: Seen,
    /// What to change, where the claim is wrong.
    pub(crate) remedy: Option<String>,
}

impl Finding {
    /// Whether claim and sight agree; none where either is unknown.
    pub(crate) fn agrees(&self) -> Option<bool> {
        Some(self.claim? == self.seen.is_there()?)
    }
}

/// What was found of one model.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) model: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) findings: Vec<Finding>,
    pub(crate) taken: Taken,
    /// Why the provider could not be asked.
    pub(crate) down: Option<String>,
}

/// Asks `model` for the abilities of `wanted` (all, where there are none), within `left`.
pub(crate) async fn probe(caller: &Caller, live: &Live, model: &Resolved, wanted: &[Ability], left: &mut Nanousd) -> Option<Probed> {
    let endpoint = model.provider.own_endpoints().iter().copied().find(|endpoint| endpoint.streams())?;
    let config = live.snapshot().providers.get(model.provider.name())?;
    eprintln!("asking `{}` at {endpoint} …", model.full_name());
    let own = live.snapshot().models.get(&model.full_name()).map(|own| &own.abilities);
    let facts = Facts::new(model, config, own, endpoint);
    let abilities = &model.entry.abilities;
    let mut subject = Subject {
        endpoint,
        model: model.full_name(),
        limit_field: chat_limit_field(config),
        limit: match (facts.thinks(), endpoint) {
            (Some(false), _) => LIMIT,
            (_, Endpoint::Messages) => MESSAGES_LIMIT,
            _ => THINKING_LIMIT,
        },
        is_adaptive: abilities.adaptive_thinking,
        effort: abilities.effort_max.clone(),
    };
    let price = live.price_for_bound(model).into_owned();
    let mut asker = Asker { caller, model: model.full_name(), price, left, taken: Taken::default(), asked: Vec::new() };
    let basis = basis(&mut asker, &mut subject).await;
    let mut findings = Vec::new();
    let is_wanted = |ability: Ability| wanted.is_empty() || ability == Ability::Text || wanted.contains(&ability);
    for ability in Ability::all().iter().copied().filter(|&ability| is_wanted(ability) && facts.applies(ability)) {
        let Some(seen) = seen(&mut asker, &subject, &basis, ability).await else { continue };
        let claim = facts.claim(ability);
        let mut finding = Finding { ability, claim, seen, remedy: None };
        finding.remedy = (finding.agrees() == Some(false)).then(|| facts.remedy(ability, &finding.seen));
        findings.push(finding);
    }
    let down = match basis.text {
        Heard::Down(why) => Some(why),
        _ => None,
    };
    Some(Probed { model: asker.model, endpoint, findings, taken: asker.taken, down })
}

/// What all the other questions stand on: that a plain question is answered, and by what name the limit of output goes.
struct Basis {
    text: Heard,
    /// What the provider said to the claimed name of the limit, where another is taken.
    limit_refused: Option<String>,
}

/// Asks the plain question; where Chat Completions refuse the name of the limit, by its other name.
async fn basis(asker: &mut Asker<'_>, subject: &mut Subject) -> Basis {
    let text = plain(asker, subject).await;
    let refused = match &text {
        Heard::Refused(words) if subject.endpoint == Endpoint::Chat && words.contains(subject.limit_field) => words.clone(),
        _ => return Basis { text, limit_refused: None },
    };
    let other = Subject { limit_field: other_limit_field(subject.limit_field), ..subject.clone() };
    match plain(asker, &other).await {
        heard @ Heard::Said(_) => {
            *subject = other;
            Basis { text: heard, limit_refused: Some(refused) }
        }
        _ => Basis { text, limit_refused: None },
    }
}

async fn plain(asker: &mut Asker<'_>, subject: &Subject) -> Heard {
    match question(Ability::Text, subject) {
        Some(question) => asker.ask(Ability::Text, &question).await,
        None => Heard::Nothing("the endpoint has no plain question".to_owned()),
    }
}

/// What is seen of an ability; none where the dialect has no words for it.
async fn seen(asker: &mut Asker<'_>, subject: &Subject, basis: &Basis, ability: Ability) -> Option<Seen> {
    let question = question(ability, subject)?;
    let is_plain = matches!(ability, Ability::Text | Ability::OutputLimit);
    let heard = match &basis.text {
        Heard::Said(_) if is_plain => basis.text.clone(),
        Heard::Said(_) => asker.ask(ability, &question).await,
        // A refusal of one thing more tells nothing where the plain question is refused as well.
        Heard::Refused(words) if ability == Ability::Text => Heard::Refused(words.clone()),
        Heard::Refused(_) => Heard::Nothing("a plain question is refused already".to_owned()),
        Heard::Nothing(why) | Heard::Down(why) if ability == Ability::Text => Heard::Nothing(why.clone()),
        Heard::Nothing(_) | Heard::Down(_) => Heard::Nothing("a plain question was not answered".to_owned()),
    };
    Some(match (heard, &basis.limit_refused) {
        (_, Some(words)) if ability == Ability::OutputLimit => Seen::No(words.clone()),
        (Heard::Said(said), _) => judge(ability, &said),
        (Heard::Refused(words), _) => Seen::No(words),
        (Heard::Nothing(why) | Heard::Down(why), _) => Seen::NotKnown(why),
    })
}
