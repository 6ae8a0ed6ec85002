//! What may be asked: the models that may serve, in the dialect of the caller, within the rules of the class.

use crate::bound::{self, Bound};
use crate::call::{Call, Candidate};
use crate::catalogue::{Catalogue, Resolved, public_path};
use crate::stages::translate::translate;
use jeton_core::{Fault, FaultKind, Nanousd};
use jeton_project::{Class, Snapshot};
use jeton_wire::Endpoint;
use jeton_wire::canonical::has_marked;

/// Finds the models that may serve the call and what each can cost at most.
///
/// # Errors
/// For a model that is unknown, speaks another dialect, or is forbidden to the class; for a request that is bound to dearer
/// than the class allows; for a state that Jeton cannot keep.
pub(crate) fn admit(call: &mut Call) -> Result<(), Fault> {
    let (route, names) = wanted_models(call)?;
    if let Some((name, why)) = route {
        call.decided("choose", format!("route `{name}` ({why}): {}", names.join(", ")));
        call.route = Some(name);
    }
    let mut refusals: Vec<Fault> = Vec::new();
    let mut candidates = Vec::with_capacity(names.len());
    for name in names {
        match admissible(call, &name) {
            Ok(candidate) => candidates.push(candidate),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if candidates.is_empty() {
        let first = refusals.into_iter().next();
        return Err(first.unwrap_or_else(|| Fault::new(FaultKind::NotFound, "The route names no model.").remedy("Give the route a list `try` of models.")));
    }
    for refusal in refusals {
        call.decided("admit", refusal.message);
    }
    call.candidates = candidates;
    refuse_unpinned_state(call)
}

/// The model that would be tried first, as `provider/name`; none where the call will not be admitted.
pub(crate) fn first_model(call: &Call) -> Option<String> {
    let (_, names) = wanted_models(call).ok()?;
    names.iter().find_map(|name| permitted(call, name).ok()).map(|(resolved, _)| resolved.full_name())
}

/// The word in the header that asks for what the request itself names, a model or a route, whatever route the class has.
const NO_ROUTE: &str = "none";

/// A route, and why it is the one.
type Chosen = Option<(String, &'static str)>;

/// The names of the models to try: those of a route (asked for by header, by the model's name, or the class's), else the
/// one that the request names.
fn wanted_models(call: &Call) -> Result<(Chosen, Vec<String>), Fault> {
    let asked = call.facts.as_ref().map(|facts| facts.model.clone()).unwrap_or_default();
    let by_header = call.inbound.header("jeton-route").map(str::to_owned);
    let is_class_passed_by = by_header.as_deref() == Some(NO_ROUTE);
    let by_header = by_header.filter(|_| !is_class_passed_by);
    if let Some(name) = &by_header
        && call.live.route(name).is_none()
    {
        let nearest = jeton_core::nearest(name, call.live.route_names(), 3).join(", ");
        return Err(Fault::new(FaultKind::NotFound, format!("There is no route `{name}`."))
            .code("route_not_found")
            .param("jeton-route")
            .remedy(if nearest.is_empty() { "No routes are configured.".into() } else { format!("The nearest routes are: {nearest}.") }));
    }
    let by_model = Some(asked.clone()).filter(|name| call.live.route(name).is_some());
    let by_class = call.class.as_ref().filter(|_| !is_class_passed_by).and_then(|class| class.route.clone());
    let Some((name, why)) =
        by_header.map(|n| (n, "asked for by header")).or(by_model.map(|n| (n, "asked for as model"))).or(by_class.map(|n| (n, "the class's")))
    else {
        return Ok((None, vec![asked]));
    };
    let models = call.live.route(&name).map(|route| route.models.clone()).unwrap_or_default();
    Ok((Some((name, why)), models))
}

/// The model of that name, where its provider can be asked for the caller's endpoint and the class allows it.
fn permitted(call: &Call, name: &str) -> Result<(Resolved, Endpoint), Fault> {
    let resolved = call.live.catalogue().resolve(name)?;
    let through = asked_through(call.inbound.endpoint, &resolved)?;
    if let Some(class) = &call.class {
        class_allows(class, &call.attribution.class, &resolved, call.live.region_of(resolved.provider.name()))?;
    }
    Ok((resolved, through))
}

/// Whether a call of `model` to `endpoint` would be let in as far as names tell: a model of the catalogue, or a route with at least one,
/// whose provider can be asked there and which the class allows. No call is made.
///
/// # Errors
/// What the call itself would be refused with; of a route, the first of its models' refusals.
pub fn askable(snapshot: &Snapshot, catalogue: &Catalogue, model: &str, endpoint: Endpoint, class: Option<&str>) -> Result<(), Fault> {
    let names = snapshot.routes.get(model).map_or_else(|| vec![model.to_owned()], |route| route.models.clone());
    let class = class.and_then(|name| Some((name, snapshot.classes.get(name)?)));
    let one = |name: &String| {
        let resolved = catalogue.resolve(name)?;
        asked_through(endpoint, &resolved)?;
        let region = snapshot.providers.get(resolved.provider.name()).and_then(|provider| provider.region.as_deref());
        class.map_or(Ok(()), |(name, class)| class_allows(class, name, &resolved, region))
    };
    let mut refusal = None;
    for name in &names {
        match one(name) {
            Ok(()) => return Ok(()),
            Err(why) => drop(refusal.get_or_insert(why)),
        }
    }
    refusal.map_or(Ok(()), Err)
}

fn admissible(call: &mut Call, name: &str) -> Result<Candidate, Fault> {
    let (resolved, through) = permitted(call, name)?;
    let translated = if passes_unchanged(call, through) { None } else { Some(translate(call, &resolved, through)?) };
    let Some(facts) = translated.as_ref().map(|translated| &translated.facts).or(call.facts.as_ref()) else {
        return Err(Fault::new(FaultKind::Internal, "The request was not read."));
    };
    let budget = &call.live.snapshot().budget;
    let bound = bound::of_request(through, facts, resolved.entry.context, resolved.entry.output, budget.default_output_bound_tokens);
    let ceiling = call.class.as_ref().and_then(|class| class.limits.output_tokens);
    let (bound, is_limited_by_class) = within_class_output(call, bound, ceiling)?;
    let cost_bound = if through == Endpoint::CountTokens {
        Some(Nanousd::ZERO)
    } else {
        bound.cost(call.live.price_for_bound(&resolved).as_ref(), facts.service_tier.as_deref())
    };
    Ok(Candidate { resolved, bound, cost_bound, is_limited_by_class, through, translated })
}

/// The bound under the class's limit of output tokens, and whether the request must be told that limit.
fn within_class_output(call: &Call, bound: Bound, ceiling: Option<u64>) -> Result<(Bound, bool), Fault> {
    let Some(ceiling) = ceiling.filter(|ceiling| bound.output > ceiling.saturating_mul(bound.choices)) else { return Ok((bound, false)) };
    if bound.output_is_stated {
        return Err(Fault::new(
            FaultKind::PolicyRefused,
            format!("Class `{}` allows {ceiling} output tokens, and the request asks for more.", call.attribution.class),
        )
        .code("class_output_limit")
        .param("max_tokens")
        .remedy("Ask for fewer output tokens, or leave the limit out to get the class's."));
    }
    Ok((bound.with_output(ceiling), true))
}

/// Whether the caller's own bytes go to the provider: its dialect is the caller's, and nothing in them was put there by a translation
/// for another family of models (case 37).
fn passes_unchanged(call: &Call, through: Endpoint) -> bool {
    through == call.inbound.endpoint && !(through.streams() && has_marked(&call.inbound.body))
}

/// The endpoint through which the model's provider is asked.
fn asked_through(endpoint: Endpoint, resolved: &Resolved) -> Result<Endpoint, Fault> {
    if let Some(through) = resolved.provider.through(endpoint) {
        return Ok(through);
    }
    // Case 54: counted here.
    if resolved.provider.serves(endpoint) {
        return Ok(endpoint);
    }
    let served = resolved.provider.served_paths().join(", ");
    Err(Fault::new(
        FaultKind::InvalidRequest,
        format!(
            "`{}` is not served at {}, and a call to it cannot be translated: its models are served at {served}.",
            resolved.full_name(),
            public_path(endpoint)
        ),
    )
    .code("dialect_mismatch")
    .param("model")
    .remedy(format!("Send the request to {served}, or name a model of a provider that has this endpoint.")))
}

fn class_allows(class: &Class, class_name: &str, resolved: &Resolved, region: Option<&str>) -> Result<(), Fault> {
    let forbidden = |what: &str, allowed: Vec<&str>| {
        Fault::new(FaultKind::PolicyRefused, format!("Class `{class_name}` does not allow {what}."))
            .code("class_forbids")
            .param("model")
            .remedy(format!("It allows: {}.", allowed.join(", ")))
    };
    let allow = &class.allow;
    let provider = resolved.provider.name();
    if !allow.providers.is_empty() && !allow.providers.iter().any(|name| name == provider) {
        return Err(forbidden(&format!("provider `{provider}`"), allow.providers.iter().map(String::as_str).collect()));
    }
    if !allow.models.is_empty() && !allow.models.iter().any(|pattern| pattern.matches(&resolved.full_name())) {
        return Err(forbidden(&format!("model `{}`", resolved.full_name()), allow.models.iter().map(jeton_project::Pattern::as_str).collect()));
    }
    if !allow.regions.is_empty() && !region.is_some_and(|region| allow.regions.iter().any(|name| name == region)) {
        return Err(forbidden(
            &format!("provider `{provider}` in region `{}`", region.unwrap_or("unknown")),
            allow.regions.iter().map(String::as_str).collect(),
        ));
    }
    Ok(())
}

/// A response stored upstream lives at one provider: a call that builds on it must not fail half-way to another (case 59).
fn refuse_unpinned_state(call: &mut Call) -> Result<(), Fault> {
    let stateful = call.facts.as_ref().is_some_and(|facts| facts.stateful);
    if !stateful || call.candidates.len() == 1 {
        return Ok(());
    }
    let first = call.candidates[0].resolved.provider.name().to_owned();
    if call.candidates.iter().any(|candidate| candidate.resolved.provider.name() != first) {
        return Err(Fault::new(FaultKind::InvalidRequest, "The request builds on state that is stored at one provider (`previous_response_id`, `conversation` or `background`), and its route leads to several.")
            .code("state_not_pinned")
            .param("previous_response_id")
            .remedy("Name the model that made the stored response, or send the whole conversation in `input`."));
    }
    call.candidates.truncate(1);
    call.decided("choose", format!("pinned to `{first}`: the request builds on state stored there"));
    Ok(())
}
