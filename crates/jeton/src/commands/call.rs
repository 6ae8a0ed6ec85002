//! `jeton call`: calls and their receipts.

use crate::cli::{CallCommand, CallListArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_core::{CallId, Certainty, Clock, Cost, SystemClock, Usage};
use jeton_ledger::{CallDetail, CallFilter, CallRecord, CallStatus, ContextReceipt, Feedback, HoldOut, Records};

pub(crate) fn run(context: &Context, command: CallCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        CallCommand::List(args) => list(context, args, is_json),
        CallCommand::Show { id } => show(context, &id, is_json),
        CallCommand::Context { id, text, diff } => super::call_context::run(context, parse_id(&id)?, text, diff, is_json),
        CallCommand::Feedback { id, verdict, score, comment } => feedback(context, &id, verdict, score, comment),
    }
}

fn list(context: &Context, args: CallListArgs, is_json: bool) -> Result<(), Failure> {
    let status = args.status.as_deref().map(status).transpose()?;
    let since = args.since.as_deref().map(super::moment).transpose()?;
    let CallListArgs { class, model, key, account, outcome, tag, limit, .. } = args;
    let filter = CallFilter { class, model, key, account, status, tag, outcome, since, limit, ..CallFilter::default() };
    let calls = super::store(context)?.calls(&filter)?;
    if is_json {
        output::json(&calls);
        return Ok(());
    }
    if calls.is_empty() {
        println!("No such calls.");
        return Ok(());
    }
    let rows = calls
        .iter()
        .map(|call| {
            vec![
                call.id.to_string(),
                call.started.rfc3339()[11..19].to_owned(),
                call.class.clone(),
                call.model.clone().unwrap_or_else(|| call.model_asked.clone()),
                call.status.name().to_owned(),
                output::known(call.usage.input_total()),
                output::known(call.usage.output),
                output::cost(&call.cost, call.usage_certainty, call.simulated),
                output::span(call.total_us),
            ]
        })
        .collect();
    output::table(&["call", "time utc", "class", "model", "status", "input", "output", "cost", "total"], &[5, 6, 7, 8], rows);
    Ok(())
}

fn show(context: &Context, id: &str, is_json: bool) -> Result<(), Failure> {
    let id: CallId = parse_id(id)?;
    let Some(detail) = super::store(context)?.call(id)? else {
        return Err(Failure::usage(format!("there is no {id} in this ledger"), "`jeton call list` shows the last ones"));
    };
    if is_json {
        output::json(&detail);
    } else {
        print!("{}", receipt(&detail));
    }
    Ok(())
}

/// A receipt as people read it.
pub(crate) fn receipt(detail: &CallDetail) -> String {
    let record = &detail.record;
    let mut lines = vec![format!("{}  {}  {}", record.id, record.started.rfc3339(), headline(record))];
    let mut line = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    line("class", format!("{} ({})", record.attribution.class, class_source(record)));
    line("paid by", record.attribution.accounts.join(" < "));
    line(
        "model",
        format!(
            "{} (asked for: {}){}",
            record.model.as_deref().unwrap_or("–"),
            record.model_asked,
            record.route.as_ref().map_or(String::new(), |route| format!(", route {route}"))
        ),
    );
    line("tokens", if record.tries.is_empty() { "none: nothing was sent".to_owned() } else { tokens(&record.usage, record.usage_certainty) });
    line("money", money(record));
    line("times", times(record));
    if let Some(context) = &record.context {
        line("context", given(context));
    }
    for one in &record.tries {
        let status = one.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        line(
            "try",
            format!(
                "{}/{} {} {status}, {} at {}, charged {}",
                one.provider,
                one.model,
                one.outcome,
                output::span(one.ended_us.saturating_sub(one.started_us)),
                output::span(one.started_us),
                one.charged
            ),
        );
    }
    for decision in &record.decisions {
        line(&decision.stage, decision.what.clone());
    }
    for entry in &detail.entries {
        line("entry", format!("{} {}", entry.kind.name(), entry.amount));
    }
    for verdict in &detail.feedback {
        let score = verdict.score.map_or(String::new(), |score| format!(" ({score})"));
        line(
            "feedback",
            format!("{}{score} by {}{}", verdict.verdict, verdict.by, verdict.comment.as_ref().map_or(String::new(), |comment| format!(": {comment}"))),
        );
    }
    if let Some(fault) = &record.fault {
        line("error", fault.to_string());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The context that a call was given.
fn given(context: &ContextReceipt) -> String {
    let held_out = match &context.hold_out {
        Some(HoldOut { held_out: Some(unit), propensity_ppb, .. }) => {
            format!("; {unit} left out by a draw (1 in {})", 1_000_000_000_u64.checked_div(*propensity_ppb).unwrap_or_default())
        }
        Some(HoldOut { held_out: None, eligible, .. }) => format!("; nothing left out of {eligible} by a draw"),
        None => String::new(),
    };
    let parts = context.spans.len();
    format!(
        "pack {}, {} of {} tokens in {parts} part{}{held_out}; `jeton call context` shows them",
        context.pack,
        output::count(context.tokens),
        output::count(context.budget_tokens),
        if parts == 1 { "" } else { "s" }
    )
}

fn headline(record: &CallRecord) -> String {
    let stream = if record.stream { ", streamed" } else { "" };
    format!("{} {}{stream}, {} ({})", record.endpoint, record.http_status, record.status.name(), record.finish_reason.as_deref().unwrap_or("no finish reason"))
}

fn class_source(record: &CallRecord) -> &'static str {
    use jeton_core::ClassSource;
    match record.attribution.class_source {
        ClassSource::Header => "from the header",
        ClassSource::Path => "from the URL",
        ClassSource::Key => "from the key",
        ClassSource::Rule => "by a match rule",
        ClassSource::None => "nothing said",
    }
}

fn tokens(usage: &Usage, certainty: Certainty) -> String {
    let parts = [
        ("input", usage.input),
        ("cache read", usage.cache_read),
        ("cache write", usage.cache_write),
        ("cache write 1 h", usage.cache_write_1h),
        ("output", usage.output),
        ("of it reasoning", usage.reasoning),
    ];
    let said: Vec<String> = parts.iter().filter_map(|(name, tokens)| tokens.map(|tokens| format!("{name} {}", output::count(tokens)))).collect();
    let how = match certainty {
        Certainty::Reported => "reported by the provider",
        Certainty::Estimated => "estimated by Jeton",
        Certainty::Unknown => "unknown",
    };
    format!("{} ({how})", if said.is_empty() { "unknown".to_owned() } else { said.join(", ") })
}

fn money(record: &CallRecord) -> String {
    let cost = match &record.cost {
        Cost::Known(amount) => amount.to_string(),
        Cost::Unknown(why) => format!("unknown: {why}"),
    };
    let simulated = if record.simulated { ", simulated" } else { "" };
    format!("{cost}{simulated}; charged {} of {} held; prices: {}", record.charged, record.held, record.price_version.as_deref().unwrap_or("none"))
}

fn times(record: &CallRecord) -> String {
    let first = record.first_content_us.map_or(String::new(), |us| format!("first content {}, ", output::span(us)));
    let stages: Vec<String> = record.stages.iter().map(|stage| format!("{} {}", stage.stage, output::span(stage.at_us))).collect();
    format!("{first}total {}, Jeton's own {}; {}", output::span(record.total_us), output::span(record.own_us), stages.join(" → "))
}

fn feedback(context: &Context, id: &str, verdict: String, score: Option<f64>, comment: Option<String>) -> Result<(), Failure> {
    let by = std::env::var("USER").unwrap_or_else(|_| "operator".to_owned());
    let id = parse_id(id)?;
    super::store(context)?.feedback(id, &Feedback { verdict, score, comment, by, at: SystemClock.now() })?;
    println!("Noted.");
    Ok(())
}

fn parse_id(text: &str) -> Result<CallId, Failure> {
    text.parse().map_err(|why: String| Failure::usage(why, "`jeton call list` shows ids"))
}

fn status(word: &str) -> Result<CallStatus, Failure> {
    CallStatus::from_name(word).ok_or_else(|| {
        let words: Vec<&str> = CallStatus::ALL.iter().map(|status| status.name()).collect();
        Failure::usage(format!("`{word}` is no status"), format!("use one of {}", words.join(", ")))
    })
}
