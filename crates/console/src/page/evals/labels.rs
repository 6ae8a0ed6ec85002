//! Answers that wait for a person, each with a form of its own: two buttons and a comment, without a script.

use super::super::html::{Html, html};
use super::case::{answer_text, question as asked, spoken};
use super::{address, case_address, number};
use crate::api::QUEUE_MAX;
use crate::evals::{self, Given, Waiting};
use crate::route::{Answer, Ask};
use crate::state::Console;
use jeton_core::Fault;
use serde_json::Value;

/// How many answers that wait stand on one page.
const SHOWN: usize = 20;
/// How many of the newest labels are listed.
const LABELS_SHOWN: usize = 10;

pub(super) fn section(console: &Console, ask: &Ask) -> Result<Html, Fault> {
    let queue = evals::queue(console, ask.text("run"), QUEUE_MAX)?;
    let more = if queue.waiting.len() == QUEUE_MAX { "at least " } else { "" };
    let of = ask.text("run").map_or(Html::EMPTY, |run| html!(" in {}. <a href=\"{}\">All runs</a>", run, address(ask, "/labels", &[])));
    let done = if ask.text("done").is_some() {
        html!("<p class=\"banner good\" role=\"status\">The label is written. It counts in the figures of its run.</p>")
    } else {
        Html::EMPTY
    };
    let waiting: Html = queue.waiting.iter().take(SHOWN).enumerate().map(|(place, one)| form(ask, place, one)).collect();
    let waiting = if waiting == Html::EMPTY { html!("<p class=\"nothing\">Nothing: no answer of the newest runs waits for a person.</p>") } else { waiting };
    let labels: Html = queue
        .labels
        .iter()
        .take(LABELS_SHOWN)
        .map(|label| {
            html!(
                "<li class=\"spoken\"><p class=\"sub mono\">{}</p><ul class=\"findings\">{}</ul></li>",
                super::super::breakable(&label.subject),
                spoken(console, label)
            )
        })
        .collect();
    let labels = if labels == Html::EMPTY { Html::EMPTY } else { html!("<section><div class=\"head\"><h2>Said last</h2></div><ul>{}</ul></section>", labels) };
    Ok(html!(
        "<section><div class=\"head\"><h2>Waiting for a person</h2><p>{}{}{}</p></div>{}{}</section>{}",
        more,
        number(queue.waiting.len(), "answer"),
        of,
        done,
        waiting,
        labels
    ))
}

fn hidden(name: &str, value: &str) -> Html {
    html!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value)
}

// The target is not named: who judges must not know whose answer it is.
fn form(ask: &Ask, place: usize, waiting: &Waiting) -> Html {
    let cell = &waiting.row.cell;
    let question = waiting.question.as_ref().map_or_else(
        || html!("<span class=\"soft\">The question stands in</span> <span class=\"mono\">{}</span>", waiting.head.file),
        |question| html!("{}", question),
    );
    let answer = waiting.row.answer.as_ref().map_or_else(|| html!("<p class=\"nothing\">There is no answer.</p>"), answer_text);
    let mut fields = hidden("run", &waiting.head.id);
    for (name, value) in [("case", cell.case.as_str()), ("target", &cell.target), ("repeat", &cell.repeat.to_string()), ("grader", &waiting.grader)] {
        fields.push(&hidden(name, value));
    }
    html!(
        "<form class=\"judge\" method=\"post\" action=\"{}\" aria-labelledby=\"asked-{}\"><p class=\"sub\"><a href=\"{}\">{}</a> &middot; {} asks</p><h3 id=\"asked-{}\">{}</h3>{}<h3>Answer</h3>{}{}\
         <div class=\"asked\"><label class=\"task\">Comment<input name=\"comment\" maxlength=\"1000\" autocomplete=\"off\"></label><label>Who<input name=\"by\" maxlength=\"60\" placeholder=\"admin\" autocomplete=\"name\"></label>\
         <button type=\"submit\" name=\"verdict\" value=\"pass\">Pass</button><button type=\"submit\" name=\"verdict\" value=\"fail\" class=\"no\">Fail</button></div></form>",
        address(ask, "/labels", &[("run", ask.text("run").unwrap_or_default())]),
        place,
        case_address(ask, &waiting.head.id, &cell.case, ""),
        super::super::breakable(&cell.case),
        waiting.grader,
        place,
        question,
        asked(waiting.asked.as_ref(), &waiting.head.file),
        answer,
        fields
    )
}

/// Takes a label from the form, and leads back to what still waits.
pub(in super::super) fn give(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let given = Given::read(ask.body.as_ref().unwrap_or(&Value::Null))?;
    evals::give(console, given, ask.now)?;
    Ok(Answer::see(address(ask, "/labels", &[("run", ask.text("run").unwrap_or_default()), ("done", "1")])))
}
