//! From the document to what was said: every key and every value is held against its definition.

use crate::describe::{DESCRIPTION, Definition, Kind};
use crate::diagnostic::Code;
use crate::effective::Origin;
use crate::forms::{TextForm, quoted};
use crate::source::{Findings, Source};
use crate::tree::{Found, Path, Span, Tree, Value, shown};
use crate::{leaf, secrets};
use jeton_core::{edit_distance, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Walks the document. What fits is in `tree`, what does not in `findings`.
pub(crate) struct Decoder<'t> {
    pub(crate) source: &'t Source<'t>,
    pub(crate) tree: Tree,
    pub(crate) findings: Findings,
}

/// Where a value stands and what it has to be.
pub(crate) struct Slot<'t> {
    pub(crate) definition: &'static Definition,
    pub(crate) path: &'t Path,
}

impl Slot<'_> {
    /// The place as `jeton.toml` writes it, in back quotes.
    pub(crate) fn name(&self) -> String {
        format!("`{}`", shown(self.path))
    }
}

impl<'t> Decoder<'t> {
    pub(crate) fn new(source: &'t Source<'t>) -> Self {
        Self { source, tree: Tree::default(), findings: Findings::default() }
    }

    /// A table whose keys are described under `pattern`.
    pub(crate) fn table(&mut self, pattern: &str, path: &Path, table: &DeTable<'_>) {
        let known = DESCRIPTION.children(pattern);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match known.iter().find(|definition| definition.leaf() == name) {
                Some(definition) => self.entry(definition, &below(path, name), key.span(), value),
                None => self.unknown_key(known, path, name, key.span(), value),
            }
        }
    }

    fn entry(&mut self, definition: &'static Definition, path: &Path, key_span: Span, value: &Spanned<DeValue<'_>>) {
        match (definition.kind, value.get_ref()) {
            (Kind::Section, DeValue::Table(table)) => {
                self.tree.tables.insert(path.clone(), Some(key_span));
                self.table(definition.path, path, table);
            }
            (Kind::Named(form), DeValue::Table(table)) => {
                self.tree.tables.insert(path.clone(), Some(key_span));
                self.named(definition, form, path, table);
            }
            (Kind::Rules, DeValue::Table(table)) => self.rule(definition, &below(path, "[0]"), key_span, table),
            (Kind::Rules, DeValue::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    match item.get_ref() {
                        DeValue::Table(table) => self.rule(definition, &below(path, &format!("[{index}]")), item.span(), table),
                        other => self.not_a_table(definition, path, item.span(), other),
                    }
                }
            }
            (Kind::Section | Kind::Named(_) | Kind::Rules, other) => {
                self.not_a_table(definition, path, value.span(), other);
                secrets::mask_all(value, &mut self.findings.masks);
            }
            _ => {
                let slot = Slot { definition, path };
                match leaf::decode(self, &slot, value) {
                    Some(found) => self.insert(path, found, value),
                    None => drop(self.tree.refused.insert(path.clone())),
                }
            }
        }
    }

    fn insert(&mut self, path: &Path, value: Value, place: &Spanned<DeValue<'_>>) {
        let span = place.span();
        let items = place.get_ref().as_array().map(|items| items.iter().map(Spanned::span).collect()).unwrap_or_default();
        let origin = Origin::File(self.source.label.to_owned(), self.source.line(span.start));
        self.tree.found.insert(path.clone(), Found { value, origin, span: Some(span), items });
    }

    /// A table whose keys are names.
    fn named(&mut self, definition: &'static Definition, form: &TextForm, path: &Path, table: &DeTable<'_>) {
        let pattern = format!("{}.*", definition.path);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = below(path, name);
            if let Err(complaint) = (form.check)(name) {
                let remedy = complaint.remedy.unwrap_or_else(|| format!("rename it, for example to `{}`", form.example.trim_matches('"')));
                self.findings.add(complaint.code, Some(key.span()), format!("`{}`: {}", shown(&path), complaint.message), form.expected, remedy);
            }
            match value.get_ref() {
                DeValue::Table(inner) => {
                    self.tree.tables.insert(path.clone(), Some(key.span()));
                    self.table(&pattern, &path, inner);
                }
                other => {
                    // A setting of one of the things, put beside them: `[accounts] parent = …`.
                    let message = format!("`{}` is {}", shown(&path), kind_of(other));
                    let remedy = format!("write `[{}]` and put its settings below", shown(&path));
                    self.findings.add(Code::WrongType, Some(value.span()), message, "a table", remedy);
                    secrets::mask_all(value, &mut self.findings.masks);
                }
            }
        }
    }

    fn rule(&mut self, definition: &'static Definition, path: &Path, span: Span, table: &DeTable<'_>) {
        if table.is_empty() {
            let message = format!("`{}` has no condition", shown(path));
            self.findings.add(
                Code::Missing,
                Some(span.clone()),
                message,
                "at least one condition: a rule without any would match every call",
                sample_of(definition),
            );
        }
        self.tree.tables.insert(path.clone(), Some(span));
        self.table(definition.path, path, table);
    }

    fn not_a_table(&mut self, definition: &Definition, path: &Path, span: Span, value: &DeValue<'_>) {
        let message = format!("`{}` is {}", shown(path), kind_of(value));
        let expected = if matches!(definition.kind, Kind::Rules) { "a table, or a list of tables" } else { "a table" };
        self.findings.add(Code::WrongType, Some(span), message, expected, sample_of(definition));
    }

    fn unknown_key(&mut self, known: &[&'static Definition], path: &Path, name: &str, span: Span, value: &Spanned<DeValue<'_>>) {
        // The value under a mistyped key may well be a secret (`apikey = "…"`).
        secrets::mask_all(value, &mut self.findings.masks);
        let names: Vec<&str> = known.iter().map(|definition| definition.leaf()).collect();
        let place = if path.is_empty() { "at the top".to_owned() } else { format!("in `{}`", shown(path)) };
        let remedy = match crate::settings::SETTINGS.iter().find(|definition| definition.leaf() == name && !definition.path.contains(".match")) {
            Some(elsewhere) if nearest_is_far(name, &names) => {
                let (parent, _) = elsewhere.path.rsplit_once('.').unwrap_or(("", elsewhere.path));
                format!("did you mean `{name}` in `{}`?", parent.replace('*', "NAME"))
            }
            _ => format!("did you mean `{}`?", closest(name, &names)),
        };
        self.findings.add(Code::UnknownKey, Some(span), format!("unknown key {} {place}", quoted(name)), one_of(&names), remedy);
    }
}

/// Whether no sibling is a likely slip of `name`: none within a third of its letters, and none that contains it.
fn nearest_is_far(name: &str, siblings: &[&str]) -> bool {
    !siblings.iter().any(|sibling| is_slip(name, sibling))
}

/// Whether `name` is likely meant to be `other`: one lies in the other, or a third of the letters at most differ.
pub(crate) fn is_slip(name: &str, other: &str) -> bool {
    name.contains(other) || other.contains(name) || edit_distance(name, other) * 3 <= name.chars().count().max(other.chars().count())
}

/// The name most likely meant: one within two letters, else the nearest by parts left out. Empty where there is none.
pub(crate) fn closest<'n>(name: &str, names: &[&'n str]) -> &'n str {
    let slip = names.iter().copied().min_by_key(|other| edit_distance(name, other)).filter(|other| edit_distance(name, other) <= 2);
    slip.or_else(|| nearest(name, names.iter().copied(), 1).first().copied()).unwrap_or_default()
}

pub(crate) fn below(path: &Path, key: &str) -> Path {
    let mut path = path.clone();
    path.push(key.to_owned());
    path
}

/// What a value is, with its article.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// "`a`, `b` or `c`".
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// The remedy that shows how a setting is written.
pub(crate) fn sample_of(definition: &Definition) -> String {
    match definition.kind {
        Kind::Section | Kind::Named(_) => format!("write `[{}]` and put its settings below", definition.path.replace('*', "NAME")),
        _ => format!("write, for example, `{}`", definition.sample()),
    }
}
