//! Money is put by before it is spent: an upper bound of what the call can cost, in every account that pays for it.

use crate::call::{Call, Candidate};
use crate::stages::settle;
use jeton_core::{Fault, FaultKind, Nanousd, Price};
use jeton_ledger::{Ask, Refusal, RefusalReason};

/// Holds what the first candidate can cost that can be afforded; those before it are passed over. A request without an
/// output limit gets one that the money affords.
///
/// # Errors
/// Where no candidate can be afforded by an account or the class, or its price is unknown and the budget is hard: what
/// was wrong with the first. Where the ledger's store fails.
pub(crate) fn hold(call: &mut Call) -> Result<(), Fault> {
    call.broker.ledger().healthy().map_err(|why| store_down(&why))?;
    let mut first_refusal = None;
    for place in 0..call.candidates.len() {
        match hold_candidate(call, place) {
            Ok(()) => {
                call.candidates.drain(..place);
                return Ok(());
            }
            Err(fault) if fault.kind == FaultKind::Unavailable => return Err(fault),
            Err(fault) => {
                let name = call.candidates[place].resolved.full_name();
                call.decided("hold", format!("`{name}` is passed over: {}", fault.message));
                first_refusal.get_or_insert(fault);
            }
        }
    }
    Err(first_refusal.unwrap_or_else(|| Fault::new(FaultKind::Internal, "There was no model to hold money for.")))
}

fn hold_candidate(call: &mut Call, place: usize) -> Result<(), Fault> {
    let candidate = call.candidates[place].clone();
    let (floor, want) = wanted(call, &candidate)?;
    let ask = Ask {
        call: call.id,
        accounts: call.attribution.accounts.clone(),
        class: call.attribution.class.clone(),
        model: candidate.resolved.full_name().into(),
        floor,
        want,
        lease_ms: call.live.lease_ms(),
        simulated: candidate.resolved.entry.is_simulated,
    };
    let granted = call.broker.ledger().admit(&ask).map_err(|refusal| refused(&refusal))?;
    call.held = granted.amount;
    limit_output(call, &candidate, granted.amount, granted.limited_by.as_deref());
    Ok(())
}

/// Raises the hold for a further try, where it is dearer than what is left of the money put by.
///
/// # Errors
/// As [`hold`].
pub(crate) fn raise(call: &mut Call, index: usize) -> Result<(), Fault> {
    let candidate = call.candidates[index].clone();
    let (floor, want) = wanted(call, &candidate)?;
    let spent = settle::spent(call);
    let (floor, want) = (floor.saturating_add(spent), want.saturating_add(spent));
    if want > call.held {
        let granted = call.broker.ledger().raise(call.id, floor, want).map_err(|refusal| refused(&refusal))?;
        call.held = granted.amount;
        limit_output(call, &candidate, granted.amount.saturating_sub(spent), granted.limited_by.as_deref());
    } else {
        limit_output(call, &candidate, call.held.saturating_sub(spent), None);
    }
    Ok(())
}

/// The least that a try needs (its output at the floor, where the request states no limit) and the most that it can use,
/// under what class and route allow for the whole call.
fn wanted(call: &Call, candidate: &Candidate) -> Result<(Nanousd, Nanousd), Fault> {
    let ceiling = ceiling(call).map(|ceiling| ceiling.saturating_sub(settle::spent(call)));
    let Some(most) = candidate.cost_bound else {
        return if is_budgeted(call) || ceiling.is_some() { Err(price_unknown(candidate)) } else { Ok((Nanousd::ZERO, Nanousd::ZERO)) };
    };
    // What costs nothing (counting tokens) needs nothing, whatever the prompt would cost elsewhere.
    let least = if candidate.bound.output_is_stated { most } else { floor_cost(call, candidate).unwrap_or(most).min(most) };
    match ceiling {
        Some(ceiling) if least > ceiling => Err(too_dear(call, candidate, least, ceiling)),
        Some(ceiling) => Ok((least, most.min(ceiling))),
        None => Ok((least, most)),
    }
}

/// The most that all tries of the call may cost together, by its class and its route.
fn ceiling(call: &Call) -> Option<Nanousd> {
    let class = call.class.as_ref().and_then(|class| class.limits.cost_per_call);
    let route = call.route.as_deref().and_then(|name| call.live.route(name)).and_then(|route| route.max_cost);
    [class, route].into_iter().flatten().min()
}

fn floor_cost(call: &Call, candidate: &Candidate) -> Option<Nanousd> {
    let floor = call.live.snapshot().budget.output_floor_tokens;
    let price = call.live.price_for_bound(&candidate.resolved);
    candidate.bound.with_output(floor).cost(&price, call.facts.as_ref().and_then(|facts| facts.service_tier.as_deref()))
}

/// Whether any account that pays has a budget.
fn is_budgeted(call: &Call) -> bool {
    let accounts = &call.live.snapshot().accounts;
    call.key.as_ref().is_some_and(|key| key.budget.is_some())
        || call.attribution.accounts.iter().any(|name| accounts.get(&**name).is_some_and(|account| account.budget.is_some()))
}

/// Sets the output limit that the request must be told: the class's, or what `granted` pays for, where that is less
/// than the request could use.
fn limit_output(call: &mut Call, candidate: &Candidate, granted: Nanousd, limited_by: Option<&str>) {
    let per_choice = candidate.bound.output / candidate.bound.choices;
    call.output_limit = candidate.is_limited_by_class.then_some(per_choice);
    if candidate.is_limited_by_class {
        call.decided("hold", format!("output limited to {per_choice} tokens by class `{}`", call.attribution.class));
    }
    // A limit that is only assumed bounds nothing until the provider is told.
    if candidate.bound.output_cap_is_assumed && per_choice > 0 && (is_budgeted(call) || ceiling(call).is_some()) {
        call.output_limit = Some(per_choice);
        call.decided("hold", format!("the model's longest output is not known: output limited to {per_choice} tokens, for which money is held"));
    }
    let affords_all = candidate.cost_bound.is_none_or(|most| granted >= most);
    if affords_all || candidate.bound.output_is_stated {
        return;
    }
    let tier = call.facts.as_ref().and_then(|facts| facts.service_tier.clone());
    let price: Price = call.live.price_for_bound(&candidate.resolved).into_owned();
    let tokens = candidate.bound.affordable_output(&price, tier.as_deref(), granted).max(1);
    call.output_limit = Some(tokens);
    let by = limited_by.map_or_else(|| format!("class `{}`", call.attribution.class), |account| format!("account `{account}`"));
    call.decided("hold", format!("the request states no output limit; {by} affords {granted}: output limited to {tokens} tokens"));
}

fn price_unknown(candidate: &Candidate) -> Fault {
    let name = candidate.resolved.full_name();
    Fault::new(FaultKind::PriceUnknown, format!("The price of `{name}` is unknown, and an unknown price cannot be held against a budget."))
        .param("model")
        .remedy(format!("Give it a price under [models.\"{name}\"] in jeton.toml, or a bound for all unknown prices with `budget.unknown_price = {{ usd_per_million_tokens = … }}`."))
}

fn too_dear(call: &Call, candidate: &Candidate, least: Nanousd, ceiling: Nanousd) -> Fault {
    Fault::new(
        FaultKind::PolicyRefused,
        format!(
            "The call can cost {least} at `{}`, and class `{}` or its route leaves {ceiling} for it.",
            candidate.resolved.full_name(),
            call.attribution.class
        ),
    )
    .code("class_cost_limit")
    .remedy("Shorten the prompt, state a lower output limit, or choose a cheaper model.")
}

/// Jeton cannot write down what calls would cost, so it makes none.
fn store_down(why: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, format!("The ledger cannot be written ({why}), and no call is made that cannot be accounted."))
        .code("ledger_unavailable")
        .remedy("Look at the server's log and its disk; calls are served again as soon as the ledger can be written.")
        .retry_after_ms(5_000)
}

fn refused(refusal: &Refusal) -> Fault {
    if refusal.reason != RefusalReason::Exhausted {
        return store_down(&refusal.detail);
    }
    Fault::new(FaultKind::BudgetExhausted, refusal.to_string())
        .remedy(format!("Raise the budget of `{}`, wait for its renewal, or ask for less; trying again at once does not help.", refusal.account))
}
