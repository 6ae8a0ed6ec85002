//! The page that stays open on a second screen, and the receipt as a page of its own. Rendered here; a small script only
//! exchanges the parts that changed.

mod accounts;
mod calls;
mod chart;
mod context;
mod data;
mod evals;
mod groups;
pub(crate) mod html;
mod money;
mod notice;
mod receipt;
mod show;
#[cfg(test)]
mod tests;
mod time;

use crate::api::{ID_BYTES_MAX, PAIR_PARAMS, ROW_FILTERS, UNIT_FILTERS, find_call};
use crate::route::{Answer, Ask, BODY_BYTES_MAX, Gives, Kind, Param, Reach, Route, Verb};
use crate::state::Console;
use data::{PERIODS, PageData};
use html::{Html, html};
use jeton_core::Fault;
use std::hash::{DefaultHasher, Hash, Hasher};

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// The largest form that is read, in bytes: it must fit into an address.
const FORM_BYTES_MAX: usize = 32 * 1024;

const PAGE_TYPE: Gives = Gives::Content("text/html; charset=utf-8");

/// Parameters of the page that narrow the list of calls.
pub(crate) const CALL_FILTER_NAMES: [&str; 6] = ["class", "model", "status", "key", "account", "tag"];

const PARAMS: &[Param] = &[
    Param { name: "period", kind: Kind::Choice(&["1h", "24h", "7d", "30d"]), default: Some("24h"), about: "The period shown." },
    Param { name: "theme", kind: Kind::Choice(&["light", "dark"]), default: None, about: "Light or dark, whatever the system says." },
    Param { name: "class", kind: Kind::Text, default: None, about: "Lists calls of this class only." },
    Param { name: "model", kind: Kind::Text, default: None, about: "Lists calls of this model only." },
    Param {
        name: "status",
        kind: Kind::Choice(&["ok", "refused", "failed", "cancelled", "interrupted"]),
        default: None,
        about: "Lists calls that ended so only.",
    },
    Param { name: "key", kind: Kind::Text, default: None, about: "Lists calls of this key only." },
    Param { name: "account", kind: Kind::Text, default: None, about: "Lists calls of this account only." },
    Param { name: "tag", kind: Kind::Text, default: None, about: "Lists calls with this tag only." },
];

/// The page's parameters, and what its script has already.
const PARTS_PARAMS: &[Param] = &[
    PARAMS[0],
    PARAMS[2],
    PARAMS[3],
    PARAMS[4],
    PARAMS[5],
    PARAMS[6],
    PARAMS[7],
    Param { name: "have", kind: Kind::Text, default: None, about: "Digests of parts that need not be sent again, with points between them." },
];

const RECEIPT_PARAMS: &[Param] = &[
    Param { name: "part", kind: Kind::Choice(&["1"]), default: None, about: "The receipt without the page around it." },
    Param { name: "theme", kind: Kind::Choice(&["light", "dark"]), default: None, about: "Light or dark, whatever the system says." },
];

const THEME: Param = PARAMS[1];
const CONTEXT_PARAMS: &[Param] = &[UNIT_FILTERS[0], UNIT_FILTERS[1], UNIT_FILTERS[2], THEME];
const UNIT_PARAMS: &[Param] = &[Param { name: "id", kind: Kind::Long(ID_BYTES_MAX), default: None, about: "The unit's id." }, THEME];
const FINDING_PARAMS: &[Param] = &[UNIT_FILTERS[1], THEME];
const PREVIEW_PARAMS: &[Param] = &[
    context::TASK_PARAM,
    context::BUDGET_PARAM,
    Param { name: "pack", kind: Kind::Text, default: None, about: "A pack." },
    Param { name: "class", kind: Kind::Text, default: None, about: "The kind of work." },
    THEME,
];

const fn named(name: &'static str, about: &'static str) -> Param {
    Param { name, kind: Kind::Text, default: None, about }
}

const RUN: Param = named("run", "A run's id.");
const TARGET: Param = named("target", "A target of the run.");
const RUN_PARAMS: &[Param] = &[named("id", "The run's id."), ROW_FILTERS[0], ROW_FILTERS[1], ROW_FILTERS[2], THEME];
const LABEL_PARAMS: &[Param] = &[RUN, Param { name: "done", kind: Kind::Choice(&["1"]), default: None, about: "Whether a label was just written." }, THEME];

const GET: Route = Route {
    verb: Verb::Get,
    path: "",
    id: "",
    summary: "",
    about: "",
    reach: Reach::Admin,
    params: &[],
    takes: None,
    body_bytes_max: BODY_BYTES_MAX,
    is_form: false,
    gives: PAGE_TYPE,
    refusals: &[],
    handler: overview,
};

/// Every route of the pages.
pub(crate) const ROUTES: &[Route] = &[
    Route { path: "/", id: "getPage", summary: "The page", params: PARAMS, refusals: &[400], ..GET },
    Route {
        path: "/api/page",
        id: "getPageParts",
        summary: "The parts of the page that change",
        about: "HTML, for the page's own script. Its form may change at any time.",
        params: PARTS_PARAMS,
        refusals: &[400],
        handler: parts,
        ..GET
    },
    Route {
        path: "/calls/{id}",
        id: "getReceiptPage",
        summary: "A receipt",
        reach: Reach::Caller,
        params: RECEIPT_PARAMS,
        refusals: &[400, 404],
        handler: receipt_page,
        ..GET
    },
    Route {
        path: "/context",
        id: "getContextPage",
        summary: "The catalogue of context",
        params: CONTEXT_PARAMS,
        refusals: &[400],
        handler: context::catalogue,
        ..GET
    },
    Route { path: "/context/unit", id: "getUnitPage", summary: "One unit", params: UNIT_PARAMS, refusals: &[400, 404], handler: context::one_unit, ..GET },
    Route {
        path: "/context/findings",
        id: "getFindingsPage",
        summary: "What the checks found",
        params: FINDING_PARAMS,
        refusals: &[400],
        handler: context::findings,
        ..GET
    },
    Route {
        path: "/context/preview",
        id: "getPreviewPage",
        summary: "What a model would get",
        params: PREVIEW_PARAMS,
        refusals: &[400],
        handler: context::preview,
        ..GET
    },
    Route { path: "/evals", id: "getEvalsPage", summary: "Suites that have been run", params: &[THEME], refusals: &[400], handler: evals::overview, ..GET },
    Route {
        path: "/evals/suite",
        id: "getSuitePage",
        summary: "One suite over time",
        params: &[named("suite", "The suite's name."), THEME],
        refusals: &[400, 404],
        handler: evals::one_suite,
        ..GET
    },
    Route { path: "/evals/run", id: "getRunPage", summary: "One run", params: RUN_PARAMS, refusals: &[400, 404], handler: evals::one_run, ..GET },
    Route {
        path: "/evals/case",
        id: "getCasePage",
        summary: "One case of a run",
        params: &[RUN, named("case", "The case's id."), TARGET, THEME],
        refusals: &[400, 404],
        handler: evals::one_case,
        ..GET
    },
    Route {
        path: "/evals/compare",
        id: "getComparisonPage",
        summary: "Two targets on the same cases",
        params: &[PAIR_PARAMS[0], PAIR_PARAMS[1], PAIR_PARAMS[2], THEME],
        refusals: &[400],
        handler: evals::comparison,
        ..GET
    },
    Route {
        path: "/evals/labels",
        id: "getLabelsPage",
        summary: "What waits for a person",
        params: LABEL_PARAMS,
        refusals: &[400, 404],
        handler: evals::queue,
        ..GET
    },
    Route {
        verb: Verb::Post,
        path: "/evals/labels",
        id: "giveLabelByForm",
        summary: "A person's verdict on an answer, from the page's form",
        params: LABEL_PARAMS,
        takes: Some("NewEvalLabel"),
        is_form: true,
        body_bytes_max: FORM_BYTES_MAX,
        refusals: &[400, 404, 413, 415],
        handler: evals::give,
        ..GET
    },
    Route { path: "/assets/page.css", id: "getStyle", reach: Reach::Open, gives: Gives::Content("text/css"), params: ASSET_PARAMS, handler: style, ..GET },
    Route {
        path: "/assets/page.js",
        id: "getScript",
        reach: Reach::Open,
        gives: Gives::Content("text/javascript"),
        params: ASSET_PARAMS,
        handler: script,
        ..GET
    },
    Route { path: "/assets/icon.svg", id: "getIcon", reach: Reach::Open, gives: Gives::Content("image/svg+xml"), params: ASSET_PARAMS, handler: icon, ..GET },
];

/// The digest in a file's address: another content has another address, so browsers may keep each for good.
const ASSET_PARAMS: &[Param] = &[Param { name: "v", kind: Kind::Text, default: None, about: "Digest of the content." }];

fn style(_: &Console, _: &Ask) -> Result<Answer, Fault> {
    Ok(Answer::text("text/css; charset=utf-8", STYLE).kept())
}

fn script(_: &Console, _: &Ask) -> Result<Answer, Fault> {
    Ok(Answer::text("text/javascript; charset=utf-8", SCRIPT).kept())
}

fn icon(_: &Console, _: &Ask) -> Result<Answer, Fault> {
    Ok(Answer::text("image/svg+xml", ICON).kept())
}

fn overview(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let data = PageData::gather(console, ask)?;
    let top = html!(
        "<header class=\"top\">{}{}<p class=\"live\"><span class=\"pulse idle\"></span><span id=\"updated\">As of {}</span><button type=\"button\" id=\"pause\" hidden>Pause</button></p>{}</header>",
        brand(),
        areas("calls", ask.text("theme")),
        show::moment(data.now, &data.zone, "%H:%M:%S"),
        periods(&data, ask.text("theme"))
    );
    let body = html!(
        "<a class=\"skip\" href=\"#live\">To the figures</a>{}<main id=\"live\">{}</main><dialog aria-label=\"Receipt\"><button class=\"close\" type=\"button\" aria-label=\"Close\">&times;</button><div class=\"content\"></div></dialog>",
        top,
        live(&data, "")
    );
    Ok(Answer::html(document("Jeton", ask.text("theme"), true, &body)))
}

fn parts(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Ok(Answer::html(live(&PageData::gather(console, ask)?, ask.text("have").unwrap_or_default()).0))
}

fn receipt_page(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let detail = find_call(console, ask)?;
    let article = receipt::article(&detail, &console.zone);
    if ask.text("part").is_some() {
        return Ok(Answer::html(article.0));
    }
    let body = html!("<header class=\"top\">{}{}</header><main>{}</main>", brand(), areas("", ask.text("theme")), article);
    Ok(Answer::html(document(&format!("{} – Jeton", detail.record.id), ask.text("theme"), false, &body)))
}

/// An error as a page.
pub(crate) fn fault_page(fault: &Fault) -> String {
    let remedy = fault.remedy.as_ref().map_or(Html::EMPTY, |remedy| html!("<p>{}</p>", prose(remedy)));
    let body = html!(
        "<header class=\"top\">{}{}</header><main><section class=\"empty\"><h2>{}</h2>{}<p class=\"mono\">{}</p></section></main>",
        brand(),
        areas("", None),
        fault.message,
        remedy,
        fault.code_or_kind()
    );
    document("Jeton", None, false, &body)
}

fn brand() -> Html {
    html!(
        "<h1><a class=\"brand\" href=\"/\"><svg viewBox=\"0 0 26 26\" fill=\"none\" stroke=\"currentColor\" aria-hidden=\"true\"><circle cx=\"13\" cy=\"13\" r=\"11\" stroke-width=\"2.4\"/>\
         <circle cx=\"13\" cy=\"13\" r=\"7.4\" stroke-width=\"1.2\" stroke-dasharray=\"1.2 2.1\"/><path d=\"M13 9v8M9 13h8\" stroke-width=\"2.2\" stroke-linecap=\"round\"/></svg>Jeton</a></h1>"
    )
}

/// Links to the parts of the console.
fn areas(current: &str, theme: Option<&str>) -> Html {
    let link = |(name, address, shown): (&str, &str, &str)| {
        let mark = if name == current { html!(" aria-current=\"true\"") } else { Html::EMPTY };
        let address = theme.map_or_else(|| address.to_owned(), |theme| format!("{address}?theme={theme}"));
        html!("<a href=\"{}\"{}>{}</a>", address, mark, shown)
    };
    html!(
        "<nav class=\"areas\" aria-label=\"Jeton\">{}</nav>",
        [("calls", "/", "Calls"), ("context", "/context", "Context"), ("evals", "/evals", "Evals")].into_iter().map(link).collect::<Html>()
    )
}

fn periods(data: &PageData, theme: Option<&str>) -> Html {
    let links: Html = PERIODS
        .iter()
        .map(|period| {
            let mark = if *period == data.period { html!(" aria-current=\"true\"") } else { Html::EMPTY };
            html!("<a href=\"{}\"{}>{}</a>", link(data, &[("period", Some(period.name)), ("theme", theme)]), mark, period.name)
        })
        .collect();
    html!("<nav class=\"periods\" aria-label=\"Period\">{}</nav>", links)
}

/// The address of this page with some parameters changed; `None` leaves one out.
fn link(data: &PageData, changes: &[(&str, Option<&str>)]) -> String {
    let mut pairs: Vec<(&str, &str)> = vec![("period", data.period.name)];
    pairs.extend(data.filters.iter().map(|(name, value)| (*name, value.as_str())));
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter_map(|(name, value)| value.map(|value| (*name, value))));
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    format!("/?{}", query.join("&"))
}

/// `text` for a query, by RFC 3986: unreserved letters stay.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// A long name that may break after its `/`, `.` and `-`.
fn breakable(name: &str) -> Html {
    name.split_inclusive(['/', '.', '-', ':', '_']).map(|piece| html!("{}<wbr>", piece)).collect()
}

/// A sentence in which names stand between backticks, as our messages write them.
fn prose(sentence: &str) -> Html {
    if sentence.matches('`').count() % 2 == 1 {
        return html!("{}", sentence);
    }
    let piece = |(place, text): (usize, &str)| if place % 2 == 1 { html!("<code>{}</code>", text) } else { html!("{}", text) };
    sentence.split('`').enumerate().map(piece).collect()
}

/// Enough of a digest to tell it from another.
fn short_digest(digest: &str) -> String {
    let bare = digest.rsplit(':').next().unwrap_or(digest);
    bare.chars().take(10).collect()
}

/// Everything that changes, in parts with a digest each. A part whose digest stands in `have` comes without content.
fn live(data: &PageData, have: &str) -> Html {
    let part = |element: &str, name: &str, class: &str, content: &Html| {
        let digest = digest(&content.0);
        let content = if have.split('.').any(|known| known == digest) { &Html::EMPTY } else { content };
        html!("<{} data-part=\"{}\" data-digest=\"{}\" class=\"{}\">{}</{}>", element, name, digest, class, content, element)
    };
    let mut text = part("div", "notices", "", &notice::banners(data));
    if data.any_call {
        text.push(&part("section", "money", "money", &money::section(data)));
        text.push(&part("section", "time", "", &time::section(data)));
        text.push(&part("section", "groups", "", &groups::section(data)));
        text.push(&part("section", "calls", "", &calls::section(data)));
    } else {
        text.push(&part("section", "empty", "empty", &notice::empty(data)));
    }
    text.push(&part("footer", "foot", "", &notice::foot(data)));
    text
}

/// Tells one content from another; not for secrets.
fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A whole document. `keeps_up` loads the script, and asks browsers without scripts to load the page again.
fn document(title: &str, theme: Option<&str>, keeps_up: bool, body: &Html) -> String {
    let theme = theme.map_or(Html::EMPTY, |theme| html!(" data-theme=\"{}\"", theme));
    let script = if keeps_up {
        html!("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript><script src=\"/assets/page.js?v={}\" defer></script>", digest(SCRIPT))
    } else {
        Html::EMPTY
    };
    html!(
        "<!doctype html>\n<html lang=\"en\"{}><head><meta charset=\"utf-8\"><title>{}</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"/assets/icon.svg?v={}\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"/assets/page.css?v={}\">{}</head>\
         <body>{}{}</body></html>\n",
        theme,
        title,
        digest(ICON),
        digest(STYLE),
        script,
        chart::patterns(),
        body
    )
    .0
}
