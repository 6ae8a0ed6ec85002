use super::*;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() < tolerance, "{got} is not {expected}");
}

fn flips(both_passed: u64, fixed: u64, broken: u64, both_failed: u64) -> Flips {
    Flips { both_passed, fixed, broken, both_failed }
}

fn pairs(flips: Flips, cluster: impl Fn(usize) -> usize) -> Vec<Pair> {
    let kinds = [(flips.both_passed, 1.0, 1.0), (flips.fixed, 0.0, 1.0), (flips.broken, 1.0, 0.0), (flips.both_failed, 0.0, 0.0)];
    let scores = kinds.iter().flat_map(|(count, baseline, candidate)| (0..*count).map(|_| (*baseline, *candidate)));
    scores.enumerate().map(|(at, (baseline, candidate))| Pair { cluster: cluster(at), baseline, candidate, weight: 1.0 }).collect()
}

/// Fagerland, Lydersen and Laake 2013 and 2014, airway hyper-responsiveness before and after transplantation: 1, 1, 7 and 12 children.
#[test]
fn published_table() {
    let table = flips(1, 1, 7, 12);
    close(table.mcnemar(), 0.0703, 5e-5);
    close(table.mcnemar_mid_p(), 0.0391, 5e-5);
    let (tango, newcombe) = (table.tango(Level::P95).unwrap(), table.newcombe(Level::P95).unwrap());
    close(tango.low, -0.517, 6e-4);
    close(tango.high, -0.026, 6e-4);
    close(newcombe.low, -0.507, 6e-4);
    close(newcombe.high, -0.026, 6e-4);
}

#[test]
fn mcnemar_by_hand() {
    close(flips(9, 5, 5, 9).mcnemar(), 1.0, 1e-12);
    close(flips(9, 5, 5, 9).mcnemar_mid_p(), 1.0 - 252.0 / 1024.0, 1e-9);
    close(flips(3, 0, 6, 3).mcnemar(), 2.0 / 64.0, 1e-12);
    close(flips(3, 0, 6, 3).mcnemar_mid_p(), 1.0 / 64.0, 1e-12);
    close(flips(3, 0, 0, 3).mcnemar(), 1.0, 0.0 + 1e-15);
    close(flips(3, 0, 0, 3).mcnemar_mid_p(), 1.0, 1e-15);
}

/// Without discordant pairs Tango's interval is ±z²/(n+z²).
#[test]
fn intervals_stand_at_the_edges_of_the_table() {
    let zz = normal_quantile(0.975).powi(2);
    let none = flips(40, 0, 0, 10).tango(Level::P95).unwrap();
    close(none.high, zz / (50.0 + zz), 1e-9);
    close(none.low, -none.high, 1e-9);
    for table in [flips(0, 9, 0, 0), flips(0, 0, 9, 0), flips(0, 5, 4, 0), flips(1, 0, 0, 0), flips(0, 0, 1, 0)] {
        for interval in [table.tango(Level::P95).unwrap(), table.newcombe(Level::P95).unwrap()] {
            assert!(-1.0 <= interval.low && interval.high <= 1.0 && interval.contains((table.fixed as f64 - table.broken as f64) / table.n() as f64));
            assert!(interval.width() > 0.1, "{table:?} {interval:?}");
        }
    }
    assert_eq!((flips(0, 0, 0, 0).tango(Level::P95), flips(0, 0, 0, 0).newcombe(Level::P95)), (None, None));
}

#[test]
fn swapping_the_runs_mirrors_the_interval() {
    for table in [flips(3, 8, 2, 7), flips(0, 1, 6, 30), flips(50, 0, 3, 1)] {
        let swapped = Flips { fixed: table.broken, broken: table.fixed, ..table };
        let (one, other) = (table.tango(Level::P95).unwrap(), swapped.tango(Level::P95).unwrap());
        close(one.low, -other.high, 1e-9);
        close(one.high, -other.low, 1e-9);
    }
}

#[test]
fn the_method_follows_the_data() {
    let table = flips(30, 6, 2, 12);
    let check = |pairs: &[Pair], method, has_interval: bool| {
        let got = difference(pairs, Level::P95).unwrap();
        assert_eq!((got.method, got.interval.is_some()), (method, has_interval));
        got
    };
    let alone = check(&pairs(table, |at| at), Method::Tango, true);
    close(alone.value, 4.0 / 50.0, 1e-12);
    let grouped = check(&pairs(table, |at| at / 5), Method::ClusteredTango, true);
    assert!(grouped.interval.unwrap().width() > alone.interval.unwrap().width());
    check(&pairs(table, |_| 1), Method::ClusteredTango, false);
    check(&pairs(flips(5, 0, 0, 5), |at| at), Method::ClopperPearson, true);
    let graded: Vec<Pair> = (0..9).map(|i| Pair { cluster: i, baseline: 0.5, candidate: i as f64 / 9.0, weight: 1.0 }).collect();
    check(&graded, Method::ClusteredMean, true);
    let costs: Vec<Pair> = (0..9).map(|i| Pair { cluster: i, baseline: 7.5, candidate: 7.5, weight: 1.0 }).collect();
    check(&costs, Method::ClusteredMean, false);
    assert_eq!(difference(&[], Level::P95), None);
    assert_eq!(difference(&[Pair { cluster: 0, baseline: f64::NAN, candidate: 1.0, weight: 1.0 }], Level::P95), None);
}

/// With alone-standing passes and fails the sign-flip test is McNemar's exact test.
#[test]
fn sign_flips_agree_with_mcnemar() {
    let small = flips(2, 7, 1, 2);
    close(sign_flip(&pairs(small, |at| at), 0, 0).unwrap(), small.mcnemar(), 1e-12);
    let large = flips(20, 16, 6, 20);
    close(sign_flip(&pairs(large, |at| at), 20_000, 5).unwrap(), large.mcnemar(), 0.005);
    assert_eq!(sign_flip(&[], 10, 0), None);
    assert_eq!(sign_flip(&[Pair { cluster: 0, baseline: f64::NAN, candidate: 1.0, weight: 1.0 }], 10, 0), None);
    close(sign_flip(&pairs(flips(20, 0, 0, 5), |at| at), 100, 0).unwrap(), 1.0, 1e-12);
}
