use jeton_context::{git::Git, index::Index, rank::*, score::cases, tree::*};
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let git = Git::open(std::path::Path::new(&args[1])).unwrap();
    let most: usize = args[2].parse().unwrap();
    let log = git.log("HEAD", 20000).unwrap();
    let history = History::new(&log);
    let cases = cases(&git, &log, most).unwrap();
    let mut index = Index::new();
    let mut out = std::io::BufWriter::new(std::fs::File::create(&args[3]).unwrap());
    for case in &cases {
        let tree = RevisionTree::open(&git, &case.parent, &TreeOptions::default()).unwrap();
        let view = index.view(&tree);
        let corpus = Corpus { index: &index, view: &view, history: Some(&history), unseen_commits: case.position };
        let ranked = rank(&corpus, &Query::new(&case.query));
        let total: usize = case.files.iter().map(|f| f.hunks.len()).sum();
        writeln!(out, "#\t{}\t{}", case.commit, total).unwrap();
        let mut base = 0;
        let mut hunks: std::collections::HashMap<&str, (usize, &Vec<jeton_context::git::Hunk>)> = Default::default();
        for f in &case.files {
            hunks.insert(&f.path, (base, &f.hunks));
            base += f.hunks.len();
        }
        for (r, f) in ranked.iter().take(30).enumerate() {
            let file = &view.files()[f.file];
            let text = tree.text(&file.path).unwrap_or_default();
            for (c, (a, b, s, e)) in index.chunk_lines(file).into_iter().enumerate() {
                let score = f.chunks.get(c).copied().unwrap_or(0.0);
                let mut ids = vec![];
                if let Some((base, hs)) = hunks.get(&*file.path) {
                    for (k, h) in hs.iter().enumerate() {
                        let (x, y) = if h.old_lines == 0 { (h.old_start, h.old_start + 1) } else { (h.old_start, h.old_start + h.old_lines - 1) };
                        if x <= b && y >= a {
                            ids.push((base + k).to_string());
                        }
                    }
                }
                if score == 0.0 && ids.is_empty() && c != 0 && r > 6 {
                    continue;
                }
                let Some(piece) = text.get(s as usize..e as usize) else { continue };
                let tokens = jeton_text::Vocabulary::O200kBase.count(piece);
                writeln!(out, "{r}\t{:.3}\t{}\t{c}\t{}\t{score:.3}\t{tokens}\t{}", f.score, file.role as u8, index.chunk_lines(file).len(), ids.join(","))
                    .unwrap();
            }
        }
    }
}
