//! What is embedded: units, and files of code by their names.

use crate::code::Language;
use crate::index::{Index, View, ViewFile};
use crate::{Catalogue, Digest, Kind, Unit};

/// Characters of a text that are embedded; models take no more than some thousand tokens.
const TEXT_CHARS_MAX: usize = 6_000;
/// Texts of a project that are embedded at most, units first: 1,536 numbers each are compared within some 50 ms, 4,000 of them within 4 ms.
pub(super) const TEXTS_MAX: usize = 20_000;

/// A text's place: a unit's in the catalogue, or a file's in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Unit(usize),
    File(usize),
}

/// The texts of a project for one model, by digest; `None` where something is not embedded.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(super) units: Vec<Option<Digest>>,
    pub(super) files: Vec<Option<Digest>>,
}

impl Texts {
    /// The texts of all units that are no code, and of all files of code whose text no unit has.
    pub(crate) fn new(model: &str, catalogue: &Catalogue, index: &Index, view: &View) -> Self {
        let mut left = TEXTS_MAX;
        let mut digest = |text: Option<String>| {
            let text = text.filter(|_| left > 0)?;
            left -= 1;
            Some(Digest::of_parts(&[model.as_bytes(), text.as_bytes()]))
        };
        let units = catalogue.units().iter().map(|unit| digest(of_unit(unit))).collect();
        let is_code = |file: &&ViewFile| Language::from_path(&file.path).is_some() && !catalogue.has_units_of(&file.path);
        let files = view.files().iter().map(|file| digest(Some(file).filter(is_code).and_then(|file| of_file(index, file)))).collect();
        Self { units, files }
    }

    /// Every text with its place, units first.
    pub(super) fn all(&self) -> impl Iterator<Item = (Digest, Which)> {
        let units = self.units.iter().enumerate().filter_map(|(place, digest)| Some(((*digest)?, Which::Unit(place))));
        units.chain(self.files.iter().enumerate().filter_map(|(place, digest)| Some(((*digest)?, Which::File(place)))))
    }
}

/// The text at a place of the catalogue or view.
pub(crate) fn text_of(which: Which, catalogue: &Catalogue, index: &Index, view: &View) -> Option<String> {
    match which {
        Which::Unit(place) => catalogue.units().get(place).and_then(of_unit),
        Which::File(place) => view.files().get(place).and_then(|file| of_file(index, file)),
    }
}

/// Title and text, without secrets.
fn of_unit(unit: &Unit) -> Option<String> {
    if unit.kind == Kind::Code {
        return None;
    }
    // What is cut off anyway need not be looked through; a secret at the border is looked at whole.
    let body: String = unit.body.chars().take(2 * TEXT_CHARS_MAX).collect();
    cut(&crate::standing::masked(&format!("{}\n\n{body}", unit.title)))
}

/// The path and what the file defines, in its order, each name once: no file is read for it.
fn of_file(index: &Index, file: &ViewFile) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for symbol in &index.blob(file.blob).symbols {
        let name = index.name_of(symbol.name);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() >= NAMES_MAX {
            break;
        }
    }
    cut(&crate::standing::masked(&format!("{}\n{}", file.path, names.join(", "))))
}

/// Names of a file that are embedded at most.
const NAMES_MAX: usize = 300;

/// The first characters of a text; none where it says nothing.
pub(super) fn cut(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(TEXT_CHARS_MAX).collect())
}
