//! Symbols by the names that people write.

use super::{Outline, Symbol, SymbolKind};

/// What a name means in an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// This symbol.
    One(&'a Symbol),
    /// Any of these, in the order of the text.
    Many(Vec<&'a Symbol>),
    /// Nothing.
    None,
}

/// The symbol that `name` means: a path (`Refund::window`), the end of one (`window`), with `::`, `.`, `#`, `->` or `\` between its parts and
/// perhaps `()` at its end. A whole path goes before the end of one, and types and functions before fields and variables.
#[must_use]
pub fn resolve<'a>(outline: &'a Outline, name: &str) -> Resolved<'a> {
    let wanted = normal(name);
    if wanted.is_empty() {
        return Resolved::None;
    }
    let symbols = || outline.symbols.iter().filter(|symbol| symbol.kind != SymbolKind::Implementation);
    let whole: Vec<_> = symbols().filter(|symbol| symbol.path == wanted).collect();
    let found = if whole.is_empty() { symbols().filter(|symbol| ends_with(&symbol.path, &wanted)).collect() } else { whole };
    let strong: Vec<_> = found.iter().copied().filter(|symbol| !is_weak(symbol.kind)).collect();
    let found = if strong.is_empty() { found } else { strong };
    match found.as_slice() {
        [] => Resolved::None,
        [one] => Resolved::One(one),
        _ => Resolved::Many(found),
    }
}

fn normal(name: &str) -> String {
    let name = name.trim().trim_end_matches("()").trim_start_matches(['#', '.', ':', '\\']);
    // An operator's marks are no separators.
    if name.contains("operator") {
        return name.to_owned();
    }
    let one = name.replace("->", "::").replace(['.', '\\'], "::");
    // `#p` is a private name of JavaScript where it follows a separator.
    let mut shown = String::with_capacity(one.len());
    for character in one.chars() {
        match character {
            '#' if !shown.ends_with("::") => shown.push_str("::"),
            character => shown.push(character),
        }
    }
    shown
}

fn ends_with(path: &str, wanted: &str) -> bool {
    path.strip_suffix(wanted).is_some_and(|before| before.ends_with("::") || before.ends_with("::#"))
}

const fn is_weak(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Field | SymbolKind::Variable | SymbolKind::Variant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{Language, outline};

    const TEXT: &str = "struct Refund { window: u32, days: u32 }
impl Refund { fn window(&self) {} fn new() {} }
struct Order;
impl Order { fn new() {} }
mod inner { fn new() {} struct Order; }
";

    #[test]
    fn names_as_people_write_them() {
        let outline = outline(Language::Rust, TEXT);
        let check = |name: &str, expected: &[&str]| {
            let found = match resolve(&outline, name) {
                Resolved::One(symbol) => vec![symbol],
                Resolved::Many(symbols) => symbols,
                Resolved::None => vec![],
            };
            let shown: Vec<_> = found.iter().map(|symbol| format!("{} {}", symbol.kind.name(), symbol.path)).collect();
            assert_eq!(shown, expected, "{name}");
        };
        check("Refund::window", &["method Refund::window"]);
        check("Refund.window()", &["method Refund::window"]);
        check("Refund#window", &["method Refund::window"]);
        check("window", &["method Refund::window"]);
        check("days", &["field Refund::days"]);
        check("Refund", &["struct Refund"]);
        check("Order", &["struct Order"]);
        check("inner::Order", &["struct inner::Order"]);
        check("new", &["method Refund::new", "method Order::new", "function inner::new"]);
        check("indow", &[]);
        check("", &[]);
        check("::", &[]);
    }
}
