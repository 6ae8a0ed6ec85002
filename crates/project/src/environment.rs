//! What the environment adds to the file: the listening address, and providers whose keys it holds.

use crate::SecretRef;
use crate::diagnostic::Code;
use crate::effective::Origin;
use crate::forms::{self, TextForm, leads_to, parse_listen};
use crate::settings::JETON_LISTEN;
use crate::source::{Findings, Mistake};
use crate::tree::{Found, Tree, Value, owned};
use std::net::SocketAddr;

/// Provider, its key's variable and its base address's variable, as the vendors' SDKs name them.
pub(crate) const VENDORS: [(&str, &str, &str); 3] = [
    ("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    ("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    ("gemini", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
];

/// Providers that are always there.
pub(crate) const BUILT_IN: [&str; 3] = ["local", "twin", "replay"];

struct Overlay<'t> {
    tree: &'t mut Tree,
    findings: &'t mut Findings,
    env: &'t dyn Fn(&str) -> Option<String>,
}

/// Adds what the environment says to `tree`. Gives notes on what was ignored.
pub(crate) fn overlay(tree: &mut Tree, findings: &mut Findings, env: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut overlay = Overlay { tree, findings, env };
    overlay.listen();
    let listen = overlay.listening_on();
    let notes = VENDORS.iter().filter_map(|&(provider, key, base)| overlay.vendor(provider, key, base, listen)).collect();
    for name in BUILT_IN {
        overlay.tree.tables.entry(owned(&["providers", name])).or_insert(None);
    }
    notes
}

impl Overlay<'_> {
    /// The variable's text; an empty one counts as not set.
    fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The variable's text, where it fits; otherwise the mistake is among the findings.
    fn fitting(&mut self, name: &str, form: &TextForm) -> Option<String> {
        let text = self.variable(name)?;
        let Err(complaint) = (form.check)(&text) else { return Some(text) };
        let separator = if complaint.message.starts_with('`') { ": " } else { " " };
        self.findings.mistakes.push(Mistake {
            code: Code::BadValue,
            span: None,
            variable: Some(name.to_owned()),
            message: format!("`{name}`{separator}{}", complaint.message),
            expected: form.expected.to_owned(),
            remedy: complaint.remedy.unwrap_or_else(|| format!("set `{name}` to, for example, {}, or unset it", form.example)),
        });
        None
    }

    fn set(&mut self, path: &[&str], value: Value, variable: &str) {
        let origin = Origin::Environment(variable.to_owned());
        self.tree.found.insert(owned(path), Found { value, origin, span: None, items: Vec::new() });
    }

    fn listen(&mut self) {
        if let Some(text) = self.fitting(JETON_LISTEN, &forms::LISTEN) {
            self.set(&["gateway", "listen"], Value::Text(text), JETON_LISTEN);
        }
    }

    fn listening_on(&self) -> Option<SocketAddr> {
        let said = self.tree.found.get(&owned(&["gateway", "listen"])).map(|found| found.value.clone());
        let value = said.or_else(|| crate::describe::DESCRIPTION.get("gateway.listen")?.fallback_value());
        if let Some(Value::Text(text)) = value { parse_listen(&text) } else { None }
    }

    /// Fills in a vendor's provider, unless the file says itself where it is or what its key is: a key must never
    /// travel to an address that it was not made for.
    fn vendor(&mut self, provider: &str, key_variable: &str, base_variable: &str, listen: Option<SocketAddr>) -> Option<String> {
        let said = |leaf: &str| self.tree.is_said(&["providers", provider, leaf]);
        if ["base_url", "api_key", "credential"].into_iter().any(said)
            || crate::assemble::api_of(self.tree, provider).is_none_or(|api| api.as_str() != provider)
        {
            return None;
        }
        let mut note = None;
        let mut fills = self.tree.has_table(&["providers", provider]);
        match self.fitting(base_variable, &forms::BASE_URL) {
            // The shell may be set up for programs that are to call Jeton.
            Some(url) if listen.is_some_and(|listen| leads_to(&url, listen)) => {
                note = Some(format!("`{base_variable}` leads to Jeton itself and is ignored for the provider `{provider}`."))
            }
            Some(url) => {
                self.set(&["providers", provider, "base_url"], Value::Text(url), base_variable);
                fills = true;
            }
            None => {}
        }
        if self.variable(key_variable).is_some() {
            self.set(&["providers", provider, "api_key"], Value::Secret(SecretRef::Env(key_variable.to_owned())), key_variable);
            fills = true;
        }
        if fills {
            self.tree.tables.entry(owned(&["providers", provider])).or_insert(None);
        }
        note
    }
}
