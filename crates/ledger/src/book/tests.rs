//! The book against a plain model of it, under events in any order.

use super::*;
use crate::{AccountConfig, Budget, Window, chain};
use jeton_core::SeededRandom;
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;

fn account(name: &str, parent: Option<&str>, budget: Option<(i64, Window)>) -> AccountConfig {
    let budget = budget.map(|(amount, window)| Budget { amount: Nanousd(amount), window, timezone: "UTC".into() });
    AccountConfig { name: name.into(), parent: parent.map(Into::into), budget }
}

fn accounts() -> Vec<AccountConfig> {
    vec![
        account("acme", None, Some((1_000, Window::Total))),
        account("support", Some("acme"), Some((300, Window::Hour))),
        account("research", Some("acme"), None),
        account("key:ci", Some("support"), Some((120, Window::Day))),
        account("key:lab", Some("research"), None),
    ]
}

fn book(accounts: Vec<AccountConfig>, now: i64) -> Book {
    let mut book = Book::new();
    let plan = Plan::new(accounts, Timestamp(now)).unwrap();
    let spent = vec![Nanousd::ZERO; plan.accounts.len()];
    book.configure(plan, &spent);
    book
}

fn ask(call: i64, leaf: &str, floor: i64, want: i64) -> Ask {
    let accounts = chain(leaf, &accounts());
    Ask {
        call: CallId::from_i64(call),
        accounts,
        class: "c".into(),
        model: "m".into(),
        floor: Nanousd(floor),
        want: Nanousd(want),
        lease_ms: HOUR_MS,
        simulated: false,
    }
}

fn figures(book: &mut Book, name: &str, now: i64) -> (i64, i64) {
    let standing = book.standings(Timestamp(now)).into_iter().find(|standing| standing.name == name).unwrap();
    (standing.spent.0, standing.held.0)
}

fn settle(book: &mut Book, call: i64, charged: i64, now: i64) -> Settlement {
    book.settle(CallId::from_i64(call), &["key:ci".into()], Nanousd(charged), Timestamp(now))
}

#[test]
fn a_hold_is_what_the_tightest_account_affords() {
    let mut book = book(accounts(), 0);
    let hold = book.admit(&ask(1, "key:ci", 10, 200), Timestamp(0)).unwrap();
    assert_eq!(hold, Hold { amount: Nanousd(120), limited_by: Some("key:ci".into()) });
    let refusal = book.admit(&ask(2, "key:ci", 1, 5), Timestamp(0)).unwrap_err();
    assert_eq!(
        (refusal.account.as_str(), refusal.held, refusal.budget, refusal.renews_at),
        ("key:ci", Nanousd(120), Nanousd(120), Some(Timestamp(24 * HOUR_MS)))
    );
    assert!(book.admit(&ask(2, "key:ci", 0, 5), Timestamp(0)).is_err(), "a hold of nothing is no hold");
    assert_eq!(book.admit(&ask(3, "support", 1, 170), Timestamp(0)).unwrap().amount, Nanousd(170));
    assert_eq!(book.admit(&ask(4, "support", 11, 50), Timestamp(0)).unwrap_err().account, "support");
    assert_eq!(book.admit(&ask(5, "key:lab", 1, 5_000), Timestamp(0)).unwrap().amount, Nanousd(710));
}

#[test]
fn a_refusal_touches_no_account() {
    let mut book = book(accounts(), 0);
    let before = book.standings(Timestamp(0));
    book.admit(&ask(1, "key:ci", 121, 200), Timestamp(0)).unwrap_err();
    assert_eq!(book.standings(Timestamp(0)), before);
    assert_eq!(book.open_holds(), 0);
}

#[test]
fn debt_is_seen_by_the_next_admission_and_frees_by_renewal() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "support", 10, 10), Timestamp(0)).unwrap();
    assert_eq!(settle(&mut book, 1, 350, 5), Settlement::Settled { at: Timestamp(0), held: Nanousd(10) });
    let refusal = book.admit(&ask(2, "support", 0, 1), Timestamp(10)).unwrap_err();
    assert_eq!((refusal.spent, refusal.reason), (Nanousd(350), RefusalReason::Exhausted));
    assert_eq!(book.standings(Timestamp(10))[1].available, Some(Nanousd(-50)));
    assert_eq!(book.admit(&ask(3, "support", 0, 0), Timestamp(10)).unwrap().amount, Nanousd::ZERO, "a free call adds nothing to a debt");
    assert!(book.admit(&ask(4, "support", 1, 1), Timestamp(HOUR_MS)).is_ok());
}

#[test]
fn a_charge_goes_to_the_window_of_its_admission() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "support", 100, 100), Timestamp(HOUR_MS - 1)).unwrap();
    assert_eq!(figures(&mut book, "support", HOUR_MS + 1), (0, 0), "a new window begins empty");
    book.admit(&ask(2, "support", 300, 300), Timestamp(HOUR_MS + 2)).unwrap();
    settle(&mut book, 1, 100, HOUR_MS + 3);
    assert_eq!(figures(&mut book, "support", HOUR_MS + 4), (0, 300));
    assert_eq!(figures(&mut book, "acme", HOUR_MS + 4), (100, 300));
}

#[test]
fn a_raise_is_for_the_whole_call() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "key:ci", 20, 20), Timestamp(0)).unwrap();
    let raise = |book: &mut Book, floor, want| book.raise(CallId::from_i64(1), Nanousd(floor), Nanousd(want), Timestamp(1)).map(|hold| hold.amount.0);
    assert_eq!(raise(&mut book, 5, 15), Ok(20), "a hold is never lowered");
    assert_eq!(raise(&mut book, 30, 50), Ok(50));
    assert_eq!(raise(&mut book, 60, 500), Ok(120));
    assert_eq!(raise(&mut book, 121, 500).unwrap_err().account, "key:ci");
    assert_eq!(raise(&mut book, 100, 500), Ok(120), "what is held is enough");
    assert_eq!(figures(&mut book, "support", 1), (0, 120));
    settle(&mut book, 1, 7, 2);
    assert_eq!(figures(&mut book, "support", 2), (7, 0));
    assert_eq!(raise(&mut book, 1, 1).unwrap_err().reason, RefusalReason::NotHeld);
}

#[test]
fn a_call_is_settled_once() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "key:ci", 20, 20), Timestamp(0)).unwrap();
    settle(&mut book, 1, 20, 1);
    assert_eq!(settle(&mut book, 1, 20, 2), Settlement::Twice);
    assert_eq!(book.admit(&ask(1, "key:ci", 20, 20), Timestamp(3)).unwrap_err().reason, RefusalReason::Twice);
    assert_eq!(settle(&mut book, 2, 5, 4), Settlement::Unheld { at: Timestamp(4) });
    assert_eq!(settle(&mut book, 2, 5, 5), Settlement::Twice);
    assert_eq!(figures(&mut book, "key:ci", 5), (25, 0));
}

#[test]
fn a_lease_that_ends_is_charged_and_a_late_settlement_corrects_it() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "key:ci", 20, 20), Timestamp(0)).unwrap();
    book.admit(&ask(2, "key:ci", 30, 30), Timestamp(0)).unwrap();
    book.renew(CallId::from_i64(2), HOUR_MS, Timestamp(10));
    assert_eq!(book.expire(Timestamp(HOUR_MS - 1)), []);
    let expired = book.expire(Timestamp(HOUR_MS));
    assert_eq!(expired.iter().map(|expired| (expired.call, expired.hold.amount)).collect::<Vec<_>>(), [(CallId::from_i64(1), Nanousd(20))]);
    assert_eq!(figures(&mut book, "key:ci", HOUR_MS), (20, 30));
    assert_eq!(settle(&mut book, 1, 12, HOUR_MS + 1), Settlement::Late { at: Timestamp(0), difference: Nanousd(-8) });
    assert_eq!(settle(&mut book, 1, 12, HOUR_MS + 2), Settlement::Twice);
    assert_eq!(figures(&mut book, "key:ci", HOUR_MS + 2), (12, 30));
}

#[test]
fn a_new_configuration_keeps_holds_and_what_was_spent() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "key:ci", 100, 100), Timestamp(0)).unwrap();
    book.admit(&ask(2, "key:ci", 20, 20), Timestamp(0)).unwrap();
    settle(&mut book, 2, 20, 1);
    let mut changed = accounts();
    changed[1] = account("support", Some("acme"), Some((130, Window::Day)));
    changed[0] = account("acme", None, Some((125, Window::Total)));
    let plan = Plan::new(changed, Timestamp(2)).unwrap();
    assert_eq!(plan.accounts.iter().map(|planned| book.keeps(planned)).collect::<Vec<_>>(), [true, false, true, true, true]);
    let spent: Vec<Nanousd> = [0, 20, 0, 0, 0].map(Nanousd).to_vec();
    book.configure(plan, &spent);
    for name in ["acme", "support", "key:ci"] {
        assert_eq!(figures(&mut book, name, 2), (20, 100), "{name}");
    }
    assert_eq!(book.admit(&ask(3, "support", 1, 20), Timestamp(3)).unwrap().limited_by.as_deref(), Some("acme"));
}

#[test]
fn what_makes_no_sense_is_no_configuration() {
    let check = |accounts: Vec<AccountConfig>, expected: &str| {
        let told = Plan::new(accounts, Timestamp(0)).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
    };
    check(vec![account("a", None, None), account("a", None, None)], "twice");
    check(vec![account("a", Some("b"), None), account("b", Some("a"), None)], "circle");
    check(vec![account("a", Some("a"), None)], "circle");
    check(vec![account("a", None, Some((-1, Window::Day)))], "negative");
    let mut nowhere = account("a", None, Some((1, Window::Day)));
    nowhere.budget.as_mut().unwrap().timezone = "Nowhere/Land".into();
    check(vec![nowhere], "time zone");
    assert!(Plan::new(vec![account("a", Some("not configured"), None)], Timestamp(0)).is_ok());
}

#[test]
fn the_clock_never_runs_backwards() {
    let mut book = book(accounts(), 0);
    book.admit(&ask(1, "support", 300, 300), Timestamp(5 * HOUR_MS)).unwrap();
    let refusal = book.admit(&ask(2, "support", 1, 1), Timestamp(0)).unwrap_err();
    assert_eq!(refusal.renews_at, Some(Timestamp(6 * HOUR_MS)));
}

/// An event of the simulation. Calls are named by small numbers, so that events meet.
#[derive(Clone, Debug)]
enum Event {
    Admit {
        call: i64,
        leaf: usize,
        floor: i64,
        want: i64,
        lease_ms: i64,
    },
    Raise {
        call: i64,
        floor: i64,
        want: i64,
    },
    /// Charges this share of the hold in percent; more than 100 makes debt.
    Settle {
        call: i64,
        percent: i64,
    },
    Wait {
        ms: i64,
    },
    Expire,
}

/// What the model knows of a call.
#[derive(Clone, Debug)]
struct Modelled {
    accounts: Arc<[Arc<str>]>,
    at: i64,
    held: i64,
    charged: Option<i64>,
    settled: bool,
}

#[derive(Default)]
struct Model {
    calls: HashMap<i64, Modelled>,
}

impl Model {
    /// Spent and held of an account in the window [from, to), by adding up all calls.
    fn figures(&self, name: &str, from: i64, to: i64) -> (i64, i64) {
        let mine = self.calls.values().filter(|call| call.at >= from && call.at < to && call.accounts.iter().any(|account| &**account == name));
        mine.fold((0, 0), |(spent, held), call| match call.charged {
            Some(charged) => (spent + charged, held),
            None => (spent, held + call.held),
        })
    }
}

const LEAVES: [&str; 5] = ["key:ci", "support", "key:lab", "acme", "nobody's"];

/// Runs events through the book and the model, and compares them after each.
fn simulate(events: &[Event], with_debt: bool) {
    let (mut book, mut model, mut now) = (book(accounts(), 0), Model::default(), 0_i64);
    for event in events {
        match *event {
            Event::Wait { ms } => now += ms,
            Event::Admit { call, leaf, floor, want, lease_ms } => {
                let ask = Ask { lease_ms, ..ask(call, LEAVES[leaf % LEAVES.len()], floor, want) };
                if let Ok(hold) = book.admit(&ask, Timestamp(now)) {
                    assert!(hold.amount.0 >= floor && hold.amount.0 <= want.max(floor), "{event:?} gave {hold:?}");
                    assert_eq!(hold.limited_by.is_some(), hold.amount.0 < want.max(floor));
                    let new = Modelled { accounts: ask.accounts, at: now, held: hold.amount.0, charged: None, settled: false };
                    assert!(model.calls.insert(call, new).is_none(), "a call is admitted once");
                }
            }
            Event::Raise { call, floor, want } => {
                let before = model.calls.get(&call).map_or(0, |call| call.held);
                if let Ok(hold) = book.raise(CallId::from_i64(call), Nanousd(floor), Nanousd(want), Timestamp(now)) {
                    assert!(hold.amount.0 >= floor.max(before) && hold.amount.0 <= want.max(floor).max(before));
                    model.calls.get_mut(&call).unwrap().held = hold.amount.0;
                }
            }
            Event::Settle { call, percent } => {
                let percent = if with_debt { percent } else { percent.min(100) };
                let Some(modelled) = model.calls.get_mut(&call) else { continue };
                let charged = modelled.held * percent / 100;
                let settlement = book.settle(CallId::from_i64(call), &[], Nanousd(charged), Timestamp(now));
                assert_eq!(settlement == Settlement::Twice, modelled.settled, "{event:?} gave {settlement:?}");
                if !modelled.settled {
                    (modelled.charged, modelled.settled) = (Some(charged), true);
                }
            }
            Event::Expire => {
                for expired in book.expire(Timestamp(now)) {
                    let modelled = model.calls.get_mut(&expired.call.to_i64()).unwrap();
                    assert_eq!((modelled.charged, modelled.held), (None, expired.hold.amount.0));
                    modelled.charged = Some(modelled.held);
                }
            }
        }
        compare(&mut book, &model, now, with_debt);
    }
    finish(&mut book, &mut model, now);
}

fn compare(book: &mut Book, model: &Model, now: i64, with_debt: bool) {
    for standing in book.standings(Timestamp(now)) {
        let (from, to) = (standing.since.map_or(i64::MIN, |since| since.0), standing.renews_at.map_or(i64::MAX, |end| end.0));
        let (spent, held) = model.figures(&standing.name, from, to);
        assert_eq!((standing.spent.0, standing.held.0), (spent, held), "{}", standing.name);
        if let Some(budget) = standing.budget.filter(|_| !with_debt) {
            assert!(spent + held <= budget.amount.0, "{} spent {spent} and holds {held}", standing.name);
        }
    }
}

/// Once every call is settled nothing is held, in no window.
fn finish(book: &mut Book, model: &mut Model, now: i64) {
    for (call, modelled) in model.calls.iter_mut().filter(|(_, call)| !call.settled) {
        let charged = modelled.held;
        assert_ne!(book.settle(CallId::from_i64(*call), &[], Nanousd(charged), Timestamp(now)), Settlement::Twice);
        (modelled.charged, modelled.settled) = (Some(charged), true);
    }
    compare(book, model, now, true);
    assert_eq!((book.open_holds(), book.leases.len()), (0, 0));
    assert!(book.standings(Timestamp(now)).iter().all(|standing| standing.held == Nanousd::ZERO));
    assert!(book.accounts.values().all(Account::has_nothing_older));
}

fn event() -> impl Strategy<Value = Event> {
    let call = 0_i64..24;
    prop_oneof![
        4 => (call.clone(), 0_usize..5, 0_i64..60, 0_i64..200, 1_i64..2 * HOUR_MS)
            .prop_map(|(call, leaf, floor, want, lease_ms)| Event::Admit { call, leaf, floor, want, lease_ms }),
        1 => (call.clone(), 0_i64..100, 0_i64..300).prop_map(|(call, floor, want)| Event::Raise { call, floor, want }),
        3 => (call, 0_i64..250).prop_map(|(call, percent)| Event::Settle { call, percent }),
        1 => (1_i64..HOUR_MS).prop_map(|ms| Event::Wait { ms }),
        1 => Just(Event::Expire),
    ]
}

proptest! {
    #[test]
    fn budgets_hold_while_charges_stay_within_holds(events in prop::collection::vec(event(), 1..120)) {
        simulate(&events, false);
    }

    #[test]
    fn debt_is_counted_and_nothing_is_lost(events in prop::collection::vec(event(), 1..120)) {
        simulate(&events, true);
    }
}

/// A long run: thousands of events over weeks, from a seed that a failure names by its number.
#[test]
fn seeded_simulation() {
    for seed in 0..20_u64 {
        let mut random = SeededRandom::new(seed);
        let mut number = |below: i64| i64::try_from(random.below(below.unsigned_abs())).unwrap();
        let mut events = Vec::new();
        for round in 0..4_000 {
            let call = round / 4 - number(40).min(round / 4);
            events.push(match number(10) {
                0..4 => Event::Admit { call, leaf: usize::try_from(number(5)).unwrap(), floor: number(20), want: number(90), lease_ms: 1 + number(HOUR_MS) },
                4 => Event::Raise { call, floor: number(60), want: number(150) },
                5..8 => Event::Settle { call, percent: number(130) },
                8 => Event::Wait { ms: number(HOUR_MS) },
                _ => Event::Expire,
            });
        }
        let result = std::panic::catch_unwind(|| simulate(&events, seed % 2 == 0));
        assert!(result.is_ok(), "seed {seed}");
    }
}
