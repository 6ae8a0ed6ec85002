use jeton_context::{compile::*, engine::*, git::Git, score::*};
use std::time::Instant;
fn main() {
    let mode = std::env::args().nth(1).unwrap();
    for path in std::env::args().skip(2) {
        let path = std::path::Path::new(&path);
        if mode == "score" {
            let git = Git::open(path).unwrap();
            let t = Instant::now();
            let s = score(&git, "HEAD", &ScoreOptions::default(), &mut |_, _| {}).unwrap();
            println!("{} {} cases {} files {:.1?}", path.display(), s.cases.len(), s.files, t.elapsed());
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
        } else {
            for _ in 0..2 {
                let t = Instant::now();
                let engine = Engine::open(path, EngineOptions { cache: Some("/tmp/jcache".into()), ..Default::default() });
                println!("open {:?} {:?} units {}", t.elapsed(), engine.desk().size(), engine.desk().catalogue.units().len());
                let t = Instant::now();
                engine.save().unwrap();
                println!("save {:?}", t.elapsed());
                for task in [
                    "Fix retry of rate limited requests in the anthropic provider",
                    "clickhouse migration fails when table exists",
                    "gateway returns wrong usage for streaming",
                ] {
                    let t = Instant::now();
                    let request = Request {
                        task,
                        budget_tokens: 8192,
                        vocabulary: Default::default(),
                        kinds: &[],
                        paths: &[],
                        class: None,
                        model: None,
                        key: None,
                        mandatory: &[],
                        held_out: None,
                        today: Today("2026-11-25"),
                    };
                    let mut best = std::time::Duration::MAX;
                    for _ in 0..30 {
                        let t = Instant::now();
                        let _ = engine.compile(&request);
                        best = best.min(t.elapsed());
                    }
                    let s = (0..30)
                        .map(|_| {
                            let t = Instant::now();
                            let _ = engine.search(task);
                            t.elapsed()
                        })
                        .min()
                        .unwrap();
                    println!("best of 30: {best:?} search {s:?}");
                    match engine.compile(&request) {
                        Ok(c) => {
                            println!("compile {:?} {} tokens {} spans", t.elapsed(), c.manifest.tokens, c.manifest.spans.len());
                            for s in &c.manifest.spans {
                                println!("   {} {:?} {} {} {}", s.place, s.view, s.tokens, s.unit, s.why);
                            }
                        }
                        Err(e) => println!("{e}"),
                    }
                }
                let t = Instant::now();
                engine.refresh();
                println!("refresh {:?}", t.elapsed());
            }
        }
    }
}
