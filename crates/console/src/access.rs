//! The rule of the house for who opens the console: an admin key, or a loopback caller while no key exists.

use crate::credential::credential;
use crate::state::{Access, AccessCheck};
use jeton_core::{Fault, FaultKind};
use jeton_ledger::Ledger;
use std::sync::Arc;

/// The access check over the ledger's keys. Without any key, loopback callers may do everything, whatever they send, and
/// nobody else anything. With keys, be it the admin key alone, an admin key may do everything and another key is a caller.
#[must_use]
pub fn ledger_access(ledger: Arc<dyn Ledger>) -> AccessCheck {
    Arc::new(move |headers, peer| {
        // An admin key alone closes the console: who made one wants it closed. Calls stay open until a key for calls exists.
        if !ledger.has_keys() && !ledger.has_admin_keys() {
            return if peer.is_some_and(|address| address.ip().to_canonical().is_loopback()) { Access::Full } else { Access::Refused(no_keys()) };
        }
        let Some(text) = credential(headers) else { return Access::Refused(missing()) };
        match ledger.authenticate(&text) {
            Ok(key) if key.admin => Access::Full,
            Ok(key) => Access::Key(key.name.as_str().into()),
            // Which of unknown, expired and revoked it is would help those who guess.
            Err(_) => Access::Refused(
                Fault::new(FaultKind::Unauthenticated, "The credential is not accepted.").remedy("`jeton key admin` makes one that opens the console."),
            ),
        }
    })
}

fn no_keys() -> Fault {
    let fault = Fault::new(FaultKind::Unauthenticated, "No key exists, so the console is open to this machine only.");
    fault.remedy("Make an admin credential on the server with `jeton key admin`, then open the page with it as the password.")
}

fn missing() -> Fault {
    let fault = Fault::new(FaultKind::Unauthenticated, "The console needs the admin credential.");
    fault.remedy("`jeton key admin` makes one. In a browser it is the password (any user name); a program sends `authorization: Bearer …`.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, NOW};
    use http::{HeaderMap, header};
    use jeton_ledger::NewKey;

    #[test]
    fn keys_decide_once_there_are_some() {
        let fixture = Fixture::new();
        let check = ledger_access(fixture.ledger.clone());
        let with = |text: Option<&str>| -> HeaderMap { text.iter().map(|text| (header::AUTHORIZATION, format!("Bearer {text}").parse().unwrap())).collect() };
        let ask = |text: Option<&str>, peer: [u8; 4]| check(&with(text), Some((peer, 9).into()));
        let local = [127, 0, 0, 1];
        let mapped = "[::ffff:127.0.0.1]:9".parse().unwrap();
        assert_eq!(check(&with(None), Some(mapped)), Access::Full, "IPv4 on an IPv6 listener");
        assert_eq!(ask(Some("whatever an SDK sends"), local), Access::Full);
        assert!(matches!(ask(None, [10, 0, 0, 1]), Access::Refused(fault) if fault.message.contains("this machine only")));
        assert!(matches!(check(&with(None), None), Access::Refused(_)), "an unknown address is foreign");
        let (_, admin) = fixture.ledger.create_key(NewKey { admin: true, ..NewKey::named("ada") }, NOW).unwrap();
        assert!(matches!(ask(None, local), Access::Refused(_)), "an admin key alone closes the console");
        let (_, caller) = fixture.ledger.create_key(NewKey::named("ci"), NOW).unwrap();
        assert_eq!(ask(Some(&caller), local), Access::Key("ci".into()));
        assert_eq!(ask(Some(&admin), [10, 0, 0, 1]), Access::Full);
        assert!(matches!(ask(None, local), Access::Refused(_)), "loopback needs one too once a key exists");
        fixture.ledger.revoke_key("ada", NOW).unwrap();
        assert!(matches!(ask(Some(&admin), local), Access::Refused(fault) if !fault.message.contains("revoked")));
    }
}
