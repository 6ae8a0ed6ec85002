//! The receipt of a call: what it cost and why, what it used, and what happened when.

use super::calls::{tone, usage_lines};
use super::html::{Html, html};
use super::prose;
use super::show::{bytes, count, duration_us, moment, money, time, unknown};
use jeton_core::{Certainty, Cost, Fault};
use jeton_ledger::{CallDetail, CallRecord, CallStatus, ContextReceipt, Feedback, TryRecord};
use jiff::tz::TimeZone;

/// The receipt as an article.
pub(crate) fn article(detail: &CallDetail, zone: &TimeZone) -> Html {
    let call = &detail.record;
    let mut text = head(call, zone);
    if let Some(fault) = &call.fault {
        text.push(&fault_box(fault));
    }
    text.push(&html!("<h2>Money</h2><dl class=\"leaders\">{}</dl>", money_lines(call)));
    text.push(&html!("<h2>Tokens</h2><dl class=\"leaders\">{}</dl>", token_lines(call)));
    if let Some(context) = &call.context {
        text.push(&html!("<h2>Context</h2><dl class=\"leaders\">{}</dl>", context_lines(context)));
    }
    text.push(&html!("<h2>Time</h2>{}{}", timeline(call), stages(call)));
    if !call.tries.is_empty() {
        text.push(&html!("<h2>{}</h2>{}", if call.tries.len() == 1 { "Try" } else { "Tries" }, tries(call)));
    }
    text.push(&html!("<h2>Request</h2><dl class=\"leaders\">{}</dl>", request_lines(call)));
    text.push(&html!("<h2>Verdicts</h2>{}", verdicts(&detail.feedback, call, zone)));
    html!("<article class=\"receipt\" aria-label=\"Receipt of {}\">{}</article>", call.id.to_string(), text)
}

fn head(call: &CallRecord, zone: &TimeZone) -> Html {
    let tag = if call.simulated { html!(" <span class=\"tag\">simulated</span>") } else { Html::EMPTY };
    let sum = match &call.cost {
        Cost::Known(amount) => html!("{}", amount.to_string()),
        Cost::Unknown(why) => html!("{} <span class=\"under soft\">at most {}</span>", unknown(&format!("Unknown: {why}")), call.charged.to_string()),
    };
    html!(
        "<header><p class=\"id mono\">{}</p><h1>{}{}</h1><p class=\"soft\"><span class=\"mark {}\"></span>{} &middot; {} &middot; {}</p><p class=\"sum\">{}</p></header>",
        call.id.to_string(),
        super::breakable(call.model.as_ref().unwrap_or(&call.model_asked)),
        tag,
        call.status.name(),
        ended(call),
        call.attribution.class.as_ref(),
        time(call.started, zone, "%-d %B %Y, %H:%M:%S"),
        sum
    )
}

fn ended(call: &CallRecord) -> Html {
    let word = match call.status {
        CallStatus::Ok => "answered",
        CallStatus::Refused => "refused",
        CallStatus::Failed => "failed",
        CallStatus::Cancelled => "cancelled by the client",
        CallStatus::Interrupted => "interrupted",
    };
    let status = if call.http_status == 0 { Html::EMPTY } else { html!(" with {}", call.http_status) };
    html!("<span class=\"{}\">{}{}</span>", tone(call.status), word, status)
}

fn fault_box(fault: &Fault) -> Html {
    let remedy = fault.remedy.as_ref().map_or(Html::EMPTY, |remedy| html!("<br>{}", prose(remedy)));
    html!("<div class=\"fault\"><b>{}</b><br>{}{}</div>", fault.code_or_kind(), prose(&fault.message), remedy)
}

/// A line of a receipt: a name, dots, a figure.
fn line(class: &str, name: &str, value: &Html) -> Html {
    html!("<div class=\"{}\"><dt>{}</dt><dd>{}</dd></div>", class, name, value)
}

fn cost_text(cost: &Cost) -> Html {
    match cost {
        Cost::Known(amount) => html!("{}", amount.to_string()),
        Cost::Unknown(why) => html!("unknown: {}", why),
    }
}

const fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Reported => "as the provider reported",
        Certainty::Estimated => "from tokens that Jeton counted",
        Certainty::Unknown => "the upper bound, as nobody knows",
    }
}

fn money_lines(call: &CallRecord) -> Html {
    let mut lines = line("", "Put by before the call", &html!("{}", call.held.to_string()));
    lines.push(&line("", "Cost", &cost_text(&call.cost)));
    lines.push(&line("strong", "Charged", &html!("{}", call.charged.to_string())));
    let (name, rest) = if call.charged > call.held {
        ("Beyond what was put by", call.charged.saturating_sub(call.held))
    } else {
        ("Free again", call.held.saturating_sub(call.charged))
    };
    lines.push(&line("", name, &html!("{}", rest.to_string())));
    if call.charged.0 > 0 {
        lines.push(&line("", "The charge is", &html!("{}", certainty(call.charge_certainty))));
    }
    lines.push(&line(
        "",
        "Prices",
        &call.price_version.as_ref().map_or_else(|| html!("<span class=\"soft\">none used</span>"), |version| html!("{}", version)),
    ));
    let accounts = call.attribution.accounts.join(", ");
    lines.push(&line("", "Paid by", &html!("{}", accounts)));
    lines
}

fn token_lines(call: &CallRecord) -> Html {
    if call.tries.is_empty() {
        return line("", "Nothing was sent upstream", &html!("none"));
    }
    let shown = |number: Option<u64>| number.map_or_else(|| unknown("The provider did not say"), |number| html!("{}", count(number)));
    let mut lines: Html = usage_lines(&call.usage).into_iter().map(|(name, inner, number)| line(if inner { "in" } else { "" }, name, &shown(number))).collect();
    let whence = match call.usage_certainty {
        Certainty::Reported => "reported by the provider",
        Certainty::Estimated => "counted by Jeton",
        Certainty::Unknown => "unknown",
    };
    lines.push(&line("", "The figures are", &html!("{}", whence)));
    if let Some(tier) = &call.usage.service_tier {
        lines.push(&line("", "Service tier", &html!("{}", tier)));
    }
    lines
}

/// One row for Jeton's stages and one for each try, on one linear clock.
fn timeline(call: &CallRecord) -> Html {
    let whole = call.tries.iter().map(|one| one.ended_us).max().unwrap_or(0).max(call.total_us).max(1);
    #[allow(clippy::cast_precision_loss)]
    let share = |us: u64| (us as f64 * 100.0 / whole as f64).min(100.0);
    let mut rows = Html::EMPTY;
    let mut y = 16_u64;
    for one in &call.tries {
        rows.push(&html!("<text class=\"tick\" y=\"{}\">{}: {}</text>", y - 4, one.provider, one.outcome));
        let content = one.first_content_us.unwrap_or(one.ended_us).clamp(one.started_us, one.ended_us.max(one.started_us));
        let tone = if one.fault.is_some() { " b" } else { "" };
        rows.push(&html!(
            "<rect class=\"waiting{}\" x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"12\"/><rect class=\"flow{}\" x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"12\"/>",
            tone,
            share(one.started_us),
            y,
            (share(content) - share(one.started_us)).max(0.3),
            tone,
            share(content),
            y,
            share(one.ended_us) - share(content)
        ));
        y += 34;
    }
    let marks: Html = call
        .stages
        .iter()
        .map(|stage| html!("<line class=\"stage\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", share(stage.at_us), share(stage.at_us), y - 12, y - 4))
        .collect();
    let label = format!("{} in all, {} of it Jeton's own", duration_us(call.total_us), duration_us(call.own_us));
    html!(
        "<div class=\"timeline\"><svg height=\"{}\" role=\"img\" aria-label=\"{}\">{}<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"{}\" y2=\"{}\"/>{}\
         <text class=\"tick\" y=\"{}\">0</text><text class=\"tick\" x=\"100%\" y=\"{}\" text-anchor=\"end\">{}</text></svg></div><dl class=\"leaders\">{}{}{}</dl>",
        y + 12,
        label,
        rows,
        y - 4,
        y - 4,
        marks,
        y + 10,
        y + 10,
        duration_us(whole),
        line("", "First content", &call.first_content_us.map_or_else(|| html!("<span class=\"soft\">none came</span>"), |us| html!("{}", duration_us(us)))),
        line("strong", "Whole call", &html!("{}", duration_us(call.total_us))),
        line("", "Of it Jeton's own", &html!("{}", duration_us(call.own_us)))
    )
}

/// Each stage with its time and what it decided.
fn stages(call: &CallRecord) -> Html {
    let mut named: Vec<&str> = call.stages.iter().map(|stage| stage.stage.as_ref()).collect();
    named.dedup();
    let decided = |stage: &str| -> Html {
        call.decisions.iter().filter(|decision| decision.stage == stage).map(|decision| html!("<p>{}</p>", prose(&decision.what))).collect()
    };
    let mut last = "";
    let mut rows = Html::EMPTY;
    for stage in &call.stages {
        let what = if stage.stage == last { Html::EMPTY } else { decided(&stage.stage) };
        last = &stage.stage;
        rows.push(&html!("<li><b>{}</b><span class=\"at\">{}</span><div>{}</div></li>", stage.stage.as_ref(), duration_us(stage.at_us), what));
    }
    for decision in call.decisions.iter().filter(|decision| !named.contains(&decision.stage.as_ref())) {
        rows.push(&html!("<li><b>{}</b><span class=\"at\"></span><div><p>{}</p></div></li>", decision.stage.as_ref(), prose(&decision.what)));
    }
    html!("<ol class=\"stages\" aria-label=\"Stages\">{}</ol>", rows)
}

fn tries(call: &CallRecord) -> Html {
    let row = |(place, one): (usize, &TryRecord)| {
        let status = one.status.map_or_else(|| html!("<span class=\"soft\">no answer</span>"), |status| html!("{}", status));
        let fault = one.fault.as_ref().map_or(Html::EMPTY, |fault| html!("<span class=\"sub bad\">{}</span>", prose(&fault.message)));
        let cost = match &one.cost {
            Cost::Known(amount) => money(*amount),
            Cost::Unknown(why) => unknown(&format!("Unknown: {why}")),
        };
        html!(
            "<tr><td>{}</td><td>{}/{}<span class=\"sub\">{}</span>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
            place + 1,
            one.provider,
            super::breakable(&one.model),
            one.outcome,
            fault,
            status,
            duration_us(one.ended_us.saturating_sub(one.started_us)),
            cost
        )
    };
    let rows: Html = call.tries.iter().enumerate().map(row).collect();
    html!(
        "<div class=\"scroll\"><table class=\"tries\"><thead><tr><th scope=\"col\"><span class=\"sr\">Number</span></th><th scope=\"col\">Model</th><th scope=\"col\" class=\"num\">Status</th>\
         <th scope=\"col\" class=\"num\">Took</th><th scope=\"col\" class=\"num\">Cost</th></tr></thead><tbody>{}</tbody></table></div>",
        rows
    )
}

/// What was attached, unit by unit, and what a draw left out.
fn context_lines(context: &ContextReceipt) -> Html {
    let mut lines = line("", "Pack", &html!("{}, asked for by the {}", context.pack, context.asked_by.name()));
    for span in &context.spans {
        let place = if span.first_line == 0 { span.path.clone() } else { format!("{}:{}–{}", span.path, span.first_line, span.last_line) };
        let why = html!("{} <span class=\"sub\">{}, {}: {}</span>", count(span.tokens), place, span.view, prose(&span.why));
        lines.push(&line("", &span.unit, &why));
    }
    if let Some(draw) = &context.hold_out {
        let left_out = draw.held_out.as_deref().unwrap_or("nothing");
        lines.push(&line("", "Left out by a draw", &html!("{} <span class=\"sub\">of {} eligible units</span>", left_out, count(draw.eligible))));
    }
    let whole = format!("{} of {} tokens ({})", count(context.tokens), count(context.budget_tokens), context.vocabulary);
    lines.push(&line("strong", "Whole context", &html!("{}", whole)));
    lines
}

fn request_lines(call: &CallRecord) -> Html {
    let who = &call.attribution;
    let mut lines = line("", "Endpoint", &html!("{}{}", call.endpoint, if call.stream { ", streamed" } else { "" }));
    lines.push(&line("", "Model asked for", &html!("{}", call.model_asked)));
    let mut optional = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(&line("", name, &html!("{}", value)));
        }
    };
    optional("Route", call.route.as_deref());
    optional("Key", who.key.as_deref());
    optional("Outcome", who.outcome.as_deref());
    optional("Task", who.task.as_deref());
    optional("Tags", Some(&who.tags.join(", ")));
    optional("Stopped because of", call.finish_reason.as_deref());
    if call.tool_calls > 0 {
        lines.push(&line("", "Tool calls", &html!("{}", count(call.tool_calls))));
    }
    lines.push(&line("", "Request, response", &html!("{}, {}", bytes(call.request_bytes), bytes(call.response_bytes))));
    lines.push(&line("", "Configuration", &html!("<span class=\"mono\">{}</span>", super::short_digest(&call.config_digest))));
    lines
}

fn verdicts(feedback: &[Feedback], call: &CallRecord, zone: &TimeZone) -> Html {
    if feedback.is_empty() {
        return html!(
            "<p class=\"nothing\">None so far. Whoever used the answer can give one: <code>POST /api/calls/{}/feedback</code></p>",
            call.id.to_string()
        );
    }
    feedback
        .iter()
        .map(|one| {
            let score = one.score.map_or(Html::EMPTY, |score| html!(", {}", score));
            let comment = one.comment.as_ref().map_or(Html::EMPTY, |comment| html!("<br>{}", comment));
            html!(
                "<p class=\"verdict\"><b>{}</b>{} <span class=\"soft\">by {}, {}</span>{}</p>",
                one.verdict,
                score,
                one.by,
                moment(one.at, zone, "%-d %b %H:%M"),
                comment
            )
        })
        .collect()
}
