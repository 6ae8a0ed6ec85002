//! What `jeton eval` decides, through the real binary: repeats, many candidates at once, gates against what was, and which runs count.

use crate::common::assert_has;
use crate::evals::{HOT, TARGET, broken_from, document, elements, ended, house, number, provider, target};
use jeton_testkit::{Project, Upstream};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Further targets, which the provider knows by their temperature.
const WARM: &str = "[[target]]\nname = \"warm\"\nmodel = \"acme/fast\"\nparams = { max_tokens = 50, temperature = 0.5 }\n";
const MILD: &str = "[[target]]\nname = \"mild\"\nmodel = \"acme/fast\"\nparams = { max_tokens = 50, temperature = 0.2 }\n";

/// How many of the first cases each target is wrong about, by its temperature in tenths; what is not in it knows all.
type Wrong = Arc<Mutex<HashMap<u64, usize>>>;

fn knowing(wrong: &Wrong) -> Upstream {
    let wrong = Arc::clone(wrong);
    Upstream::start(move |exchange| {
        let number = number(exchange);
        let tenths = exchange.request.json()["temperature"].as_f64().map_or(0, |temperature| (temperature * 10.0).round() as u64);
        let is_wrong = wrong.lock().unwrap().get(&tenths).is_some_and(|first| number < *first);
        exchange.document(200, document(&if is_wrong { "who knows".to_owned() } else { format!("answer {number}") }))
    })
}

fn id(document: &Value) -> String {
    document["run"]["id"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned()
}

#[test]
fn repeats_tell_whether_any_and_whether_all_attempts_pass() {
    let asked: Mutex<HashSet<usize>> = Mutex::default();
    // Every fifth case fails at its first attempt, and passes from then on.
    let upstream = Upstream::start(move |exchange| {
        let number = number(exchange);
        let is_first = asked.lock().unwrap().insert(number);
        exchange.document(200, document(&if is_first && number.is_multiple_of(5) { "who knows".to_owned() } else { format!("answer {number}") }))
    });
    let project = house(&upstream, 20, TARGET);
    let run = ended(&project.run(&["eval", "run", "numbers", "--repeats", "3", "--json"]), 0);
    let found = &target(&run, 0)["pass_k"];
    let value = |place: usize, name: &str| found[place][name]["value"].as_f64().unwrap_or_else(|| panic!("{found}"));
    assert_eq!((&found[0]["k"], &found[1]["k"], found.as_array().map(Vec::len)), (&json!(1), &json!(3), Some(2)));
    for (place, any, all) in [(0, 1.0 - 4.0 / 60.0, 1.0 - 4.0 / 60.0), (1, 1.0, 0.8)] {
        assert!((value(place, "pass_at_k") - any).abs() < 1e-9 && (value(place, "pass_hat_k") - all).abs() < 1e-9, "{found}");
    }
    let all = &found[1]["pass_hat_k"];
    assert_eq!((&all["n"], &all["clusters"], &found[1]["cases_short"]), (&json!(20), &json!(20), &json!(0)));
    assert!(all["interval"]["low"].as_f64().unwrap() < 0.8 && all["interval"]["high"].as_f64().unwrap() > 0.8, "{found}");
    assert_has(
        &project.run(&["eval", "show", "numbers"]).stdout,
        &["PASS@K % [95 %]", "PASS^K % [95 %]", "fast", "1", "93.3 [", "fast", "3", "100.0 [", "80.0 ["],
    );
    let once = ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
    assert_eq!(target(&once, 0)["pass_k"], json!([]), "one attempt has its pass rate");
}

/// Sixty cases of which three targets are wrong about the same six. One alone is worse: p is 2/2⁶. Three at once are not: Holm's is three times that.
#[test]
fn of_many_candidates_p_values_are_adjusted_and_decide() {
    let wrong: Wrong = Arc::new(Mutex::new(HashMap::from([(10, 6), (5, 6), (2, 6)])));
    let upstream = knowing(&wrong);
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}{WARM}{MILD}"));
    let run = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    let compare = |more: &[&str]| project.run(&[&["eval", "compare"], more, &["--margin", "1pp"]].concat());
    let members = |more: &[&str], code: i32| ended(&compare(&[more, &["--json"]].concat()), code)["family"]["members"].as_array().unwrap().clone();
    assert_eq!(compare(&["numbers:fast", "numbers:hot"]).code, 1);
    for (more, code, adjusted, verdict) in [
        (&["numbers"][..], 4, 0.093_75, "undecided"),
        (&["numbers:fast", "numbers"], 4, 0.093_75, "undecided"),
        (&["numbers", "--adjust", "bh"], 1, 0.031_25, "worse"),
        (&["numbers", "--adjust", "none"], 1, 0.031_25, "worse"),
    ] {
        let found = members(more, code);
        let names: Vec<&str> = found.iter().map(|member| member["candidate"].as_str().unwrap()).collect();
        assert_eq!(names, ["hot", "warm", "mild"].map(|name| format!("{run}:{name}")));
        for member in found {
            let p = |name: &str| member[name].as_f64().unwrap_or_else(|| panic!("{member}"));
            assert!((p("p") - 0.031_25).abs() < 1e-9 && (p("p_adjusted") - adjusted).abs() < 1e-9, "{more:?}: {member}");
            assert_eq!(member["verdict"], verdict, "{more:?}");
        }
    }
    let told = compare(&["numbers"]);
    assert_has(&told.stdout, &["against", ":fast", "P (HOLM)", "0.0313", "0.0938", "undecided", "adjusted p is at most 0.05"]);
    let against_hot = members(&["numbers:hot"], 4);
    assert_eq!(against_hot.len(), 3, "a target that is named is the baseline of all others");
    let one = house(&provider(Duration::ZERO), 4, TARGET);
    ended(&one.run(&["eval", "run", "numbers", "--json"]), 0);
    assert_eq!(one.run(&["eval", "compare", "numbers"]).code, 2, "one target alone has nothing beside it");
}

#[test]
fn a_gate_over_too_much_missing_says_invalid_everywhere() {
    let upstream = broken_from(48);
    let project = house(&upstream, 60, TARGET);
    let args = ["eval", "gate", "numbers", "--at-least", "0.5", "--whole", "--junit", "junit.xml", "--markdown", "summary.md"];
    let told = project.run(&args);
    assert_eq!(told.code, 5, "{told:?}");
    assert_has(&told.stdout, &["GATE: invalid"]);
    let gate = ended(&project.run(&[&args[..], &["--json"]].concat()), 5);
    assert_eq!(gate["gate"]["decision"], "invalid", "{gate}");
    let junit = std::fs::read_to_string(project.dir().join("junit.xml")).unwrap();
    assert_has(&junit, &["numbers / gate", "<error type=\"invalid\""]);
    assert_eq!(elements(&junit)["error"], 13, "twelve cases and the gate");
    assert_has(&std::fs::read_to_string(project.dir().join("summary.md")).unwrap(), &["**invalid, too much is missing to say**"]);
}

#[test]
fn nothing_is_worse_than_itself_and_the_other_target_is_judged() {
    let upstream = knowing(&Wrong::default());
    let project = house(&upstream, 60, TARGET);
    let itself = ["eval", "gate", "numbers", "--not-worse-than", "fast", "--junit", "junit.xml", "--markdown", "summary.md"];
    let told = project.run(&itself);
    assert_eq!((told.code, upstream.count()), (0, 0), "{told:?}");
    assert_has(&told.stdout, &["GATE: yes", "nothing is worse than itself"]);
    assert_eq!(ended(&project.run(&[&itself[..], &["--json"]].concat()), 0)["gate"]["decision"], "pass");
    assert_eq!(elements(&std::fs::read_to_string(project.dir().join("junit.xml")).unwrap())["testcase"], 1);
    assert_has(&std::fs::read_to_string(project.dir().join("summary.md")).unwrap(), &["`fast` not worse than `fast`", "yes"]);
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    let gate = ended(&project.run(&["eval", "gate", "numbers", "--not-worse-than", "fast", "--margin", "20pp", "--json"]), 0);
    assert_eq!(gate["gate"]["not_worse"]["candidate"], "hot", "{gate}");
}

#[test]
fn a_gate_compares_with_a_target_of_an_earlier_run() {
    let wrong = Wrong::default();
    let upstream = knowing(&wrong);
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    let before = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    let gate = |baseline: &str| project.run(&["eval", "gate", "numbers", "--target", "fast", "--not-worse-than", baseline, "--margin", "20pp", "--json"]);
    let check = |baseline: &str, of: &str, code: i32| {
        let calls = upstream.count();
        let found = ended(&gate(baseline), code);
        assert_eq!(found["gate"]["not_worse"]["baseline"], format!("{before}:{of}"), "{found}");
        assert!(upstream.count() - calls <= 60 && found["gate"]["taken"].as_u64() > Some(0), "only the judged target runs: {found}");
    };
    check(&format!("{before}:hot"), "hot", 0);
    check(&before, "fast", 0);
    wrong.lock().unwrap().insert(0, 40);
    check(&format!("{before}:hot"), "hot", 1);
    check("numbers:hot", "hot", 1);
    assert_eq!((gate("nonsense").code, gate(&format!("{before}:nonsense")).code), (2, 2));
}

/// Two whole runs, then one that the budget ends and one that is invalid.
#[test]
fn runs_that_are_not_whole_or_not_valid_do_not_stand_for_the_last_one() {
    let wrong: Wrong = Arc::new(Mutex::new(HashMap::from([(10, 30)])));
    let upstream = knowing(&wrong);
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    let first = &["eval", "run", "numbers", "--budget", "0.003usd", "--json"];
    let partial = id(&ended(&project.run(first), 4));
    let alone = project.run(&["eval", "compare", "numbers:fast", "numbers:hot"]);
    assert_eq!(alone.code, 2, "{alone:?}");
    assert_has(&alone.stderr, &["no run of `numbers` is finished", &partial, "the budget is spent"]);
    let whole = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    let cut = id(&ended(&project.run(first), 4));
    let chosen = |project: &Project, skipped: &str| {
        let compared = project.run(&["eval", "compare", "numbers:fast", "numbers:hot", "--json"]);
        assert_eq!(compared.code, 1, "{compared:?}");
        assert_eq!(compared.json()["comparison"]["baseline"], format!("{whole}:fast"));
        assert_has(&compared.stderr, &[&format!("{skipped} does not count"), &format!("{whole} is taken")]);
        let size = project.json(&["eval", "size", "numbers", "--detect", "5pp"]);
        assert!(size["basis"].as_str().unwrap().contains(&whole), "{size}");
        assert!(size["passed_over"][0].as_str().unwrap().starts_with(skipped), "{size}");
        assert!((size["usd_per_cell"].as_f64().unwrap() - 0.000_2).abs() < 1e-9, "{size}");
    };
    chosen(&project, &cut);
    let by_id = project.run(&["eval", "compare", &format!("{cut}:fast"), &format!("{cut}:hot")]);
    assert_has(&by_id.stderr, &[&format!("{cut} is taken as it is"), "the budget is spent"]);
}

#[test]
fn an_invalid_run_does_not_stand_for_the_last_one() {
    let is_down = Arc::new(Mutex::new(false));
    let down = Arc::clone(&is_down);
    let upstream = Upstream::start(move |exchange| {
        let number = number(exchange);
        if *down.lock().unwrap() && number.is_multiple_of(2) {
            exchange.document(400, br#"{"error":{"message":"no","type":"invalid_request_error"}}"#)
        } else {
            exchange.document(200, document(&format!("answer {number}")))
        }
    });
    let project = house(&upstream, 20, &format!("{TARGET}{HOT}"));
    *is_down.lock().unwrap() = true;
    ended(&project.run(&["eval", "run", "numbers", "--json"]), 5);
    assert_eq!(project.run(&["eval", "compare", "numbers:fast", "numbers:hot"]).code, 5, "the only run there is says that it is invalid");
    *is_down.lock().unwrap() = false;
    let whole = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    *is_down.lock().unwrap() = true;
    let invalid = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 5));
    let compared = project.run(&["eval", "compare", "numbers:fast", "numbers:hot", "--json"]);
    assert_eq!(compared.json()["comparison"]["baseline"], format!("{whole}:fast"), "{compared:?}");
    assert_has(&compared.stderr, &[&format!("{invalid} does not count: it is invalid")]);
}

/// Runs of one target alone, and gates that ended early, behind the one run that has both.
#[test]
fn the_last_run_of_a_target_is_one_that_has_it() {
    let upstream = knowing(&Arc::new(Mutex::new(HashMap::from([(10, 2)]))));
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    let whole = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    ended(&project.run(&["eval", "run", "numbers", "--target", "fast", "--json"]), 0);
    for turn in 0..22 {
        let gate = project.run(&["eval", "gate", "numbers", "--target", "fast", "--not-worse-than", "numbers:hot", "--margin", "20pp", "--json"]);
        assert_eq!(ended(&gate, 0)["gate"]["not_worse"]["baseline"], format!("{whole}:hot"), "{turn}");
        assert_eq!(gate.json()["gate"]["stopped_early"], true, "each leaves a run that is not whole");
    }
    let compared = project.run(&["eval", "compare", "numbers:hot", "numbers:hot", "--json"]);
    assert_eq!(compared.json()["comparison"]["baseline"], format!("{whole}:hot"), "{compared:?}");
    let compared = project.run(&["eval", "compare", "numbers:hot", "numbers:fast", "--margin", "20pp", "--json"]);
    assert_eq!(compared.code, 0, "{compared:?}");
    assert_has(&compared.stderr, &["17 more newer than"]);
    assert!(project.json(&["eval", "size", "numbers", "--detect", "5pp"])["basis"].as_str().unwrap().contains(&whole));
    let neither = project.run(&["eval", "compare", "numbers:cold", "numbers:fast"]);
    assert_eq!(neither.code, 2, "{neither:?}");
    assert_has(&neither.stderr, &["no run of `numbers` has a target `cold`"]);
}

/// A model's own name as a target's has a slash, and what an earlier run came to is no model to be asked.
#[test]
fn a_gate_looks_up_what_it_asks_and_nothing_else() {
    let upstream = knowing(&Wrong::default());
    let project = house(&upstream, 60, TARGET);
    let gate = |more: &[&str]| project.run(&[&["eval", "gate", "numbers"], more, &["--margin", "20pp", "--json"]].concat());
    let before = id(&ended(&project.run(&["eval", "run", "numbers", "--target", "fast", "--target", "acme/fast", "--json"]), 0));
    let slash = format!("{before}:acme/fast");
    for baseline in [slash.as_str(), "numbers:acme/fast"] {
        let found = ended(&gate(&["--target", "fast", "--not-worse-than", baseline]), 0);
        assert_eq!(found["gate"]["not_worse"]["baseline"], slash.as_str());
    }
    let calls = upstream.count();
    let stranger = gate(&["--not-worse-than", "nobody/knows"]);
    assert_eq!((stranger.code, upstream.count()), (2, calls), "{stranger:?}");
    assert_has(&stranger.stderr, &["nobody/knows", "--not-worse-than"]);
    let unknown = TARGET.replace("acme/fast", "nowhere/gone").replace("\"fast\"", "\"gone\"").replace("concurrency = 4\n", "");
    let project = house(&upstream, 60, &format!("{TARGET}{unknown}"));
    for more in [&["--not-worse-than", "fast"][..], &["--not-worse-than", "gone", "--target", "fast"]] {
        let refused = project.run(&[&["eval", "gate", "numbers"], more].concat());
        assert_eq!((refused.code, upstream.count()), (2, calls), "{more:?}: {refused:?}");
        assert_has(&refused.stderr, &["evals/numbers.toml", "nowhere/gone"]);
    }
}

/// A suite as the baseline is its last run that says something of the judged target.
#[test]
fn a_suite_is_compared_with_by_the_target_that_is_judged() {
    let is_down = Arc::new(Mutex::new(false));
    let down = Arc::clone(&is_down);
    let upstream = Upstream::start(move |exchange| {
        let number = number(exchange);
        if *down.lock().unwrap() && exchange.request.json()["temperature"].is_null() {
            exchange.document(400, br#"{"error":{"message":"no","type":"invalid_request_error"}}"#)
        } else {
            exchange.document(200, document(&format!("answer {number}")))
        }
    });
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    let whole = id(&ended(&project.run(&["eval", "run", "numbers", "--json"]), 0));
    *is_down.lock().unwrap() = true;
    ended(&project.run(&["eval", "run", "numbers", "--json"]), 5);
    *is_down.lock().unwrap() = false;
    let gate = project.run(&["eval", "gate", "numbers", "--target", "fast", "--not-worse-than", "numbers", "--margin", "20pp", "--json"]);
    assert_eq!(ended(&gate, 0)["gate"]["not_worse"]["baseline"], format!("{whole}:fast"));
}

/// Forty cases of which the first calls get no answer: two are a twentieth of the plan, and more of what was done when the answer was clear.
#[test]
fn errors_that_come_early_count_as_shares_of_the_plan() {
    for (errors, code, decision, validity) in [(2, 0, "pass", "valid"), (3, 5, "invalid", "invalid")] {
        for more in [&[][..], &["--whole"]] {
            let left = Mutex::new(errors);
            let upstream = Upstream::start(move |exchange| {
                let number = number(exchange);
                let mut left = left.lock().unwrap();
                if *left > 0 {
                    *left -= 1;
                    exchange.document(400, br#"{"error":{"message":"no","type":"invalid_request_error"}}"#)
                } else {
                    exchange.document(200, document(&format!("answer {number}")))
                }
            });
            let project = house(&upstream, 40, &format!("errors_max = 0.06\n{TARGET}"));
            let found = ended(&project.run(&[&["eval", "gate", "numbers", "--at-least", "0.5", "--json"], more].concat()), code);
            assert_eq!((&found["gate"]["decision"], &target(&found, 0)["validity"]), (&json!(decision), &json!(validity)), "{found}");
            assert_eq!(found["gate"]["stopped_early"], more.is_empty(), "{found}");
        }
    }
}

#[test]
fn where_nothing_passed_no_bound_is_below_zero() {
    let upstream = broken_from(0);
    let project = house(&upstream, 3, TARGET);
    let run = project.run(&["eval", "run", "numbers"]);
    assert!(run.stdout.contains("0.0–100.0") && !run.stdout.contains("-0.0"), "{run:?}");
}
