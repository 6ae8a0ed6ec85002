use jeton_context::{git::Git, score::*};
fn main() {
    for path in std::env::args().skip(1) {
        let git = Git::open(std::path::Path::new(&path)).unwrap();
        let t = std::time::Instant::now();
        let s = score(&git, "HEAD", &ScoreOptions::default(), &mut |_, _| {}).unwrap();
        println!("{path} {} cases {} files {:.1?}", s.cases.len(), s.files, t.elapsed());
        for r in Ranker::ALL {
            println!(
                "  {:18} {}",
                r.name(),
                (0..5)
                    .map(|m| {
                        let e = s.estimate(r, m).unwrap();
                        format!("{:.1} [{:.1} {:.1}]", 100.0 * e.mean, 100.0 * e.low, 100.0 * e.high)
                    })
                    .collect::<Vec<_>>()
                    .join("  ")
            );
        }
    }
}
