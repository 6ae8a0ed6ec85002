//! The symbols of a source text: names, places, signatures.

use super::{Language, parse, walk};
use std::ops::Range;

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// A function that belongs to no type.
    Function,
    /// A function of a type.
    Method,
    /// A record of fields: `struct`, `union`.
    Struct,
    /// A class, a record of Java or C#, a PHP trait.
    Class,
    /// An interface, trait or protocol.
    Interface,
    /// An enumeration.
    Enum,
    /// Another name for a type, a delegate, a concept.
    Type,
    /// A constant.
    Constant,
    /// A variable of a module.
    Variable,
    /// A member of a type that holds a value.
    Field,
    /// A value of an enumeration.
    Variant,
    /// A module or namespace within a file.
    Module,
    /// A macro.
    Macro,
    /// A block that gives a type its methods (Rust's `impl`). It bears the type's name, and is never what a name means.
    Implementation,
}

impl SymbolKind {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Struct => "struct",
            Self::Class => "class",
            Self::Interface => "interface",
            Self::Enum => "enum",
            Self::Type => "type",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Module => "module",
            Self::Macro => "macro",
            Self::Implementation => "implementation",
        }
    }

    /// Whether other symbols lie within it.
    #[must_use]
    pub const fn is_container(self) -> bool {
        self.is_type() || matches!(self, Self::Module)
    }

    /// Whether functions within it are its methods.
    #[must_use]
    pub const fn is_type(self) -> bool {
        matches!(self, Self::Struct | Self::Class | Self::Interface | Self::Enum | Self::Implementation)
    }

    /// Whether its members are part of what it promises, so that they count as its signature.
    #[must_use]
    pub const fn has_members_as_signature(self) -> bool {
        matches!(self, Self::Struct | Self::Interface | Self::Enum | Self::Type | Self::Variant)
    }

    /// Lines of a body that its signature still takes in.
    pub(crate) const fn signature_body_lines_max(self) -> u32 {
        match self {
            Self::Struct | Self::Interface | Self::Enum | Self::Type => 12,
            Self::Constant | Self::Variable | Self::Field | Self::Variant => 3,
            Self::Macro => 1,
            Self::Function | Self::Method | Self::Class | Self::Module | Self::Implementation => 0,
        }
    }
}

/// A definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its own name.
    pub name: String,
    /// The name with those of the enclosing symbols: `Refund::window`. Namespaces for a whole file (`package`, `namespace A;`) are left out.
    pub path: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The first line of the comment, attributes or decorators directly above it, from 1; `first_line` where there is none.
    pub doc_first_line: u32,
    /// Its first line, from 1.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
    /// Where it lies, from its first word; several variables of one statement share the statement.
    pub bytes: Range<usize>,
    /// Comments, attributes and decorators directly above it; empty where there are none.
    pub doc: Range<usize>,
    /// Everything up to the body; a short list of members, a short value and a short property belong to it.
    pub signature: Range<usize>,
    /// What lies in its braces, or its value; none where it is only declared.
    pub body: Option<Range<usize>>,
    /// Whether other files may use it, as far as its own words and the language's habits tell.
    pub is_public: bool,
    /// How many symbols enclose it.
    pub depth: u32,
}

/// What is wanted of an outline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutlineOptions {
    /// Whether names that are used are counted; it costs a walk through every body.
    pub has_references: bool,
}

/// The symbols of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The language as which it was read.
    pub language: Language,
    /// In the order of their places, the outer before the inner.
    pub symbols: Vec<Symbol>,
    /// Names that are used, with how often, by name. Names of definitions count only where they are used elsewhere too. Empty unless asked for.
    pub references: Vec<(String, u32)>,
    /// Whether the text breaks the language's grammar somewhere; what could be read is there nonetheless.
    pub has_errors: bool,
    /// Whether the text was too large ([`super::PARSED_BYTES_MAX`]) or too hard to parse; then nothing is known of it.
    pub is_unread: bool,
}

/// The symbols of `text`.
#[must_use]
pub fn outline(language: Language, text: &str) -> Outline {
    outline_with(language, text, OutlineOptions::default())
}

/// The symbols of `text`, and what else `options` asks for.
#[must_use]
pub fn outline_with(language: Language, text: &str, options: OutlineOptions) -> Outline {
    match parse::parse(language, text) {
        Some(tree) => outline_of_tree(language, text, &tree, options),
        None => Outline { language, symbols: Vec::new(), references: Vec::new(), has_errors: false, is_unread: true },
    }
}

pub(crate) fn outline_of_tree(language: Language, text: &str, tree: &tree_sitter::Tree, options: OutlineOptions) -> Outline {
    let (symbols, references) = walk::walk(language, text, tree, options.has_references);
    Outline { language, symbols, references, has_errors: tree.root_node().has_error(), is_unread: false }
}
