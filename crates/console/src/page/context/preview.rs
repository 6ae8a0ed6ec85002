//! What the compiler would give for a task: span by span, what was left out, and what more tokens would buy.

use super::super::html::{Html, html};
use super::super::prose;
use super::super::show::count;
use super::{kept_theme, lacking, number, place, select, unit_address};
use crate::api::{MORE_TOKENS, QUERY_BYTES_MAX};
use crate::context::{BUDGET_TOKENS, BUDGET_TOKENS_MAX, Now, Wish, compile_fault};
use crate::route::{Ask, Kind, Param};
use jeton_context::compile::{Alternative, Compilation, Explanation, Span, View};
use jeton_context::secret;
use jeton_core::Fault;

/// The parameters of the form that are its own.
pub(in super::super) const TASK_PARAM: Param = Param { name: "task", kind: Kind::Long(QUERY_BYTES_MAX), default: None, about: "The task, in words." };
pub(in super::super) const BUDGET_PARAM: Param =
    Param { name: "budget", kind: Kind::Integer { least: 1, most: BUDGET_TOKENS_MAX }, default: None, about: "The most tokens." };

/// How many units that were left out are listed.
const LEFT_OUT_MAX: usize = 30;

pub(super) fn section(now: &Now, ask: &Ask) -> Html {
    let shown = match ask.text("task").filter(|task| !task.trim().is_empty()) {
        None => html!(
            "<p class=\"nothing\">Type what somebody would ask of the model. Nothing is sent to any model: this shows the context that it would be given.</p>"
        ),
        Some(task) => match answer(now, ask, task) {
            Ok(shown) => shown,
            Err(fault) => refusal(&fault),
        },
    };
    html!("<section><div class=\"head\"><h2>What would the model get?</h2></div>{}{}</section>", form(now, ask), shown)
}

fn form(now: &Now, ask: &Ask) -> Html {
    let named = |names: Vec<&String>| names.into_iter().map(|name| (name.clone(), name.clone())).collect::<Vec<_>>();
    let packs = named(now.snapshot.packs.keys().collect());
    let classes = named(now.snapshot.classes.keys().collect());
    let choice =
        |name, label, all, options: &[(String, String)], chosen| if options.is_empty() { Html::EMPTY } else { select(name, label, all, options, chosen) };
    html!(
        "<form class=\"asked\" method=\"get\" action=\"/context/preview\" aria-label=\"Task\"><label class=\"task\">Task<textarea name=\"task\" rows=\"3\" maxlength=\"4000\" required>{}</textarea></label>\
         <label>Tokens at most<input type=\"number\" name=\"budget\" min=\"1\" max=\"{}\" value=\"{}\" placeholder=\"{}\"></label>{}{}{}<button type=\"submit\">Show</button></form>",
        ask.text("task").unwrap_or_default(),
        BUDGET_TOKENS_MAX,
        ask.text("budget").unwrap_or_default(),
        BUDGET_TOKENS,
        choice("pack", "Pack", "the class's, or none", &packs, ask.text("pack")),
        choice("class", "Kind of work", "none", &classes, ask.text("class")),
        kept_theme(ask)
    )
}

fn refusal(fault: &Fault) -> Html {
    let remedy = fault.remedy.as_ref().map_or(Html::EMPTY, |remedy| html!("<br>{}", prose(remedy)));
    html!("<div class=\"fault\" role=\"alert\"><b>{}</b>{}</div>", prose(&fault.message), remedy)
}

fn answer(now: &Now, ask: &Ask, task: &str) -> Result<Html, Fault> {
    let wish = Wish::of_form(task, ask.integer("budget"), ask.text("pack"), ask.text("class"), now)?;
    let request = wish.request(now);
    let compiled = now.engine.compile(&request).map_err(|error| compile_fault(&error))?;
    let explained = now.engine.explain(&request, MORE_TOKENS).map_err(|error| compile_fault(&error))?;
    Ok(html!(
        "<p class=\"sum-line\"><b>{} of {}</b> in {}{}.</p>{}{}{}{}{}",
        count(compiled.manifest.tokens),
        number(wish.budget_tokens, "token"),
        number(compiled.manifest.spans.len() as u64, "piece"),
        wish.pack.as_ref().map_or(Html::EMPTY, |pack| html!(", by the pack <code>{}</code>", pack)),
        spans(now, &compiled.manifest.spans, ask),
        text(&compiled),
        left_out(now, &explained, ask),
        lacking::section(now, ask, &wish, &explained),
        more(now, &explained, ask)
    ))
}

const fn view_words(view: View) -> &'static str {
    match view {
        View::Handle => "its name only",
        View::Signature => "its shape",
        View::Excerpt => "an excerpt",
        View::Full => "all of it",
    }
}

/// A unit by its title, with a link to its page; code has neither.
pub(super) fn unit_name(now: &Now, id: &str, ask: &Ask) -> Html {
    match now.desk.catalogue.unit(id) {
        Some(unit) => html!("<a href=\"{}\">{}</a>", unit_address(id, ask), unit.title),
        None => html!("<span class=\"mono place\">{}</span>", super::super::breakable(id.strip_prefix("code:").unwrap_or(id))),
    }
}

/// A unit with its place, where it is in the catalogue.
fn unit_with_place(now: &Now, id: &str, ask: &Ask) -> Html {
    let at = now.desk.catalogue.unit(id).map_or(Html::EMPTY, |unit| html!("<span class=\"sub\">{} &middot; {}</span>", unit.kind.name(), place(&unit.place)));
    html!("{}{}", unit_name(now, id, ask), at)
}

fn spans(now: &Now, spans: &[Span], ask: &Ask) -> Html {
    if spans.is_empty() {
        return html!(
            "<p class=\"nothing\">Nothing: no unit and no code has to do with this task. Other words, or a document about it, would change that.</p>"
        );
    }
    let row = |span: &Span| {
        html!(
            "<tr><th scope=\"row\">{}<span class=\"sub\">{} &middot; {}</span></th><td><span class=\"what\">shown: </span>{}</td><td class=\"num\"><span class=\"what\">tokens </span>{}</td><td class=\"wrap\">{}</td></tr>",
            unit_name(now, &span.unit, ask),
            span.kind.name(),
            place(&span.place),
            view_words(span.view),
            count(span.tokens),
            span.why
        )
    };
    html!(
        "<h3>What it would get, in order</h3><div class=\"units\"><table><thead><tr><th scope=\"col\">Piece</th><th scope=\"col\">Shown</th><th scope=\"col\" class=\"num\">Tokens</th>\
         <th scope=\"col\">Why</th></tr></thead><tbody>{}</tbody></table></div>",
        spans.iter().map(row).collect::<Html>()
    )
}

fn text(compiled: &Compilation) -> Html {
    if compiled.segments.is_empty() {
        return Html::EMPTY;
    }
    html!(
        "<details class=\"alternative\"><summary>The text, word for word</summary><pre class=\"text\" tabindex=\"0\">{}</pre></details>",
        secret::mask(&compiled.text()).0.into_owned()
    )
}

fn left_out(now: &Now, explained: &Explanation, ask: &Ask) -> Html {
    let items = &explained.left_out;
    if items.is_empty() {
        return html!("<h3>What was left out</h3><p class=\"nothing\">Nothing: all that could be taken in has been.</p>");
    }
    let row = |one: &Alternative| {
        html!(
            "<tr><th scope=\"row\">{}</th><td><span class=\"what\">would take </span>{}</td><td class=\"wrap\">{}</td></tr>",
            unit_with_place(now, &one.unit, ask),
            tokens(one.tokens),
            one.why_out.as_ref().unwrap_or(&one.why)
        )
    };
    let more = items.len().saturating_sub(LEFT_OUT_MAX);
    html!(
        "<h3>What was left out</h3><p class=\"soft\">Each had to do with the task, and added less for its tokens than what was taken. The nearest first{}.</p>\
         <div class=\"units\"><table><thead><tr><th scope=\"col\">Piece</th><th scope=\"col\">Would take</th><th scope=\"col\">Why not</th></tr></thead><tbody>{}</tbody></table></div>",
        if more > 0 { format!("; {} more are not shown", count(more as u64)) } else { String::new() },
        items.iter().take(LEFT_OUT_MAX).map(row).collect::<Html>()
    )
}

fn tokens(number_of: i64) -> String {
    let sign = if number_of < 0 { "-" } else { "" };
    format!("{sign}{}", number(number_of.unsigned_abs(), "token"))
}

fn more(now: &Now, explained: &Explanation, ask: &Ask) -> Html {
    let head = html!("<h3>What {} tokens more would buy</h3>", count(explained.more_tokens));
    if explained.with_more.is_empty() {
        return html!("{}<p class=\"nothing\">Nothing: all that has to do with the task is in.</p>", head);
    }
    let shown = |view: Option<View>| view.map_or("left out", view_words);
    let row = |one: &Alternative| {
        html!(
            "<tr><th scope=\"row\">{}</th><td>{} &rarr; {}</td><td class=\"num\">{}</td></tr>",
            unit_with_place(now, &one.unit, ask),
            shown(one.now),
            shown(one.then),
            tokens(one.tokens)
        )
    };
    html!(
        "{}<div class=\"units\"><table><thead><tr><th scope=\"col\">Piece</th><th scope=\"col\">Change</th><th scope=\"col\" class=\"num\">Tokens</th></tr></thead><tbody>{}</tbody></table></div>",
        head,
        explained.with_more.iter().map(row).collect::<Html>()
    )
}
