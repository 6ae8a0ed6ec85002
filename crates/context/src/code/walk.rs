//! One walk through a syntax tree, without recursion.

use super::define::{self, Definition};
use super::rules::{Rule, Shape, rules};
use super::{Language, Symbol, SymbolKind, visible};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use tree_sitter::{Node, Tree, TreeCursor};

/// An enclosing symbol.
pub(crate) struct Scope {
    /// How deep its node lies.
    level: usize,
    pub(crate) path: String,
    pub(crate) kind: SymbolKind,
    /// Whether other files see what is in it.
    pub(crate) is_public: bool,
    /// Whether members are public unless they say otherwise: changed by `private:` and the like.
    pub(crate) is_open: bool,
}

/// A statement around definitions.
#[derive(Clone)]
struct Wrapper {
    level: usize,
    span: Span,
    is_export: bool,
}

/// Comments and attributes in a row.
struct Above {
    span: Span,
    /// The level of an attribute among them. It belongs to the next node of its level, whatever blank lines lie between.
    attribute_level: Option<usize>,
}

/// Bytes and rows (from 0) of a node, without blank space at its end.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) bytes: Range<usize>,
    pub(crate) rows: (usize, usize),
}

impl Span {
    pub(crate) fn of(node: Node<'_>, text: &str) -> Self {
        let (start, end) = (node.start_byte(), node.end_byte());
        // Some comments and directives hold their line's end.
        let blank = text.get(start..end).map_or(0, |whole| whole.len() - whole.trim_end().len());
        let breaks = text.get(end - blank..end).map_or(0, |tail| tail.bytes().filter(|byte| *byte == b'\n').count());
        Self { bytes: start..end - blank, rows: (node.start_position().row, node.end_position().row - breaks) }
    }
}

pub(crate) struct Walk<'a> {
    pub(crate) language: Language,
    pub(crate) text: &'a str,
    pub(crate) scopes: Vec<Scope>,
    symbols: Vec<Symbol>,
    references: HashMap<&'a str, u32>,
    has_references: bool,
    /// Where names of definitions begin that the walk has not met.
    own_names: HashSet<usize>,
    wrapper: Option<Wrapper>,
    /// Comments and attributes that may belong to what follows.
    above: Option<Above>,
    /// The level of the node within which nothing is a symbol.
    closed_at: Option<usize>,
}

/// The symbols and, if asked for, the names used.
pub(crate) fn walk(language: Language, text: &str, tree: &Tree, has_references: bool) -> (Vec<Symbol>, Vec<(String, u32)>) {
    let mut walk = Walk {
        language,
        text,
        scopes: Vec::new(),
        symbols: Vec::new(),
        references: HashMap::new(),
        has_references,
        own_names: HashSet::new(),
        wrapper: None,
        above: None,
        closed_at: None,
    };
    walk.run(&mut tree.walk(), rules(language));
    let mut references: Vec<_> = walk.references.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    references.sort_unstable();
    // In order already, but for statements of broken texts that hold several definitions.
    walk.symbols.sort_by_key(|symbol| symbol.bytes.start);
    (walk.symbols, references)
}

impl<'a> Walk<'a> {
    fn run(&mut self, cursor: &mut TreeCursor<'_>, rules: &[Rule]) {
        let mut level = 0;
        loop {
            let node = cursor.node();
            let rule = rules.get(usize::from(node.kind_id())).copied().unwrap_or(Rule::Plain);
            if self.enter(node, rule, level) && cursor.goto_first_child() {
                level += 1;
                continue;
            }
            self.leave(level);
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                level -= 1;
                self.leave(level);
            }
        }
    }

    /// Whether what is in the node is of interest.
    fn enter(&mut self, node: Node<'_>, rule: Rule, level: usize) -> bool {
        if self.closed_at.is_some() {
            self.count(node, rule);
            return rule != Rule::Comment;
        }
        match rule {
            Rule::Plain => {
                // An attribute of something else than a definition.
                if self.above.as_ref().is_some_and(|above| above.attribute_level == Some(level)) && node.is_named() {
                    self.above = None;
                }
                return true;
            }
            Rule::Comment => {
                self.note_above(node, None);
                return false;
            }
            Rule::Attribute => {
                self.note_above(node, Some(level));
                return self.close(level);
            }
            Rule::Wrapper => self.wrap(node, level),
            Rule::Access => self.set_access(node, rule),
            Rule::Closed => return self.close(level),
            Rule::Identifier if self.is_plain_member(level) => return self.define(node, SymbolKind::Variant, Shape::Itself, level),
            Rule::Identifier => self.count(node, rule),
            Rule::Define(kind, shape) => return self.define(node, kind, shape, level),
        }
        true
    }

    fn leave(&mut self, level: usize) {
        if self.closed_at == Some(level) {
            self.closed_at = None;
        }
        if self.wrapper.as_ref().is_some_and(|wrapper| wrapper.level == level) {
            self.wrapper = None;
        }
        while self.scopes.last().is_some_and(|scope| scope.level == level) {
            self.scopes.pop();
        }
    }

    /// Nothing in this node is a symbol; whether it is to be walked through.
    fn close(&mut self, level: usize) -> bool {
        if self.has_references {
            self.closed_at = Some(level);
        }
        self.has_references
    }

    fn count(&mut self, node: Node<'_>, rule: Rule) {
        if !self.has_references || !(rule == Rule::Identifier || self.language == Language::Ruby && rule == Rule::Access) {
            return;
        }
        if self.own_names.remove(&node.start_byte()) {
            return;
        }
        if let Some(name) = self.text.get(node.byte_range()).filter(|name| !name.is_empty()) {
            *self.references.entry(name).or_default() += 1;
        }
    }

    fn note_above(&mut self, node: Node<'_>, attribute_level: Option<usize>) {
        let span = Span::of(node, self.text);
        let shown = self.text.get(span.bytes.clone()).unwrap_or_default();
        let is_inner = self.language == Language::Rust && (shown.starts_with("//!") || shown.starts_with("/*!"));
        // A comment behind code belongs to that code.
        if is_inner || attribute_level.is_none() && !is_line_start(self.text, span.bytes.start) {
            return;
        }
        match &mut self.above {
            Some(above) if above.attribute_level.is_some() || span.rows.0 <= above.span.rows.1 + 1 => {
                above.span.bytes.end = span.bytes.end;
                above.span.rows.1 = span.rows.1;
                above.attribute_level = attribute_level.or(above.attribute_level);
            }
            above => *above = Some(Above { span, attribute_level }),
        }
    }

    /// Whether a name at this level is a member of a TypeScript `enum` without a value.
    fn is_plain_member(&self, level: usize) -> bool {
        let is_script = matches!(self.language, Language::TypeScript | Language::Tsx);
        is_script && self.scopes.last().is_some_and(|scope| scope.kind == SymbolKind::Enum && scope.level + 2 == level)
    }

    fn wrap(&mut self, node: Node<'_>, level: usize) {
        // `const ( … )` holds many statements.
        let is_group = self.language == Language::Go && node.child(1).is_some_and(|child| matches!(child.kind(), "(" | "var_spec_list"));
        if self.wrapper.is_none() && !is_group {
            let span = define::span_without_attributes(node, self.text);
            let shown = self.text.get(span.bytes.clone()).unwrap_or_default();
            let is_export =
                matches!(node.kind(), "export_statement" | "ambient_declaration") || shown.starts_with("module.exports") || shown.starts_with("exports.");
            self.wrapper = Some(Wrapper { level, span, is_export });
        }
    }

    fn set_access(&mut self, node: Node<'_>, rule: Rule) {
        let word = self.text.get(node.byte_range()).unwrap_or_default();
        let scope = self.scopes.last_mut();
        match (word.trim_end_matches(':').trim(), scope) {
            ("private" | "protected", Some(scope)) => scope.is_open = false,
            ("public", Some(scope)) => scope.is_open = true,
            _ => self.count(node, rule),
        }
    }

    fn define(&mut self, node: Node<'_>, kind: SymbolKind, shape: Shape, level: usize) -> bool {
        let found = define::definitions(self, node, kind, shape);
        let Some(first) = found.first() else {
            return true;
        };
        // What a name, alone or among others, is declared as may define a type on its side; all other leaves hold no symbols.
        let is_container = first.is_container;
        let holds_type = shape == Shape::Declarators && node.child_by_field_name("type").is_some_and(|kind| kind.child_by_field_name("body").is_some());
        let wrapper = self.wrapper.clone();
        let span = match &wrapper {
            // Members of an object are no statements.
            Some(wrapper) if !matches!(node.kind(), "pair" | "method_definition") => wrapper.span.clone(),
            _ => define::span_without_attributes(node, self.text),
        };
        let is_export = wrapper.is_some_and(|wrapper| wrapper.is_export);
        let doc = self.take_above(node, &span);
        let enclosing = self.scopes.last().map(|scope| scope.path.clone());
        let depth = u32::try_from(self.scopes.len()).unwrap_or(u32::MAX);
        for definition in found {
            let is_public = visible::is_public(self, &definition, &span, is_export);
            // `impl crate::a::Refund` gives its methods to `Refund`.
            let prefix = definition.prefix.as_deref().filter(|_| definition.kind != SymbolKind::Implementation);
            let path = define::join(enclosing.as_deref(), prefix, &definition.name);
            if is_container {
                self.wrapper = None;
                let is_open = visible::is_open(self.language, definition.kind, node);
                self.scopes.push(Scope { level, path: path.clone(), kind: definition.kind, is_public, is_open });
            }
            self.push(definition, path, is_public, &span, doc.clone(), depth);
        }
        is_container || holds_type || self.close(level)
    }

    /// The statement around what is being defined, without attributes.
    pub(crate) fn statement(&self) -> &'a str {
        self.wrapper.as_ref().and_then(|wrapper| self.text.get(wrapper.span.bytes.clone())).unwrap_or_default()
    }

    /// Comments and attributes that stand directly above, and where they begin.
    fn take_above(&mut self, node: Node<'_>, span: &Span) -> (Range<usize>, usize) {
        let is_near = |above: &Above| above.attribute_level.is_some() || above.span.rows.1 + 1 >= span.rows.0;
        let above = self.above.take().filter(|above| above.span.bytes.end <= span.bytes.start && is_near(above)).map(|above| above.span);
        let start = self.wrapper.as_ref().map_or(node.start_byte(), |_| span.bytes.start.min(node.start_byte()));
        match above {
            Some(above) => (above.bytes.start..span.bytes.start, above.rows.0),
            // Attributes within the node.
            None if start < span.bytes.start => (start..span.bytes.start, node.start_position().row),
            None => (span.bytes.start..span.bytes.start, span.rows.0),
        }
    }

    fn push(&mut self, definition: Definition, path: String, is_public: bool, span: &Span, doc: (Range<usize>, usize), depth: u32) {
        let body = definition.body.filter(|body| body.start >= span.bytes.start && body.end <= span.bytes.end && body.start < body.end);
        let signature = define::signature(self.text, definition.kind, &span.bytes, body.as_ref());
        if self.has_references {
            self.own_names.insert(definition.name_start);
        }
        let line = |row: usize| u32::try_from(row + 1).unwrap_or(u32::MAX);
        self.symbols.push(Symbol {
            name: definition.name,
            path,
            kind: definition.kind,
            doc_first_line: line(doc.1),
            first_line: line(span.rows.0),
            last_line: line(span.rows.1.max(span.rows.0)),
            bytes: span.bytes.clone(),
            doc: doc.0,
            signature,
            body,
            is_public,
            depth,
        });
    }
}

fn is_line_start(text: &str, at: usize) -> bool {
    let line = text.get(..at).map_or("", |before| &before[before.rfind('\n').map_or(0, |end| end + 1)..]);
    line.trim().is_empty()
}
