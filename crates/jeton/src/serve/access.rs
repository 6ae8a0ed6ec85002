//! Who may see the console: whoever holds the admin credential, and callers on this machine as long as no key exists.

use jeton_console::{Access, AccessCheck, credential};
use jeton_core::{Fault, FaultKind};
use jeton_ledger::{KeyRefusal, Ledger};
use std::sync::Arc;

/// The check over the keys of `ledger`.
pub(super) fn access_check(ledger: Arc<dyn Ledger>) -> AccessCheck {
    Arc::new(move |headers, peer| {
        let has_keys = ledger.has_keys() || ledger.has_admin_keys();
        let is_loopback = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        if !has_keys && is_loopback {
            return Access::Full;
        }
        match credential(headers) {
            None => Access::Refused(refusal("The page and the API need the admin credential once a key exists, or from another machine.")),
            Some(text) => match ledger.authenticate(&text) {
                Ok(key) if key.admin => Access::Full,
                Ok(key) => Access::Key(Arc::from(key.name.as_str())),
                Err(KeyRefusal::Expired) => Access::Refused(refusal("The key has expired.")),
                Err(KeyRefusal::Revoked) => Access::Refused(refusal("The key was revoked.")),
                Err(KeyRefusal::Malformed | KeyRefusal::Unknown) => Access::Refused(refusal("The credential is not known here.")),
            },
        }
    })
}

fn refusal(message: &str) -> Fault {
    Fault::new(FaultKind::Unauthenticated, message).remedy("`jeton key admin` makes an admin credential: the password in a browser, `Authorization: Bearer …` in a program.")
}
