//! Packs in files of their own, and the checks of packs and of what names them.

use crate::decode::{Decoder, below, one_of};
use crate::diagnostic::Code;
use crate::forms::{self, quoted};
use crate::references::Checker;
use crate::snapshot::Snapshot;
use crate::tree::{Path, Tree, owned, shown};
use jeton_core::nearest;
use toml::de::DeTable;

impl Decoder<'_> {
    /// A file that holds the keys of the pack `name` at its top.
    pub(crate) fn pack(&mut self, name: &str, table: &DeTable<'_>) {
        let path = below(&Path::from(["packs".to_owned()]), name);
        if let Err(complaint) = (forms::PACK.check)(name) {
            let remedy = complaint.remedy.unwrap_or_else(|| "rename the file, for example to `refunds.toml`".to_owned());
            self.findings.add(complaint.code, Some(0..0), format!("the name of the file: {}", complaint.message), forms::PACK.expected, remedy);
        }
        self.tree.tables.insert(owned(&["packs"]), Some(0..0));
        self.tree.tables.insert(path.clone(), Some(0..0));
        self.table("packs.*", &path, table);
    }
}

/// Adds what the file of the pack `name` says to `tree`. False where the pack stands there already.
pub(crate) fn adopt(tree: &mut Tree, name: &str, more: Tree) -> bool {
    if tree.has_table(&["packs", name]) {
        return false;
    }
    for (path, span) in more.tables {
        tree.tables.entry(path).or_insert(span);
    }
    tree.found.extend(more.found);
    tree.refused.extend(more.refused);
    true
}

impl Checker<'_> {
    /// Every class names a pack that exists, and so does the model that embeds.
    pub(crate) fn packs(&mut self, snapshot: &Snapshot) {
        let known: Vec<&str> = snapshot.packs.keys().map(String::as_str).collect();
        for (name, class) in &snapshot.classes {
            let Some(pack) = class.pack.as_ref().filter(|pack| !snapshot.packs.contains_key(*pack)) else { continue };
            let message = format!("`{}` attaches the pack {}, which does not exist", shown(&owned(&["classes", name])), quoted(pack));
            let (expected, remedy) = match nearest(pack, known.iter().copied(), 1).first() {
                Some(close) => (format!("a pack: {}", one_of(&known)), format!("did you mean `{close}`? Otherwise add `[packs.{pack}]`")),
                None => ("the name of a pack".to_owned(), format!("add `[packs.{pack}]`, or a file `context/packs/{pack}.toml`")),
            };
            self.add(Code::UnknownName, &["classes", name, "pack"], message, &expected, remedy);
        }
        if let Some(model) = &snapshot.context.embeddings {
            let span = self.tree.span(&["context", "embeddings"]);
            self.model_exists(snapshot, model, "`context.embeddings`", span);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Code, PackQuery, PackText, Report, Snapshot, load_with_packs};

    fn read(text: &str, packs: &[(&str, &str)]) -> Result<Snapshot, Report> {
        let packs: Vec<PackText> = packs
            .iter()
            .map(|(name, text)| PackText { name: (*name).into(), path_label: format!("context/packs/{name}.toml"), text: (*text).into() })
            .collect();
        load_with_packs("jeton.toml", text, &packs, &|_| None)
    }

    #[track_caller]
    fn refused(text: &str, packs: &[(&str, &str)], expected: &[(&str, usize, Code)]) -> Report {
        let report = read(text, packs).unwrap_err();
        let found: Vec<_> = report.diagnostics.iter().map(|one| (one.file.as_str(), one.line, one.code)).collect();
        assert_eq!(found, expected, "{report}");
        report
    }

    #[test]
    fn a_pack_has_defaults_and_says_what_it_says() {
        let snapshot = read(
            "[packs.a]\n[packs.b]\nscope = ['docs/**']\nkinds = ['code']\nunits = ['doc:*']\nquery = { header = 'X-Task' }\nplace = 'user'\nhold_out = 0.02\n",
            &[("c", "query = { text = 'refunds' }\n")],
        )
        .unwrap();
        let (a, b, c) = (&snapshot.packs["a"], &snapshot.packs["b"], &snapshot.packs["c"]);
        assert_eq!((a.kinds.join(" "), a.budget_tokens, a.hold_out), ("constraint doc schema example skill".to_owned(), 4_000, 0.0));
        assert_eq!((&a.query, b.query.clone()), (&PackQuery::LastUser, PackQuery::Header("x-task".into())));
        assert_eq!((b.kinds.join(" "), b.scope.join(" "), b.hold_out), ("code".to_owned(), "docs/**".to_owned(), 0.02));
        assert!(b.units[0].matches("doc:x") && c.query == PackQuery::Text("refunds".into()));
        let origins: Vec<String> = snapshot.effective().iter().filter(|one| one.path.starts_with("packs.c.query")).map(|one| one.origin.to_string()).collect();
        assert_eq!(origins, ["context/packs/c.toml:1"]);
    }

    #[test]
    fn mistakes_in_pack_files_have_their_own_places() {
        let report = refused(
            "[classes.k]\npack = 'refund'\n",
            &[("refunds", "# one\nbudget = 3\nkinds = ['docs', 7]\n"), ("none", ""), ("z", "hold_out = 0.5\nquery = 'last'\nscope = ['/etc/*']\n")],
            &[
                ("jeton.toml", 2, Code::UnknownName),
                ("context/packs/refunds.toml", 2, Code::UnknownKey),
                ("context/packs/refunds.toml", 3, Code::BadValue),
                ("context/packs/refunds.toml", 3, Code::WrongType),
                ("context/packs/none.toml", 1, Code::BadValue),
                ("context/packs/z.toml", 1, Code::BadValue),
                ("context/packs/z.toml", 2, Code::BadValue),
                ("context/packs/z.toml", 3, Code::BadValue),
            ],
        );
        assert!(report.diagnostics[0].remedy.contains("`refunds`") && report.diagnostics[1].remedy.contains("`budget_tokens`"), "{report}");
    }

    #[test]
    fn the_model_that_embeds_is_one_of_a_provider() {
        let embeddings = |text: &str| read(text, &[]).map(|snapshot| snapshot.context.embeddings);
        assert_eq!(embeddings("").unwrap(), None);
        assert_eq!(embeddings("[context]\nembeddings = 'twin/steady'\n").unwrap().as_deref(), Some("twin/steady"));
        refused("[context]\nembeddings = 'acme/small'\n", &[], &[("jeton.toml", 2, Code::UnknownName)]);
        refused("[context]\nembeddings = 'small'\n", &[], &[("jeton.toml", 2, Code::BadValue)]);
    }

    #[test]
    fn a_pack_stands_in_one_place() {
        refused("[packs.a]\n", &[("a", "place = 'user'\n")], &[("context/packs/a.toml", 1, Code::Conflict)]);
        refused("[packs.b]\nplace = 'up'\n", &[("a", "place = \n")], &[("jeton.toml", 2, Code::BadValue), ("context/packs/a.toml", 1, Code::Syntax)]);
    }

    #[test]
    fn a_pack_in_a_file_changes_the_digest() {
        let digest = |text: &str| read("", &[("a", text)]).unwrap().digest;
        assert_ne!(digest("budget_tokens = 5"), digest("budget_tokens = 6"));
        assert_ne!(digest(""), read("", &[]).unwrap().digest);
        assert_eq!(digest("budget_tokens = 5"), read("[packs.a]\nbudget_tokens = 5", &[]).unwrap().digest);
    }
}
