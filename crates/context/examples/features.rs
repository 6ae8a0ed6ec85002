use jeton_context::{git::Git, index::Index, rank::*, score::cases, tree::*};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let git = Git::open(std::path::Path::new(&args[1])).unwrap();
    let most: usize = args[2].parse().unwrap();
    let log = git.log("HEAD", 20000).unwrap();
    let history = History::new(&log);
    let cases = cases(&git, &log, most).unwrap();
    let mut index = Index::new();
    let (mut r5, mut r10, mut mrr) = (0.0, 0.0, 0.0);
    let mut time = std::time::Duration::ZERO;
    for case in &cases {
        let tree = RevisionTree::open(&git, &case.parent, &TreeOptions::default()).unwrap();
        let view = index.view(&tree);
        let corpus = Corpus { index: &index, view: &view, history: Some(&history), unseen_commits: case.position };
        let t = std::time::Instant::now();
        let ranked = rank(&corpus, &Query::new(&case.query));
        time += t.elapsed();
        let hit: Vec<bool> = ranked.iter().map(|r| case.files.iter().any(|f| *f.path == *view.files()[r.file].path)).collect();
        let n = case.files.len() as f64;
        let top = |k: usize| hit.iter().take(k).filter(|h| **h).count() as f64 / n;
        r5 += top(5);
        r10 += top(10);
        mrr += hit.iter().position(|h| *h).map_or(0.0, |p| 1.0 / (p + 1) as f64);
    }
    let n = cases.len() as f64;
    println!(
        "{} cases {} R5 {:.1} R10 {:.1} MRR {:.1} rank {:.1} ms",
        args[1],
        cases.len(),
        100.0 * r5 / n,
        100.0 * r10 / n,
        100.0 * mrr / n,
        time.as_secs_f64() * 1000.0 / n
    );
}
