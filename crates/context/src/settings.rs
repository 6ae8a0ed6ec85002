//! What the project's settings say of its context, held against the catalogue: packs that cannot be compiled, classes that there are not.

use crate::catalogue::matches_pattern;
use crate::compile::{CompileError, Hindrance, Request, Today, hindrances};
use crate::engine::{Desk, Engine};
use crate::{Finding, Kind, Place, Severity, Unit};
use globset::{Glob, GlobSetBuilder};
use jeton_core::nearest;

/// A pack as the settings say it.
#[derive(Clone, Debug, Default)]
pub struct PackUse {
    /// Its name.
    pub name: String,
    /// The file that says it.
    pub path: String,
    /// Ids or patterns of units that must be there.
    pub units: Vec<String>,
    /// Globs of paths; empty: everything.
    pub scope: Vec<String>,
    /// Kinds of units; empty: all.
    pub kinds: Vec<Kind>,
    /// The most tokens.
    pub budget_tokens: u64,
    /// The classes whose calls get it.
    pub classes: Vec<String>,
}

/// What the settings say.
#[derive(Clone, Debug, Default)]
pub struct ContextUse {
    /// The packs.
    pub packs: Vec<PackUse>,
    /// The names of the classes; empty where the settings have none.
    pub classes: Vec<String>,
}

/// What is wrong with packs and with the classes that units name, on the day `today`; by place and code.
#[must_use]
pub fn check(engine: &Engine, uses: &ContextUse, today: &str) -> Vec<Finding> {
    let desk = engine.desk();
    let mut found = unknown_classes(desk.catalogue.units(), &uses.classes);
    for pack in &uses.packs {
        Pack { engine, desk: &desk, pack, today: Today(today) }.check(&mut found);
    }
    found.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
    found.dedup();
    found
}

/// Units that are for classes only of which the settings have none. Where the settings have no class at all, names are free.
fn unknown_classes(units: &[Unit], classes: &[String]) -> Vec<Finding> {
    let is_known = |pattern: &String| classes.iter().any(|class| matches_pattern(pattern, class));
    let dead = |unit: &&Unit| !unit.scope.classes.is_empty() && !unit.scope.classes.iter().any(is_known);
    let finding = |unit: &Unit| {
        let only = unit.scope.classes.join("`, `");
        let message = format!("`{}` is for the class `{only}` only, and the settings have no such class: it is never there", unit.id);
        let near = nearest(&unit.scope.classes[0], classes.iter().map(String::as_str), 1);
        let remedy = near.first().map_or_else(|| "name a class of jeton.toml".to_owned(), |near| format!("did you mean `{near}`?"));
        Finding::new("unknown-class", Severity::Warning, unit.place.clone(), message, remedy).about(unit)
    };
    if classes.is_empty() { Vec::new() } else { units.iter().filter(dead).map(finding).collect() }
}

struct Pack<'a> {
    engine: &'a Engine,
    desk: &'a Desk,
    pack: &'a PackUse,
    today: Today<'a>,
}

impl Pack<'_> {
    fn check(&self, found: &mut Vec<Finding>) {
        let mut known = Vec::new();
        for name in &self.pack.units {
            match self.desk.catalogue.find(name).as_slice() {
                [] => found.push(self.unknown(name)),
                units => known.push((name, units.to_vec())),
            }
        }
        found.extend(self.empty_scope());
        let classes: Vec<Option<&str>> = self.pack.classes.iter().map(|class| Some(class.as_str())).collect();
        for class in if classes.is_empty() { vec![None] } else { classes } {
            self.check_for(class, &known, found);
        }
    }

    fn request<'r>(&'r self, class: Option<&'r str>, mandatory: &'r [String]) -> Request<'r> {
        Request {
            task: "",
            budget_tokens: self.pack.budget_tokens,
            vocabulary: self.engine.vocabulary(),
            kinds: &self.pack.kinds,
            paths: &self.pack.scope,
            class,
            model: None,
            key: None,
            mandatory,
            held_out: &[],
            today: self.today,
        }
    }

    /// What the calls of a class would get, and be refused for.
    fn check_for(&self, class: Option<&str>, known: &[(&String, Vec<&Unit>)], found: &mut Vec<Finding>) {
        let mut mandatory = Vec::new();
        for (name, units) in known {
            let without = self.request(class, &[]);
            // Which key and which model call is not known here; a pack that no class has may be asked for by calls of any.
            let matters = |hindrance: &Hindrance| match hindrance {
                Hindrance::NotBefore(_) | Hindrance::Until(_) => true,
                Hindrance::Classes(..) => class.is_some(),
                _ => false,
            };
            let why: Vec<Vec<Hindrance>> = units.iter().map(|unit| hindrances(unit, &without).into_iter().filter(matters).collect()).collect();
            match why.iter().find(|why| why.is_empty()) {
                Some(_) => mandatory.push((*name).clone()),
                None => found.push(self.hindered(name, &why[0], class)),
            }
        }
        if let Err(CompileError::TooSmall { needed_tokens, units, .. }) = self.engine.compile(&self.request(class, &mandatory)) {
            let largest: Vec<String> = units.iter().take(3).map(|(id, tokens)| format!("{id} ({tokens})")).collect();
            let message = format!(
                "what must be there{} takes {needed_tokens} tokens, and the pack `{}` has {}: every such call is refused; the largest: {}",
                of_class(class),
                self.pack.name,
                self.pack.budget_tokens,
                largest.join(", ")
            );
            found.push(self.finding(
                "pack-over-budget",
                Severity::Error,
                "",
                message,
                format!("set budget_tokens = {needed_tokens} or more, or make less mandatory"),
            ));
        }
    }

    fn unknown(&self, name: &str) -> Finding {
        let ids = self.desk.catalogue.units().iter().map(|unit| unit.id.as_str());
        let near = nearest(name, ids, 1);
        let remedy = near.first().map_or_else(|| "name a unit by its id; `jeton context list` shows them".to_owned(), |near| format!("did you mean `{near}`?"));
        let message = format!("the pack `{}` must hold `{name}`, and no unit is called so: every call with it is refused", self.pack.name);
        self.finding("pack-unknown-unit", Severity::Error, name, message, remedy)
    }

    fn hindered(&self, name: &str, why: &[Hindrance], class: Option<&str>) -> Finding {
        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
        let message =
            format!("the pack `{}` must hold `{name}`{}, and cannot: {}; every such call is refused", self.pack.name, of_class(class), why.join("; "));
        let remedy = "take it out of the pack's units, or give it a scope and days that hold";
        self.finding("pack-unit-out-of-scope", Severity::Error, name, message, remedy.to_owned())
    }

    /// A scope in which there is nothing that the pack could take.
    fn empty_scope(&self) -> Option<Finding> {
        let mut set = GlobSetBuilder::new();
        self.pack.scope.iter().filter_map(|glob| Glob::new(glob).ok()).for_each(|glob| {
            set.add(glob);
        });
        let set = set.build().ok().filter(|set| !set.is_empty())?;
        let is_kind = |kind: Kind| self.pack.kinds.is_empty() || self.pack.kinds.contains(&kind);
        let has_unit = self.desk.catalogue.units().iter().any(|unit| is_kind(unit.kind) && set.is_match(&*unit.place.path));
        let has_file = is_kind(Kind::Code) && self.desk.tree.files().iter().any(|file| set.is_match(&*file.path));
        let message = format!("the scope of the pack `{}` takes in nothing that it could give: {}", self.pack.name, self.pack.scope.join(", "));
        let remedy = "write globs from the project's directory, such as context/**, and kinds that are there".to_owned();
        (!has_unit && !has_file).then(|| self.finding("pack-empty-scope", Severity::Warning, "scope", message, remedy))
    }

    /// A finding at the line of the pack's file that has `near`, below the line that names the pack where the file has others too.
    fn finding(&self, code: &'static str, severity: Severity, near: &str, message: String, remedy: String) -> Finding {
        let text = self.desk.tree.text(&self.pack.path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let heads = [format!("[packs.{}]", self.pack.name), format!("[packs.\"{}\"]", self.pack.name)];
        let head = lines.iter().position(|line| heads.iter().any(|head| line.trim_start().starts_with(head.as_str())));
        let from = head.unwrap_or(0);
        let end = lines.iter().skip(from + 1).position(|line| line.starts_with('[')).map_or(lines.len(), |at| from + 1 + at);
        let at = (from..end.min(lines.len())).find(|&at| !near.is_empty() && lines[at].contains(near)).or(head);
        let place =
            at.map_or_else(|| Place::file(self.pack.path.as_str()), |at| Place::line(self.pack.path.as_str(), u32::try_from(at + 1).unwrap_or(u32::MAX)));
        let mut finding = Finding::new(code, severity, place, message, remedy);
        finding.owners = self.desk.catalogue.owners_of(&self.pack.path);
        finding
    }
}

fn of_class(class: Option<&str>) -> String {
    class.map_or_else(String::new, |class| format!(" for the class `{class}`"))
}

#[cfg(test)]
mod tests;
