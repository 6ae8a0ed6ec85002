//! The synthetic project: twelve facts, each in a document of its own, with what contradicts it and what it said before.

use jeton_context::engine::{Engine, EngineOptions};
use jeton_eval::environment::Environment;
use jeton_project::{Pack, PackPlace, PackQuery};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fact of the project.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    /// What is asked for.
    pub(super) thing: &'static str,
    /// What is right.
    pub(super) value: &'static str,
    /// What was right before.
    pub(super) old: &'static str,
    /// What a rumour says.
    pub(super) rumour: &'static str,
}

const fn fact(name: &'static str, thing: &'static str, value: &'static str, old: &'static str, rumour: &'static str) -> Fact {
    Fact { name, thing, value, old, rumour }
}

pub(super) const FACTS: [Fact; 12] = [
    fact("returns", "window for returned kettles", "30 days", "14 days", "99 days"),
    fact("label", "price of a parcel label", "3.90 euros", "2.50 euros", "8.80 euros"),
    fact("warranty", "warranty on porcelain", "24 months", "18 months", "60 months"),
    fact("hotline", "opening hour of the hotline", "8 o'clock", "7 o'clock", "11 o'clock"),
    fact("voucher", "validity of a gift voucher", "36 months", "12 months", "5 months"),
    fact("pickup", "deadline for courier pickup", "16:30", "15:00", "19:45"),
    fact("sample", "weight of a tasting sample", "12 grams", "10 grams", "45 grams"),
    fact("discount", "rebate for wholesale customers", "15 percent", "20 percent", "40 percent"),
    fact("storage", "humidity of the warehouse", "55 percent", "65 percent", "88 percent"),
    fact("invoice", "payment term of an invoice", "21 days", "28 days", "90 days"),
    fact("repair", "duration of a teapot repair", "9 days", "6 days", "33 days"),
    fact("export", "customs limit for export", "150 euros", "22 euros", "700 euros"),
];

impl Fact {
    pub(super) fn unit(&self) -> String {
        format!("doc:{}", self.path())
    }

    fn path(&self) -> String {
        format!("context/facts/{}.md", self.name)
    }

    /// The sentence without which it is not known.
    pub(super) fn sentence(&self, value: &str) -> String {
        format!("The {} is {value}.", self.thing)
    }

    fn document(&self, value: &str) -> String {
        format!("# The {}\n\n{}\n", self.thing, self.sentence(value))
    }

    /// What somebody says who does not know.
    pub(super) fn hearsay(&self) -> String {
        format!("People say that the {} is {}.", self.thing, self.rumour)
    }
}

/// The rule that answers can break.
pub(super) const RULE: &str = "constraint:no-promise";
const RULES: &str = "[defaults]\nowner = \"@desk\"\n\n[[constraint]]\nid = \"no-promise\"\ntext = \"Promise nothing.\"\nseverity = \"error\"\ncheck = { forbid = '(?i)promise' }\n";

/// How a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackKind {
    /// The fact that its scope leaves out.
    pub(super) lacks: Option<usize>,
    /// Whether rumours are in its scope.
    pub(super) rumours: bool,
}

impl PackKind {
    pub(super) fn name(self) -> String {
        let lacks = self.lacks.map_or(String::new(), |fact| format!("-without-{}", FACTS[fact].name));
        format!("desk{lacks}{}", if self.rumours { "-with-rumours" } else { "" })
    }

    fn pack(self) -> Pack {
        let mut scope: Vec<String> = FACTS.iter().enumerate().filter(|(at, _)| Some(*at) != self.lacks).map(|(_, fact)| fact.path()).collect();
        if self.rumours {
            scope.push("context/rumours/**".to_owned());
        }
        let kinds = vec!["doc".to_owned()];
        Pack { scope, kinds, units: Vec::new(), query: PackQuery::LastUser, budget_tokens: 2_000, place: PackPlace::System, hold_out: 0.0 }
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The project in a folder of its own, which goes with it.
#[derive(Debug)]
pub(super) struct World {
    directory: PathBuf,
    /// As it is when causes are looked for.
    pub(super) now: Environment,
    /// As it was when the run was made, for cases whose fact has aged.
    pub(super) then: Environment,
    /// As `then`, with pages that say what they speak of, which is gone: what the catalogue calls out of date by its own anchors.
    pub(super) seen: Environment,
}

impl World {
    pub(super) fn make() -> std::io::Result<Self> {
        let directory = std::env::temp_dir().join(format!("jeton-causes-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let environment = |name: &str, value: &dyn Fn(&Fact) -> &'static str, is_anchored: bool| {
            let root = directory.join(name);
            write(&root, value, is_anchored)?;
            let engine = Engine::open(&root, EngineOptions { with_code: false, ..EngineOptions::default() });
            Ok::<_, std::io::Error>(Environment::new(Some(Arc::new(engine)), packs(), "2026-11-01"))
        };
        Ok(Self {
            now: environment("now", &|fact| fact.value, false)?,
            then: environment("then", &|fact| fact.old, false)?,
            seen: environment("seen", &|fact| fact.old, true)?,
            directory,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn write(root: &Path, value: &dyn Fn(&Fact) -> &'static str, is_anchored: bool) -> std::io::Result<()> {
    for folder in ["context/facts", "context/rumours"] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    std::fs::write(root.join("context/rules.toml"), RULES)?;
    for fact in &FACTS {
        // What the anchor names is nowhere: it is gone since the page was written.
        let front = if is_anchored { format!("---\nanchors: [data/{}.toml]\n---\n", fact.name) } else { String::new() };
        std::fs::write(root.join(fact.path()), front + &fact.document(value(fact)))?;
        let rumour = format!("# Rumours of the {}\n\n{}\n", fact.thing, fact.hearsay());
        std::fs::write(root.join(format!("context/rumours/{}.md", fact.name)), rumour)?;
    }
    Ok(())
}

fn packs() -> BTreeMap<String, Pack> {
    let lacks = (0..FACTS.len()).map(Some).chain([None]);
    let kinds = lacks.flat_map(|lacks| [false, true].map(|rumours| PackKind { lacks, rumours }));
    kinds.map(|kind| (kind.name(), kind.pack())).collect()
}
