use crate::fixture::{Fixture, attached, good, local, unknown};
use axum::body::Body;
use jeton_core::Nanousd;
use jeton_ledger::{AccountConfig, Budget, CallRecord, Window};

const NASTY: &str = "<script>alert('x')</script>\"onload=\"y";

fn nasty(mut record: CallRecord) -> CallRecord {
    record.attribution.class = NASTY.into();
    record.attribution.key = Some(NASTY.into());
    record.attribution.tags = vec![NASTY.into()];
    record.attribution.outcome = Some(NASTY.into());
    record.attribution.accounts = [NASTY, "acme"].map(Into::into).into();
    record.model = Some(format!("acme/{NASTY}"));
    record.model_asked = NASTY.into();
    record.finish_reason = Some(NASTY.into());
    record.decisions[0].what = NASTY.into();
    let mut context = attached();
    (context.pack, context.spans[0].unit, context.spans[0].why) = (NASTY.into(), NASTY.into(), NASTY.into());
    (context.spans[0].path, context.vocabulary) = (NASTY.into(), NASTY.into());
    record.context = Some(Box::new(context));
    record.tries[0].provider = NASTY.into();
    record.tries[0].outcome = NASTY.into();
    if let Some(fault) = &mut record.fault {
        fault.message = NASTY.into();
    }
    record
}

/// Markup balances, and nothing foreign became markup.
pub(super) fn assert_clean(text: &str) {
    assert!(!text.contains("<script>") && !text.contains("\"onload") && !text.contains("alert('"), "{text}");
    assert!(!text.contains(" style="), "an inline style is forbidden by the page's own policy");
    const VOID: [&str; 7] = ["meta", "link", "br", "wbr", "input", "!doctype", "circle"];
    let mut open: Vec<&str> = Vec::new();
    for tag in text.split('<').skip(1) {
        let inner = &tag[..tag.find('>').unwrap_or_else(|| panic!("a tag does not end: {tag}"))];
        let name = inner.split([' ', '\n', '/']).find(|part| !part.is_empty()).unwrap();
        if inner.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "wrong end near: {tag}");
        } else if !inner.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[tokio::test]
async fn what_comes_from_data_never_becomes_markup() {
    let fixture = Fixture::new();
    fixture.settle(nasty(good(5_000)));
    let id = fixture.settle(nasty(unknown(4_000)));
    let feedback = jeton_ledger::Feedback { verdict: "bad".into(), score: Some(0.0), comment: Some(NASTY.into()), by: NASTY.into(), at: crate::fixture::NOW };
    fixture.ledger.feedback(id, &feedback).unwrap();
    let filter: String = NASTY.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for path in [
        "/".to_owned(),
        "/?theme=dark&period=1h".into(),
        "/api/page?period=7d".into(),
        "/?period=30d&status=failed".into(),
        format!("/?class={filter}"),
        format!("/calls/{id}"),
        format!("/calls/{id}?part=1"),
    ] {
        let reply = fixture.get(&path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"), "{path}: {}", reply.text);
        assert_clean(&reply.text);
        assert!(path.starts_with("/?period=30d") || reply.text.contains("&lt;script&gt;"), "{path} does not show the name at all");
    }
}

#[tokio::test]
async fn nothing_may_be_loaded_from_elsewhere() {
    let fixture = Fixture::new();
    fixture.settle(good(1_000));
    let page = fixture.get("/").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store"), ("referrer-policy", "same-origin")] {
        assert_eq!(page.header(name), value);
    }
    for reference in page.text.split(" src=\"").skip(1).chain(page.text.split(" href=\"").skip(1)) {
        assert!(reference.starts_with('/') || reference.starts_with('#'), "{}", &reference[..40]);
    }
    for file in ["/assets/page.css", "/assets/page.js", "/assets/icon.svg"] {
        let at = page.text.find(file).unwrap_or_else(|| panic!("{file} is not used"));
        let address = page.text[at..].split('"').next().unwrap();
        let open = fixture.send(http::Request::get(address).body(Body::empty()).unwrap()).await;
        assert_eq!((open.status, open.header("cache-control")), (200, "public, max-age=31536000, immutable"), "{address}");
        let text = open.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("@import"), "{file} names another address");
    }
}

#[tokio::test]
async fn unknown_is_a_dash_that_says_why_and_simulated_money_stands_apart() {
    let fixture = Fixture::new();
    fixture.settle(unknown(3_000));
    let only_unknown = fixture.get("/").await.text;
    assert!(only_unknown.contains("title=\"No call&#39;s cost is known\""), "today's figure is a dash");
    assert!(only_unknown.contains("title=\"Unknown: the provider reported no usage\"") && only_unknown.contains("1 of unknown cost"));
    let mut simulated = good(2_000);
    simulated.simulated = true;
    fixture.settle(simulated);
    let page = fixture.get("/").await.text;
    assert!(page.contains("apart: <span title=\"$0.00125\">$0.0013</span> <span class=\"tag\">simulated</span>"), "{page}");
    assert!(page.contains("Spend <span class=\"tag\">simulated</span>"));
}

#[tokio::test]
async fn few_calls_are_not_called_a_percentile() {
    let fixture = Fixture::new();
    fixture.settle(good(2_000));
    assert!(fixture.get("/").await.text.contains("The longest of 1. A 99th percentile needs at least 100 calls."));
    for number in 0..120 {
        fixture.settle(good(3_000 + number * 7));
    }
    assert!(!fixture.get("/").await.text.contains("A 99th percentile needs"));
}

#[tokio::test]
async fn before_the_first_call_it_says_what_to_do_with_the_real_address() {
    let fixture = Fixture::new();
    let page = fixture.get("/").await.text;
    assert_clean(&page);
    for says in ["curl http://127.0.0.1:4600/v1/chat/completions", "base_url=&quot;http://127.0.0.1:4600/v1&quot;", "acme/fast", "data-part=\"empty\""] {
        assert!(page.contains(says), "{says}");
    }
    assert!(page.contains("The configuration on disk has a mistake") && page.contains("fails now and then"));
}

#[tokio::test]
async fn parts_keep_their_digest_while_nothing_changes() {
    let fixture = Fixture::new();
    fixture.settle(good(2_000));
    let first = fixture.get("/api/page").await.text;
    assert_eq!(first, fixture.get("/api/page").await.text);
    fixture.settle(good(1_000));
    let digests = |text: &str| text.split("data-digest=\"").skip(1).map(|rest| rest[..16].to_owned()).collect::<Vec<_>>();
    let (before, after) = (digests(&first), digests(&fixture.get("/api/page").await.text));
    assert_eq!(before.len(), 6);
    assert_eq!(before[0], after[0], "the notices did not change");
    assert_ne!(before[4], after[4], "the calls did");
    let rest = fixture.get(&format!("/api/page?have={}", after[1..].join("."))).await.text;
    assert_eq!(digests(&rest), after, "every part is named");
    assert!(rest.len() < 2_000 && rest.contains("class=\"banner"), "but only the one that is not there yet has content: {rest}");
}

#[tokio::test]
async fn errors_of_the_page_are_pages() {
    let fixture = Fixture::new();
    let missing = fixture.get("/calls/call-20261123-0000000000").await;
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html; charset=utf-8"));
    assert_clean(&missing.text);
    let foreign = fixture.send(http::Request::get("/").body(Body::empty()).unwrap()).await;
    assert!(foreign.status == 401 && foreign.text.contains("A credential is needed."));
    let basic = http::Request::get("/").header("authorization", "Basic YTphZG1pbg==").body(Body::empty()).unwrap();
    assert_eq!(fixture.send(basic).await.status, 200);
    let odd = fixture.send(local(http::Request::get("/?period=1y")).body(Body::empty()).unwrap()).await;
    assert!(odd.status == 400 && odd.text.contains("1h, 24h, 7d, 30d"), "{}", odd.text);
}

/// What stands between `from` and the next `to`.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let at = text.find(from).unwrap_or_else(|| panic!("{from} is missing: {text}")) + from.len();
    text[at..].split(to).next().unwrap()
}

#[tokio::test]
async fn however_many_classes_callers_name_the_page_stays_small() {
    let fixture = Fixture::new();
    for number in 0..300 {
        let mut record = good(5_000 + number);
        record.attribution.class = format!("class-{number:03}").into();
        record.simulated = number >= 295;
        drop(fixture.ledger.settle(record));
    }
    fixture.settle(good(2_000));
    let page = fixture.get("/").await.text;
    assert_clean(&page);
    // With a row for each of them it would be four times as long.
    assert!(page.len() < 200_000, "{} bytes", page.len());
    assert_eq!(page.matches("data-focus=\"class-").count(), 40);
    assert!(page.contains("<summary>291 more</summary>"));
    // 296 real classes and 5 simulated ones: 40 have rows, real ones first.
    let real = between(&page, "and 256 more<span class=\"sub\"><code>jeton cost --by class --since 24h</code></span></th>", "</tr>");
    assert!(real.contains("title=\"$0.32\"") && real.contains(">256<span"), "256 calls of $0.00125 each: {real}");
    let simulated = between(&page, "and 5 more <span class=\"tag\">simulated</span>", "</tr>");
    assert!(simulated.contains("title=\"$0.00625\""), "{simulated}");
}

fn account(name: &str, parent: Option<&str>, timezone: Option<&str>) -> AccountConfig {
    let budget = timezone.map(|timezone| Budget { amount: Nanousd(5_000_000_000), window: Window::Month, timezone: timezone.into() });
    AccountConfig { name: name.into(), parent: parent.map(Into::into), budget }
}

#[tokio::test]
async fn the_dearest_accounts_without_a_budget_have_rows_and_the_rest_one_line() {
    let fixture = Fixture::new();
    let mut accounts = vec![account("acme", None, Some("UTC"))];
    accounts.extend((0..50).map(|number| account(&format!("team-{number:02}"), Some("acme"), None)));
    fixture.ledger.configure(accounts).unwrap();
    for number in 0..50 {
        let mut record = good(5_000 + number);
        record.attribution.accounts = [format!("team-{number:02}").as_str(), "acme"].map(Into::into).into();
        record.charged = Nanousd(1_000_000 * (number + 1));
        fixture.settle(record);
    }
    let page = fixture.get("/").await.text;
    assert_clean(&page);
    let budgets = between(&page, "<h2>Budgets</h2>", "</section>");
    assert_eq!(budgets.matches("<li>").count(), 1 + 12 + 1);
    assert!(budgets.contains("team-38") && !budgets.contains("team-37"), "{budgets}");
    let rest = between(budgets, "and 38 more<span", "</li>");
    assert!(rest.contains("title=\"$0.741\"") && rest.contains("jeton cost --by account"), "1 + 2 + … + 38 thousandths: {rest}");
}

#[tokio::test]
async fn a_budget_renews_by_the_clock_of_its_own_zone_which_is_named_where_it_is_not_the_pages() {
    let fixture = Fixture::new();
    for (number, (timezone, shown)) in (0..).zip([
        ("UTC", "title=\"2026-12-01 00:00:00 UTC\">1 Dec</time></span>"),
        ("Etc/UTC", ">1 Dec</time></span>"),
        // In UTC this is still the 30th.
        ("Europe/Berlin", "<time datetime=\"2026-11-30T23:00:00.000Z\" title=\"2026-12-01 00:00:00 CET\">1 Dec</time> in Europe/Berlin</span>"),
    ]) {
        fixture.ledger.configure(vec![account("acme", None, Some(timezone))]).unwrap();
        fixture.settle(good(2_000 + number));
        let page = fixture.get("/").await.text;
        let renewal = between(&page, "left, renews ", "</li>");
        assert!(renewal.contains(shown), "{timezone}: {renewal}");
    }
}
