//! What a node defines: names, kinds, bodies.

use super::rules::Shape;
use super::walk::{Span, Walk};
use super::{Language, SymbolKind};
use std::ops::Range;
use tree_sitter::Node;

/// A definition before it has its place.
pub(crate) struct Definition {
    pub(crate) name: String,
    /// What stands before the name: `Foo` in `Foo::bar`.
    pub(crate) prefix: Option<String>,
    pub(crate) kind: SymbolKind,
    pub(crate) body: Option<Range<usize>>,
    /// Where the name begins.
    pub(crate) name_start: usize,
    /// Whether symbols may lie in it.
    pub(crate) is_container: bool,
}

/// Bytes of a short body that a signature still takes in.
const SIGNATURE_BODY_BYTES_MAX: usize = 2_000;

/// Declarators within declarators that are followed (`*(*x)[3]`).
const DECLARATORS_MAX: usize = 64;

/// What `node` defines here.
pub(crate) fn definitions(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind, shape: Shape) -> Vec<Definition> {
    let found = match shape {
        Shape::Names => return field_nodes(node, "name").into_iter().filter_map(|name| definition(walk, name, kind, body(node))).collect(),
        Shape::Declarators => return declarators(walk, node, kind),
        Shape::Named => named(walk, node, kind),
        Shape::Bodied => node.child_by_field_name("name").and_then(|_| named(walk, node, kind)).filter(|found| found.body.is_some()),
        Shape::Itself => definition(walk, node, kind, None),
        Shape::Implementation => node.child_by_field_name("type").and_then(|name| definition(walk, name, kind, body(node))),
        Shape::Receiver => receiver(walk, node, kind),
        Shape::GoType => go_type(walk, node),
        Shape::Assignment => assignment(walk, node, kind),
        Shape::ScriptVariable => script_variable(walk, node, kind),
    };
    found.into_iter().collect()
}

fn named(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind) -> Option<Definition> {
    let name = ["name", "property", "key", "left", "operator"].into_iter().find_map(|field| node.child_by_field_name(field));
    let mut found = definition(walk, name.or_else(|| node.named_child(0))?, kind, body(node))?;
    match node.kind() {
        "destructor_declaration" => found.name.insert(0, '~'),
        "operator_declaration" => found.name.insert_str(0, "operator"),
        "indexer_declaration" => "this".clone_into(&mut found.name),
        "annotation_type_element_declaration" => found.body = None,
        "public_field_definition" | "field_definition" => {
            if let Some(function) = node.child_by_field_name("value").filter(|value| is_function(value.kind())) {
                (found.kind, found.body) = (SymbolKind::Method, body_of_function(function));
            }
        }
        _ => {}
    }
    Some(found)
}

/// A definition by the node of its name; the kind is made fit for what encloses it.
fn definition(walk: &Walk<'_>, name: Node<'_>, kind: SymbolKind, body: Option<Range<usize>>) -> Option<Definition> {
    let mut parts = name_parts(walk.text.get(name.byte_range())?);
    let own = parts.pop()?;
    let scope = walk.scopes.last().map(|scope| scope.kind);
    let is_member = scope.is_some_and(SymbolKind::is_type);
    let is_capital = !own.contains(char::is_lowercase);
    let kind = match (walk.language, kind) {
        (_, SymbolKind::Function) if is_member => SymbolKind::Method,
        (Language::Cpp, SymbolKind::Function) if !parts.is_empty() => SymbolKind::Method,
        (Language::Python, SymbolKind::Variable) if is_member => SymbolKind::Field,
        (Language::Python, SymbolKind::Variable) if is_capital => SymbolKind::Constant,
        (_, kind) => kind,
    };
    let prefix = (!parts.is_empty()).then(|| parts.join("::"));
    Some(Definition { name: own, prefix, kind, body, name_start: name.start_byte(), is_container: kind.is_container() })
}

/// The parts of a qualified name, without what stands in `<>` or `[]`: `a::b::Refund<T>` → `a`, `b`, `Refund`.
pub(crate) fn name_parts(text: &str) -> Vec<String> {
    // The marks of `operator<` and `operator[]` are its name.
    let (text, operator) = match text.find("operator").filter(|at| text[at + 8..].starts_with(|c: char| !c.is_alphanumeric() && c != '_')) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let (mut parts, mut part, mut nesting) = (Vec::new(), String::new(), 0_usize);
    for character in text.chars() {
        match character {
            '<' | '[' | '(' => nesting += 1,
            '>' | ']' | ')' => nesting = nesting.saturating_sub(1),
            ':' | '.' | '\\' if nesting == 0 => parts.push(std::mem::take(&mut part)),
            '&' | '*' | '$' | '"' | '\'' | ' ' | '\n' | '\t' | '\r' => {}
            _ if nesting == 0 => part.push(character),
            _ => {}
        }
    }
    parts.push(part);
    parts.push(operator.split_whitespace().collect());
    parts.retain(|part| !part.is_empty());
    parts
}

fn field_nodes<'tree>(node: Node<'tree>, field: &str) -> Vec<Node<'tree>> {
    // A comma between names can bear the field too.
    node.children_by_field_name(field, &mut node.walk()).filter(Node::is_named).collect()
}

/// The body by the fields under which grammars keep it, with comments that stand before it.
fn body(node: Node<'_>) -> Option<Range<usize>> {
    if matches!(node.kind(), "class" | "module" | "method" | "singleton_method") && node.child_by_field_name("name").is_some() {
        // Ruby's bodies may be missing, or have several parts: they are what follows the head.
        let head = ["name", "superclass", "parameters"].into_iter().filter_map(|field| node.child_by_field_name(field)).map(|part| part.end_byte()).max()?;
        let is_script = node.child_by_field_name("body").is_some_and(|body| body.kind() == "class_body" || body.kind() == "statement_block");
        if !is_script {
            return Some(head..node.end_byte());
        }
    }
    let fields = ["body", "value", "right", "accessors", "default_value"];
    let found = fields.into_iter().find_map(|field| node.child_by_field_name(field));
    if let Some(found) = found {
        return Some(start_with_comments(node, found.start_byte())..found.end_byte());
    }
    let last = node.named_child(u32::try_from(node.named_child_count()).ok()?.checked_sub(1)?)?;
    match node.kind() {
        // These grammars give the value no field.
        "const_element" | "variable_declarator" if node.named_child_count() > 1 => Some(last.byte_range()),
        "macro_definition" => Some(node.child_by_field_name("name")?.end_byte()..node.end_byte()),
        _ => None,
    }
}

/// Where the run of comments directly before `start` begins, among the node's first children.
fn start_with_comments(node: Node<'_>, start: usize) -> usize {
    const CHILDREN_MAX: u32 = 32;
    let mut run = None;
    for at in 0..node.child_count().min(CHILDREN_MAX) {
        let Some(child) = node.child(at).filter(|child| child.start_byte() < start) else { break };
        let is_comment = child.kind().ends_with("comment");
        run = if is_comment { run.or(Some(child.start_byte())) } else { None };
    }
    run.unwrap_or(start)
}

fn receiver(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind) -> Option<Definition> {
    let mut found = definition(walk, node.child_by_field_name("name")?, kind, body(node))?;
    let parameters = node.child_by_field_name("receiver")?;
    let own = parameters.named_child(0).and_then(|parameter| parameter.child_by_field_name("type"));
    found.prefix = own.and_then(|own| walk.text.get(own.byte_range())).and_then(|text| name_parts(text).pop());
    Some(found)
}

fn go_type(walk: &Walk<'_>, node: Node<'_>) -> Option<Definition> {
    let right = node.child_by_field_name("type")?;
    let (kind, body) = match right.kind() {
        "struct_type" => (SymbolKind::Struct, right.named_child(0).map(|list| list.byte_range())),
        "interface_type" => {
            let brace = right.child(1).map_or(right.start_byte(), |child| child.start_byte());
            (SymbolKind::Interface, Some(brace..right.end_byte()))
        }
        _ => (SymbolKind::Type, None),
    };
    definition(walk, node.child_by_field_name("name")?, kind, body)
}

fn is_script(language: Language) -> bool {
    matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx)
}

fn is_function(kind: &str) -> bool {
    matches!(kind, "arrow_function" | "function_expression" | "generator_function")
}

fn assignment(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind) -> Option<Definition> {
    let (left, right) = (node.child_by_field_name("left")?, node.child_by_field_name("right"));
    if is_script(walk.language) {
        return script_assignment(walk, left, right?);
    }
    let is_wanted = match walk.language {
        Language::Ruby => matches!(left.kind(), "constant" | "scope_resolution"),
        _ => left.kind() == "identifier",
    };
    let value = right.map(|right| right.byte_range());
    definition(walk, left, kind, value).filter(|_| is_wanted)
}

/// `exports.a = function …`, `A.prototype.b = …`, `app.c = …`.
fn script_assignment(walk: &Walk<'_>, left: Node<'_>, right: Node<'_>) -> Option<Definition> {
    if !is_function(right.kind()) || !matches!(left.kind(), "member_expression" | "identifier") {
        return None;
    }
    let mut found = definition(walk, left, SymbolKind::Function, body_of_function(right))?;
    let prefix = found.prefix.unwrap_or_default();
    let parts: Vec<&str> = prefix.split("::").filter(|part| !matches!(*part, "module" | "exports" | "prototype" | "this" | "")).collect();
    if found.name == "exports" {
        return definition(walk, right.child_by_field_name("name")?, SymbolKind::Function, found.body);
    }
    found.kind = if parts.is_empty() { SymbolKind::Function } else { SymbolKind::Method };
    found.prefix = (!parts.is_empty()).then(|| parts.join("::"));
    found.name_start = left.child_by_field_name("property").unwrap_or(left).start_byte();
    Some(found)
}

/// The block, where there is one; a bare expression is no longer than its signature.
fn body_of_function(function: Node<'_>) -> Option<Range<usize>> {
    function.child_by_field_name("body").map(|body| body.byte_range())
}

fn script_variable(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind) -> Option<Definition> {
    let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("key"))?;
    if !matches!(name.kind(), "identifier" | "property_identifier" | "string") {
        return None;
    }
    let value = node.child_by_field_name("value");
    let value_kind = value.map_or("", |value| value.kind());
    let is_pair = node.kind() == "pair";
    let mut found = match value_kind {
        kind if is_function(kind) => definition(walk, name, SymbolKind::Function, value.and_then(body_of_function))?,
        "class" => definition(walk, name, SymbolKind::Class, value.and_then(body_of_function))?,
        // Pairs of plain data are no symbols.
        _ if is_pair => return None,
        _ => definition(walk, name, kind, body(node))?,
    };
    let statement = walk.statement();
    let is_constant = statement.starts_with("const ") || statement.starts_with("export const ");
    if found.kind == SymbolKind::Variable && is_constant {
        found.kind = SymbolKind::Constant;
    }
    found.is_container |= value_kind == "object";
    Some(found)
}

fn declarators(walk: &Walk<'_>, node: Node<'_>, kind: SymbolKind) -> Vec<Definition> {
    let body = body(node);
    let mut found = Vec::new();
    for outer in field_nodes(node, "declarator") {
        let Some((name, is_function)) = declared(outer) else { continue };
        let value = outer.child_by_field_name("value").map(|value| value.byte_range()).or_else(|| body.clone());
        let kind = match kind {
            SymbolKind::Variable | SymbolKind::Field if is_function => SymbolKind::Function,
            SymbolKind::Type if anonymous_type(node).is_some() => kind_of_anonymous(node),
            kind => kind,
        };
        let value = match kind {
            SymbolKind::Struct | SymbolKind::Enum => anonymous_type(node),
            // `= 0` of a method without a body is no body.
            SymbolKind::Function => node.child_by_field_name("body").map(|body| body.byte_range()),
            _ => value,
        };
        found.extend(definition(walk, name, kind, value));
    }
    found
}

/// The members of a type without a name: `typedef struct { … } point;`.
fn anonymous_type(node: Node<'_>) -> Option<Range<usize>> {
    let own = node.child_by_field_name("type").filter(|own| own.child_by_field_name("name").is_none())?;
    own.child_by_field_name("body").map(|body| body.byte_range())
}

fn kind_of_anonymous(node: Node<'_>) -> SymbolKind {
    match node.child_by_field_name("type").map_or("", |own| own.kind()) {
        "enum_specifier" => SymbolKind::Enum,
        _ => SymbolKind::Struct,
    }
}

/// The name within a declarator, and whether it declares a function.
fn declared(mut node: Node<'_>) -> Option<(Node<'_>, bool)> {
    let mut is_function = false;
    for _ in 0..DECLARATORS_MAX {
        if matches!(
            node.kind(),
            "identifier" | "field_identifier" | "type_identifier" | "qualified_identifier" | "destructor_name" | "operator_name" | "operator_cast"
        ) {
            return Some((node, is_function || node.kind() == "operator_cast"));
        }
        let inner = node.child_by_field_name("declarator").or_else(|| node.named_child(0))?;
        is_function |= node.kind() == "function_declarator" && inner.kind() != "parenthesized_declarator";
        node = inner;
    }
    None
}

/// The node's place without the attributes, annotations and decorators that it begins with.
pub(crate) fn span_without_attributes(node: Node<'_>, text: &str) -> Span {
    let mut span = Span::of(node, text);
    let is_attribute = |node: &Node<'_>| {
        let kind = node.kind();
        matches!(kind, "marker_annotation" | "annotation" | "attribute_list" | "decorator" | "attribute_declaration") || kind.ends_with("comment")
    };
    // Java keeps annotations among the modifiers.
    let flat = |at: u32| match node.child(0) {
        Some(first) if first.kind() == "modifiers" && at < first.child_count() => first.child(at),
        Some(first) if first.kind() == "modifiers" => node.child(at - first.child_count() + 1),
        _ => node.child(at),
    };
    let mut count = 0;
    while flat(count).is_some_and(|child| is_attribute(&child)) {
        count += 1;
    }
    if let Some(first) = flat(count).filter(|first| count > 0 && first.start_byte() < span.bytes.end) {
        span.bytes.start = first.start_byte();
        span.rows.0 = first.start_position().row;
    }
    span
}

/// The path of a name within what encloses it.
pub(crate) fn join(enclosing: Option<&str>, prefix: Option<&str>, name: &str) -> String {
    let parts = [enclosing, prefix, Some(name)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
}

/// Everything up to the body, and a body that is short enough for its kind.
pub(crate) fn signature(text: &str, kind: SymbolKind, whole: &Range<usize>, body: Option<&Range<usize>>) -> Range<usize> {
    let Some(body) = body else { return whole.clone() };
    let shown = text.get(body.clone()).unwrap_or_default();
    let lines = shown.bytes().filter(|byte| *byte == b'\n').count() + 1;
    if lines <= kind.signature_body_lines_max() as usize && shown.len() <= SIGNATURE_BODY_BYTES_MAX {
        return whole.clone();
    }
    let head = text.get(whole.start..body.start).unwrap_or_default().trim_end();
    whole.start..whole.start + head.len()
}
