use jeton_context::{git::Git, index::Index, rank::*, score::cases, tree::*};
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let git = Git::open(std::path::Path::new(&args[1])).unwrap();
    let most: usize = args[2].parse().unwrap();
    let t = std::time::Instant::now();
    let log = git.log("HEAD", 20000).unwrap();
    let history = History::new(&log);
    eprintln!("log {} in {:?}", log.len(), t.elapsed());
    let cases = cases(&git, &log, most).unwrap();
    eprintln!("{} cases in {:?}", cases.len(), t.elapsed());
    let mut index = Index::new();
    let mut out = std::io::BufWriter::new(std::fs::File::create(&args[3]).unwrap());
    for case in &cases {
        let tree = RevisionTree::open(&git, &case.parent, &TreeOptions::default()).unwrap();
        let view = index.view(&tree);
        let corpus = Corpus { index: &index, view: &view, history: Some(&history), unseen_commits: case.position };
        let query = Query::new(&case.query);
        let rows = dump(&corpus, &query);
        writeln!(out, "#\t{}\t{}\t{}", case.commit, view.files().len(), case.query.replace("\n", " ")).unwrap();
        for f in &case.files { writeln!(out, "+\t{}\t{}", f.path, f.hunks.len()).unwrap(); }
        for (path, role, file_bm25, e) in rows {
            writeln!(out, "{}\t{:?}\t{:.4}\t{}", path, role, file_bm25, e.0.iter().map(|x| format!("{x:.4}")).collect::<Vec<_>>().join("\t")).unwrap();
        }
    }
    eprintln!("done in {:?}, {} blobs", t.elapsed(), index.len());
}
