//! Who asks: a key of Jeton's, or a caller on this machine while no key exists.

use crate::call::Call;
use crate::inbound::Peer;
use http::HeaderMap;
use jeton_core::{Fault, FaultKind, is_name};
use jeton_ledger::{KeyRecord, KeyRefusal, Ledger};
use std::sync::Arc;

/// How a key of Jeton's begins; anything else in a credential header is a vendor's.
const KEY_PREFIX: &str = "jtn_";

/// Finds the caller's key and the accounts that pay, and reads the labels of the call.
///
/// # Errors
/// As [`authenticate`]; with a label that is no name.
pub(crate) fn identify(call: &mut Call) -> Result<(), Fault> {
    match authenticate(&**call.broker.ledger(), &call.inbound.headers, call.inbound.path_key.as_deref(), call.inbound.peer)? {
        Some(key) => {
            call.attribution.key = Some(Arc::from(key.name.as_str()));
            call.attribution.accounts = call.live.accounts_of_key(&key.name, &key.account);
            call.key = Some(key);
        }
        None => {
            let own = call.inbound.accounts.clone().filter(|_| call.inbound.peer.is_own);
            call.attribution.accounts = own.unwrap_or_else(|| call.live.default_accounts());
        }
    }
    read_labels(call)
}

/// The caller's key; none for a caller on this machine while no key exists. Needs nothing of the body, so that a stranger's
/// is not even read.
///
/// # Errors
/// Without a key, once one exists or from another machine; with a key that is unknown, expired, revoked or an admin's.
pub(crate) fn authenticate(ledger: &dyn Ledger, headers: &HeaderMap, path_key: Option<&str>, peer: Peer) -> Result<Option<Arc<KeyRecord>>, Fault> {
    let own = headers.get("jeton-key").and_then(|value| value.to_str().ok()).map(str::trim);
    match own.or(path_key).or_else(|| presented_key(headers)) {
        Some(text) => {
            let key = ledger.authenticate(text).map_err(not_accepted)?;
            if key.admin {
                return Err(Fault::new(FaultKind::Forbidden, "This is an admin key: it opens the console and its API, not the models.")
                    .remedy("Make a key for calls with `jeton key create NAME`."));
            }
            Ok(Some(key))
        }
        None if peer.is_own => Ok(None),
        None if ledger.has_keys() => Err(Fault::new(FaultKind::Unauthenticated, "This server asks for a key and the request has none.")
            .remedy("Send a key made with `jeton key create NAME` as the API key of your client, or in the header `jeton-key`.")),
        None if !peer.is_loopback => Err(Fault::new(FaultKind::Unauthenticated, "Without keys this server serves callers on its own machine only.")
            .remedy("Make a key with `jeton key create NAME` and send it as the API key of your client.")),
        None => Ok(None),
    }
}

/// One answer for every key that does not work, so that nobody learns which part was right; only its owner is told that
/// it has ended.
fn not_accepted(refusal: KeyRefusal) -> Fault {
    let (message, remedy) = match refusal {
        KeyRefusal::Expired => ("The key has expired.", "Make a new one with `jeton key create NAME`."),
        KeyRefusal::Revoked => ("The key was revoked.", "Make a new one with `jeton key create NAME`."),
        KeyRefusal::Malformed | KeyRefusal::Unknown => {
            ("The key is not known here.", "`jeton key list` shows the keys that are; `jeton key create NAME` makes one.")
        }
    };
    Fault::new(FaultKind::Unauthenticated, message).code("invalid_api_key").remedy(remedy)
}

/// The key of Jeton's among the headers: `jeton-key`, or where the vendors' SDKs put theirs.
#[must_use]
pub fn presented_key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty());
    let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer "))).map(str::trim);
    text("jeton-key")
        .or_else(|| ["x-api-key", "x-goog-api-key", "api-key"].into_iter().find_map(|name| text(name).filter(|value| value.starts_with(KEY_PREFIX))))
        .or_else(|| bearer().filter(|value| value.starts_with(KEY_PREFIX)))
}

fn read_labels(call: &mut Call) -> Result<(), Fault> {
    let label = |name: &str| -> Result<Option<Arc<str>>, Fault> {
        let Some(value) = call.inbound.header(name) else { return Ok(None) };
        if is_name(value) { Ok(Some(Arc::from(value))) } else { Err(not_a_name(name)) }
    };
    let outcome = label("jeton-outcome")?;
    let task = label("jeton-task")?;
    let mut tags: Vec<Arc<str>> = call.key.iter().flat_map(|key| key.tags.iter().map(|tag| Arc::from(tag.as_str()))).collect();
    for tag in call.inbound.header("jeton-tags").into_iter().flat_map(|tags| tags.split(',')).map(str::trim).filter(|tag| !tag.is_empty()) {
        if !is_name(tag) || tags.len() >= 32 {
            return Err(not_a_name("jeton-tags"));
        }
        if !tags.iter().any(|known| &**known == tag) {
            tags.push(Arc::from(tag));
        }
    }
    call.attribution.outcome = outcome;
    call.attribution.task = task;
    call.attribution.tags = tags;
    Ok(())
}

fn not_a_name(header: &str) -> Fault {
    Fault::new(FaultKind::InvalidRequest, format!("The header `{header}` holds what is no name."))
        .param(header)
        .remedy("Names have 1 to 128 letters, digits and . _ - : = @ /, beginning with a letter or digit; at most 32 tags, separated by commas.")
}
