//! Checks of the tree of accounts: every parent is meant, none lies above itself.

use crate::decode::is_slip;
use crate::diagnostic::Code;
use crate::forms::quoted;
use crate::references::Checker;
use crate::snapshot::{Account, Snapshot};
use crate::tree::{owned, shown};
use jeton_core::edit_distance;
use std::collections::BTreeSet;

impl Checker<'_> {
    /// A parent without a table is an account without a budget; one that looks like a slip is refused, because the
    /// budget that was meant would silently bind nobody.
    pub(crate) fn parents(&mut self, snapshot: &mut Snapshot) {
        let declared: Vec<String> = snapshot.accounts.keys().cloned().collect();
        let mut undeclared = BTreeSet::new();
        for (name, account) in &snapshot.accounts {
            let Some(parent) = account.parent.as_deref().filter(|parent| !snapshot.accounts.contains_key(*parent)) else { continue };
            let others = declared.iter().map(String::as_str).filter(|other| other != name);
            match others.filter(|other| is_slip(parent, other)).min_by_key(|other| edit_distance(parent, other)) {
                Some(close) => {
                    let message = format!("`{}.parent` names the account {}, which does not exist", shown(&owned(&["accounts", name])), quoted(parent));
                    let remedy = format!("did you mean `{close}`? Otherwise add `[{}]`", shown(&owned(&["accounts", parent])));
                    let expected = format!("an account: {}", crate::decode::one_of(&declared.iter().map(String::as_str).collect::<Vec<_>>()));
                    self.add(Code::UnknownName, &["accounts", name, "parent"], message, &expected, remedy);
                }
                None => drop(undeclared.insert(parent.to_owned())),
            }
        }
        for parent in undeclared {
            self.notes.push(format!("The account `{parent}` is only named as a parent: it has no budget of its own."));
            snapshot.accounts.insert(parent, Account::default());
        }
    }

    /// Each chain of parents ends.
    pub(crate) fn cycles(&mut self, snapshot: &Snapshot) {
        let mut reported: BTreeSet<&str> = BTreeSet::new();
        for name in snapshot.accounts.keys() {
            let mut chain: Vec<&str> = vec![name];
            while let Some(parent) = chain.last().and_then(|last| snapshot.accounts.get(*last)).and_then(|account| account.parent.as_deref()) {
                if let Some(start) = chain.iter().position(|seen| *seen == parent) {
                    let cycle = &chain[start..];
                    if !cycle.iter().any(|account| reported.contains(account)) {
                        let shown_cycle = cycle.iter().chain([&parent]).map(|account| format!("`{account}`")).collect::<Vec<_>>().join(" → ");
                        let message = format!("these accounts lie above themselves: {shown_cycle}");
                        self.add(
                            Code::Cycle,
                            &["accounts", cycle[0], "parent"],
                            message,
                            "an account at the top without a `parent`",
                            "take out one `parent` of the cycle".into(),
                        );
                        reported.extend(cycle);
                    }
                    break;
                }
                chain.push(parent);
            }
        }
    }
}
