//! `jeton key`: who may call.

use crate::cli::{KeyCommand, KeyCreateArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_core::{Clock, Nanousd, SystemClock, Timestamp};
use jeton_ledger::{Budget, KeyRecord, NewKey, Records, Window};

pub(crate) fn run(context: &Context, command: KeyCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        KeyCommand::Create(args) => {
            let account = args.account.clone();
            warn_of_unknown_account(context, account.as_deref());
            create(context, new_key(args)?, is_json)
        }
        KeyCommand::Admin { name } => create(context, NewKey { admin: true, ..NewKey::named(name) }, is_json),
        KeyCommand::List => list(context, is_json),
        KeyCommand::Revoke { name } => {
            let key = super::store(context)?.revoke_key(&name, SystemClock.now())?;
            if is_json {
                output::json(&key);
            } else {
                println!("Key `{}` is revoked; a running server refuses it within a second.", key.name);
            }
            Ok(())
        }
    }
}

fn new_key(args: KeyCreateArgs) -> Result<NewKey, Failure> {
    let window = Window::from_name(&args.window)
        .ok_or_else(|| Failure::usage(format!("`{}` is no window", args.window), "use hour, day, week, month, year or total"))?;
    let budget = args
        .budget_usd
        .map(|usd| Nanousd::parse_usd(&usd).map_err(|why| Failure::usage(format!("--budget-usd: {why}"), "write dollars, such as 5 or 0.25")))
        .transpose()?
        .map(|amount| Budget { amount, window, timezone: "UTC".to_owned() });
    let expires = args.expires.as_deref().map(ahead).transpose()?;
    Ok(NewKey { account: args.account, class: args.class, tags: args.tags, expires, budget, ..NewKey::named(args.name) })
}

/// A moment to come: the same words as for looking back, counted the other way.
fn ahead(text: &str) -> Result<Timestamp, Failure> {
    let now = SystemClock.now();
    let at = super::moment(text)?;
    let is_span = text.ends_with(|c: char| c.is_ascii_alphabetic()) && !text.contains('-');
    Ok(if is_span { Timestamp(now.0 + (now.0 - at.0)) } else { at })
}

fn warn_of_unknown_account(context: &Context, account: Option<&str>) {
    if let (Some(account), Ok(snapshot)) = (account, context.snapshot())
        && account != jeton_core::DEFAULT_ACCOUNT
        && !snapshot.accounts.contains_key(account)
    {
        eprintln!("note: account `{account}` is not in jeton.toml: it is counted, and has no budget.");
    }
}

fn create(context: &Context, key: NewKey, is_json: bool) -> Result<(), Failure> {
    let (record, text) = super::store(context)?.create_key(key, SystemClock.now())?;
    if is_json {
        output::json(&serde_json::json!({ "key": text, "record": record }));
        return Ok(());
    }
    println!("{text}");
    let what = if record.admin { "opens the page and the API: the password, or `Authorization: Bearer …`" } else { "is the API key of your client" };
    eprintln!("Key `{}` {what}. It is shown this once; only its hash is kept.", record.name);
    Ok(())
}

fn list(context: &Context, is_json: bool) -> Result<(), Failure> {
    let keys = super::store(context)?.keys()?;
    if is_json {
        output::json(&keys);
        return Ok(());
    }
    if keys.is_empty() {
        println!("No keys: callers on this machine are served without one. `jeton key create NAME` makes the first.");
        return Ok(());
    }
    let rows = keys
        .iter()
        .map(|key| {
            vec![
                key.name.clone(),
                key.id.clone(),
                if key.admin { "–".to_owned() } else { key.account.clone() },
                key.class.clone().unwrap_or_default(),
                key.tags.join(","),
                budget(key),
                state(key),
            ]
        })
        .collect();
    output::table(&["name", "id", "account", "class", "tags", "budget", "state"], &[], rows);
    Ok(())
}

fn budget(key: &KeyRecord) -> String {
    key.budget.as_ref().map_or_else(String::new, |budget| format!("{} per {}", budget.amount, budget.window.name()))
}

fn state(key: &KeyRecord) -> String {
    let kind = if key.admin { "admin, " } else { "" };
    match (key.revoked, key.expires) {
        (Some(at), _) => format!("{kind}revoked {}", &at.rfc3339()[..10]),
        (None, Some(at)) if at <= SystemClock.now() => format!("{kind}expired {}", &at.rfc3339()[..10]),
        (None, Some(at)) => format!("{kind}until {}", &at.rfc3339()[..10]),
        (None, None) => format!("{kind}living"),
    }
}
