//! Which symbols other files may use.

use super::define::Definition;
use super::walk::{Span, Walk};
use super::{Language, SymbolKind};
use tree_sitter::Node;

/// Whether members of a type are public unless they say otherwise.
pub(crate) fn is_open(language: Language, kind: SymbolKind, node: Node<'_>) -> bool {
    match language {
        // What a trait has, and what a type does for a trait, is as public as the trait.
        Language::Rust => {
            kind != SymbolKind::Struct && kind != SymbolKind::Module && (kind != SymbolKind::Implementation || node.child_by_field_name("trait").is_some())
        }
        Language::Java | Language::CSharp => matches!(kind, SymbolKind::Interface | SymbolKind::Enum),
        Language::Cpp => kind != SymbolKind::Class,
        _ => true,
    }
}

/// Whether other files may use it, by its own words before the name, its name, and what encloses it.
pub(crate) fn is_public(walk: &Walk<'_>, found: &Definition, span: &Span, is_export: bool) -> bool {
    let scope = walk.scopes.last();
    if scope.is_some_and(|scope| !scope.is_public) {
        return false;
    }
    let head = walk.text.get(span.bytes.start..found.name_start.max(span.bytes.start)).unwrap_or_default();
    let says = |word: &str| head.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
    let is_open = scope.is_none_or(|scope| scope.is_open);
    let is_hidden = says("private") || says("protected");
    match walk.language {
        Language::Rust => match found.kind {
            SymbolKind::Implementation | SymbolKind::Variant | SymbolKind::Macro => true,
            _ => head.starts_with("pub ") || scope.is_some() && is_open,
        },
        Language::Python => !found.name.starts_with('_') || found.name.starts_with("__") && found.name.ends_with("__"),
        Language::Go => found.name.starts_with(char::is_uppercase),
        Language::TypeScript | Language::Tsx | Language::JavaScript => {
            // `app.use = …` is seen by all who have the object.
            let is_shown = is_export || scope.is_some() || found.prefix.is_some();
            is_shown && !is_hidden && !found.name.starts_with('#')
        }
        Language::CSharp if found.kind == SymbolKind::Module => true,
        Language::Java | Language::CSharp => says("public") || is_open && !is_hidden && scope.is_some_and(|scope| scope.kind.is_type()),
        Language::C => !says("static"),
        Language::Cpp => is_open && (scope.is_some_and(|scope| scope.kind.is_type()) || !says("static")),
        Language::Ruby => is_open,
        Language::Php => !is_hidden,
    }
}
