//! What keeps a unit out of a context whatever the budget, in words.

use super::{Request, scope};
use crate::{Detail, Kind, Unit};
use std::fmt;

/// Something that keeps a unit out of a context whatever the budget. Its `Display` says it in a sentence without capital and full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Only these keys may see it.
    Keys(Vec<String>),
    /// It does not hold before this day.
    NotBefore(String),
    /// It held until this day.
    Until(String),
    /// It is for these classes only; the class that was asked for.
    Classes(Vec<String>, Option<String>),
    /// It is for these models only; the model that was asked for.
    Models(Vec<String>, Option<String>),
    /// Units of its kind were not asked for.
    Kind(Kind),
    /// It stands outside of these paths.
    Paths(Vec<String>),
    /// It is a wrong answer, kept for checks.
    WrongAnswer,
    /// It is left out to learn what it is worth.
    HeldOut,
}

impl Hindrance {
    /// The option of the command line that would change it.
    #[must_use]
    pub const fn option(&self) -> Option<&'static str> {
        match self {
            Self::Keys(_) => Some("--key"),
            Self::Classes(..) => Some("--class"),
            Self::Models(..) => Some("--model"),
            Self::Kind(_) => Some("--kind"),
            Self::Paths(_) => Some("--path"),
            Self::NotBefore(_) | Self::Until(_) | Self::WrongAnswer | Self::HeldOut => None,
        }
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = |asked: &Option<String>| asked.clone().unwrap_or_else(|| "none".to_owned());
        match self {
            Self::Keys(keys) => write!(f, "only these keys may see it: {}", keys.join(", ")),
            Self::NotBefore(day) => write!(f, "it holds only from {day} on"),
            Self::Until(day) => write!(f, "it held until {day}"),
            Self::Classes(only, class) => write!(f, "it is for these classes only: {}; asked for is {}", only.join(", "), asked(class)),
            Self::Models(only, model) => write!(f, "it is for these models only: {}; asked for is {}", only.join(", "), asked(model)),
            Self::Kind(kind) => write!(f, "it is of the kind {}, which was not asked for", kind.name()),
            Self::Paths(paths) => write!(f, "it stands outside of {}", paths.join(", ")),
            Self::WrongAnswer => f.write_str("it is a wrong answer, kept for checks and tests"),
            Self::HeldOut => f.write_str("it is left out to learn what it is worth"),
        }
    }
}

/// What keeps `unit` out of any context of `request`; empty where nothing but its worth and the budget decides.
#[must_use]
pub fn hindrances(unit: &Unit, request: &Request<'_>) -> Vec<Hindrance> {
    let (today, owned) = (request.today.0, |value: Option<&str>| value.map(str::to_owned));
    let mut found = Vec::new();
    if !scope::may_see(unit, request) {
        found.push(Hindrance::Keys(unit.access.clone()));
    }
    found.extend(unit.valid_from.clone().filter(|day| day.as_str() > today).map(Hindrance::NotBefore));
    found.extend(unit.valid_until.clone().filter(|day| day.as_str() < today).map(Hindrance::Until));
    if !scope::matches(&unit.scope.classes, request.class) {
        found.push(Hindrance::Classes(unit.scope.classes.clone(), owned(request.class)));
    }
    if !scope::matches(&unit.scope.models, request.model) {
        found.push(Hindrance::Models(unit.scope.models.clone(), owned(request.model)));
    }
    if !request.kinds.is_empty() && !request.kinds.contains(&unit.kind) {
        found.push(Hindrance::Kind(unit.kind));
    }
    if scope::globs(request.paths).is_some_and(|paths| !paths.is_match(&*unit.place.path)) {
        found.push(Hindrance::Paths(request.paths.to_vec()));
    }
    if matches!(&unit.detail, Detail::Example(example) if example.is_counterexample) {
        found.push(Hindrance::WrongAnswer);
    }
    if request.held_out.contains(&unit.id.as_str()) {
        found.push(Hindrance::HeldOut);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Today;
    use super::*;
    use crate::{Example, Format, Place};
    use jeton_text::Vocabulary;
    use proptest::prelude::*;

    fn request<'a>(class: Option<&'a str>, paths: &'a [String], kinds: &'a [Kind], held_out: &'a [&'a str]) -> Request<'a> {
        let (vocabulary, today) = (Vocabulary::O200kBase, Today("2026-06-01"));
        Request { task: "", budget_tokens: 9, vocabulary, kinds, paths, class, model: class, key: class, mandatory: &[], held_out, today }
    }

    fn unit() -> Unit {
        Unit::new(Kind::Doc, "doc:a", "A", "a", Place::file("docs/a.md"), Format::Markdown)
    }

    #[test]
    fn a_class_that_matches_hinders_nothing() {
        let mut unit = unit();
        unit.scope.classes = vec!["support.*".to_owned()];
        assert_eq!(hindrances(&unit, &request(Some("support.refund"), &[], &[], &[])), []);
        let found = hindrances(&unit, &request(Some("sales"), &[], &[], &[]));
        assert_eq!((found[0].to_string(), found[0].option()), ("it is for these classes only: support.*; asked for is sales".to_owned(), Some("--class")));
    }

    proptest! {
        /// The words and the compiler's own judgement are never at odds.
        #[test]
        fn nothing_hinders_what_applies(bits in proptest::collection::vec(any::<bool>(), 9), class in prop_oneof![Just(None), Just(Some("x")), Just(Some("y"))]) {
            let mut unit = unit();
            let only = |bit: bool| if bit { vec!["x".to_owned()] } else { Vec::new() };
            (unit.scope.classes, unit.scope.models, unit.access) = (only(bits[0]), only(bits[1]), only(bits[2]));
            unit.valid_until = Some(if bits[3] { "2026-05-31" } else { "2026-06-01" }.to_owned());
            unit.valid_from = Some(if bits[4] { "2026-06-02" } else { "2026-06-01" }.to_owned());
            let example = Example { input: String::new(), output: String::new(), why: None, schema: None, is_counterexample: bits[5] };
            unit.detail = Detail::Example(Box::new(example));
            let paths = if bits[6] { vec!["src/**".to_owned()] } else { Vec::new() };
            let kinds = if bits[7] { vec![Kind::Schema] } else { Vec::new() };
            let held_out = if bits[8] { vec!["doc:a"] } else { Vec::new() };
            let request = request(class, &paths, &kinds, &held_out);
            let is_open = scope::applies(&unit, &request) && scope::is_asked_for(&unit, &request, scope::globs(&paths).as_ref());
            prop_assert_eq!(hindrances(&unit, &request).is_empty(), is_open);
        }
    }
}
