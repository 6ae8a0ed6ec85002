use jeton_context::{git::Git, index::Index, rank::*, score::cases, tree::*};
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let git = Git::open(std::path::Path::new(&args[1])).unwrap();
    let log = git.log("HEAD", 20000).unwrap();
    let history = History::new(&log);
    let cases = cases(&git, &log, 150).unwrap();
    let mut index = Index::new();
    let mut out = std::io::BufWriter::new(std::fs::File::create(&args[2]).unwrap());
    for case in &cases {
        let tree = RevisionTree::open(&git, &case.parent, &TreeOptions::default()).unwrap();
        let view = index.view(&tree);
        let corpus = Corpus { index: &index, view: &view, history: Some(&history), unseen_commits: case.position };
        writeln!(out, "#\t{}\t{}\t", case.commit, view.files().len()).unwrap();
        for f in &case.files {
            writeln!(out, "+\t{}", f.path).unwrap();
        }
        for r in rank(&corpus, &Query::new(&case.query)) {
            let f = &view.files()[r.file];
            writeln!(out, "{}\t{:?}\t{}", f.path, f.role, r.evidence.0.iter().map(|x| format!("{x:.4}")).collect::<Vec<_>>().join("\t")).unwrap();
        }
    }
}
