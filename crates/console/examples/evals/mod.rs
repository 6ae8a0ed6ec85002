//! Invented runs of two suites, for the example `page` and for tests: targets that differ, cases that flip, one target that is no evidence,
//! causes with experiments, answers that wait for a person, an alarm.

use jeton_allocate::Level;
use jeton_allocate::verdict::Decision;
use jeton_context::Digest;
use jeton_core::{Nanousd, SeededRandom, Timestamp};
use jeton_eval::causes::{self, Cause, Cluster, Label, Report, Tried, gap};
use jeton_eval::gate::{GateReport, Question};
use jeton_eval::label::{LABEL, Label as Spoken, subject};
use jeton_eval::run::{Choice, RunEnd, RunHead, SelfTestSummary};
use jeton_eval::session::RUN_END;
use jeton_eval::{Answer, CallFault, Cell, ContextUse, FaultClass, Grade, Outcome, Row, Target, TargetKind, ToolUse, UnitUse, Verdict};
use jeton_ledger::{Ledger, LedgerError, Note, RunRecord, RunRow};
use serde_json::{Map, json};

const DAY_MS: i64 = 86_400_000;
/// A target of the larger suite.
struct Contender {
    name: &'static str,
    model: &'static str,
    pack: Option<&'static str>,
    /// The share of cases that it can answer.
    skill: f64,
    /// What a case costs, in nano-dollars.
    nano: i64,
    /// What an answer takes, in microseconds.
    micros: u64,
}

const TARGETS: [Contender; 3] = [
    Contender { name: "sonnet", model: "anthropic/claude-sonnet-4-5", pack: Some("refunds"), skill: 0.86, nano: 9_400_000, micros: 2_300_000 },
    Contender { name: "mini", model: "openai/gpt-5-mini", pack: Some("refunds"), skill: 0.66, nano: 1_150_000, micros: 1_200_000 },
    Contender { name: "lab", model: "lab/coder-7b", pack: None, skill: 0.45, nano: 1_400_000, micros: 600_000 },
];

/// What to invent.
pub(crate) struct Scene<'a> {
    /// The moment of the newest run, about.
    pub(crate) now: Timestamp,
    /// Runs of the larger suite, at least two.
    pub(crate) runs: usize,
    /// Cases of the larger suite.
    pub(crate) cases: usize,
    /// Stands in every text that comes from outside.
    pub(crate) word: &'a str,
    /// A call that answers lead to.
    pub(crate) call: Option<String>,
}

/// Writes all of it into a ledger.
pub(crate) fn fill(ledger: &dyn Ledger, scene: &Scene<'_>) -> Result<(), LedgerError> {
    for number in 0..scene.runs {
        let head = scene.head(number);
        let rows: Vec<Row> = (0..scene.cases).flat_map(|case| (0..TARGETS.len()).map(move |target| (case, target))).map(|at| scene.row(number, at)).collect();
        put(ledger, &head, &rows)?;
        let left = scene.runs - number;
        if left <= 4 {
            note(ledger, "cause", &head.id, head.started, &json!(scene.report(number, &rows)).to_string())?;
        }
        if left == 1 {
            scene.last_words(ledger, &head)?;
        }
        let took = RunEnd { is_complete: true, why: None, took_ms: 94_000 };
        note(ledger, RUN_END, &head.id, head.started, &json!(took).to_string())?;
    }
    scene.rehearsal(ledger)
}

fn put(ledger: &dyn Ledger, head: &RunHead, rows: &[Row]) -> Result<(), LedgerError> {
    ledger.begin_run(&RunRecord { id: head.id.clone(), suite: head.suite.clone(), started: head.started, json: json!(head).to_string() })?;
    let rows: Vec<RunRow> = rows.iter().map(|row| RunRow { launch: row.launch, json: json!(row).to_string() }).collect();
    ledger.append_rows(&head.id, &rows).map(|_| ())
}

fn note(ledger: &dyn Ledger, kind: &str, subject: &str, at: Timestamp, json: &str) -> Result<(), LedgerError> {
    ledger.add_note(&Note { kind: kind.to_owned(), subject: subject.to_owned(), at, json: json.to_owned() })
}

fn target(name: &str, model: &str, pack: Option<&str>) -> Target {
    let kind = TargetKind::Model { model: model.to_owned(), pack: pack.map(str::to_owned), oracle: false };
    Target { name: name.to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() }
}

/// What might show a cause.
fn proof(cause: Cause, level: causes::Level) -> &'static str {
    match (cause, level) {
        (_, causes::Level::L0) => "nothing that was tried made it pass",
        (_, causes::Level::L1) => "it looks like the examined members of its cluster, which agree",
        (Cause::Provider, _) => "there is no answer: lab does not answer (connect_failed)",
        (Cause::ContextStale, _) => "`doc:context/autumn.md` was in the context and is stale",
        (Cause::Format, _) => "the answer passes once the words, fences or marks around it are taken away",
        (Cause::Random, _) => "the same request passed 2 of 5 times when it was sent again",
        (Cause::Model, _) => "a stronger model passes 5 of 5 times in the environment in which the target passes 0 of 5",
        _ => "with the units that the case needs: 5 of 5 passed, against 0 of 5",
    }
}

impl Scene<'_> {
    fn started(&self, number: usize) -> Timestamp {
        let ago = i64::try_from(self.runs - 1 - number).unwrap_or(0);
        Timestamp(self.now.0 - ago * 3 * DAY_MS - 4_000_000)
    }

    /// The id of a run of the larger suite.
    pub(crate) fn run_id(&self, number: usize) -> String {
        let day: String = self.started(number).rfc3339().chars().take(10).filter(|letter| *letter != '-').collect();
        format!("run-{day}-0refunds{number}")
    }

    /// The id of the run of the experiments on a run's failures.
    pub(crate) fn experiments_id(&self, number: usize) -> String {
        format!("{}x", self.run_id(number))
    }

    /// The id of the run that measured what units are worth.
    pub(crate) fn value_id(&self, number: usize) -> String {
        format!("{}v", self.run_id(number))
    }

    /// The id of a case; the first has the word in it.
    pub(crate) fn case_id(&self, case: usize) -> String {
        const SUBJECTS: [&str; 6] = ["window", "receipt", "sale", "gift-card", "shipping", "partial"];
        let word = if case == 0 { self.word } else { "" };
        format!("{}-{:02}{word}", SUBJECTS[case % SUBJECTS.len()], case / SUBJECTS.len() + 1)
    }

    fn head(&self, number: usize) -> RunHead {
        let selftest = SelfTestSummary { checked: 96, not_applicable: 1, ..SelfTestSummary::default() };
        RunHead {
            id: self.run_id(number),
            suite: "refunds".to_owned(),
            file: format!("evals/refunds{}.toml", self.word),
            digest: Digest::of(b"refunds"),
            catalogue: Some(Digest::of(b"catalogue")),
            config: "sha256:3f9ac17be20d4417".to_owned(),
            class: Some("support.refund".to_owned()),
            choice: Choice { seed: 7, repeats: 1, concurrency: 8, budget: Some(Nanousd(2_000_000_000)), ..Choice::default() },
            targets: TARGETS.iter().map(|one| target(one.name, one.model, one.pack)).collect(),
            cases: self.cases,
            cells: self.cases * TARGETS.len(),
            errors_max: 0.1,
            selftest: Some(selftest),
            started: self.started(number),
            version: "0.1.0".to_owned(),
        }
    }

    /// Whether a target can answer a case in a run: each case has its difficulty, and each run has a little luck.
    fn passes(&self, number: usize, case: usize, place: usize) -> bool {
        let mut difficulty = SeededRandom::new(100 + case as u64);
        let mut luck = SeededRandom::new((number * 1_000 + case * 10 + place) as u64);
        let trend = 0.006 * number as f64;
        difficulty.unit() + 0.24 * (luck.unit() - 0.5) < TARGETS[place].skill + trend
    }

    fn row(&self, number: usize, (case, place): (usize, usize)) -> Row {
        let Contender { name, model, pack, nano, micros, .. } = TARGETS[place];
        let is_last = number + 1 == self.runs;
        let passed = self.passes(number, case, place);
        let cell = Cell { case: self.case_id(case), target: name.to_owned(), repeat: 0 };
        let base = Row {
            launch: (case * TARGETS.len() + place) as u64,
            cell,
            cluster: format!("policy-{}", case / 2),
            tags: vec![["short", "long"][case % 2].to_owned(), format!("{}language", self.word)],
            outcome: if passed { Outcome::Passed } else { Outcome::Failed },
            score: Some(f64::from(passed)),
            weight: 1.0,
            answer: None,
            fault: None,
            grades: Vec::new(),
            context: None,
            cost: Some(Nanousd(nano + 20_000 * (case % 7) as i64)),
            request: Digest::of_parts(&[model.as_bytes(), &case.to_le_bytes()]),
            is_cached: false,
            at: Timestamp(self.started(number).0 + 700 * case as i64),
        };
        if place == 2 && is_last && case % 3 == 0 {
            return self.without_answer(base);
        }
        let context = pack.map(|pack| self.context(pack, passed, case));
        Row { answer: Some(self.answer(model, passed, case, nano, micros)), grades: self.grades(passed, case, place, is_last), context, ..base }
    }

    fn without_answer(&self, row: Row) -> Row {
        let message = format!("lab does not answer: connection refused{}", self.word);
        let fault =
            CallFault { class: FaultClass::Provider, code: "connect_failed".to_owned(), message, status: Some(502), call: self.call.clone(), cost: None };
        Row { outcome: Outcome::Error, score: None, fault: Some(fault), cost: None, ..row }
    }

    fn answer(&self, model: &str, passed: bool, case: usize, nano: i64, micros: u64) -> Answer {
        let text = if passed {
            format!("You can return the item within 30 days of delivery; the refund goes to the card that you paid with.{}", self.word)
        } else {
            format!("I am sorry, I cannot find a rule about this. Items can usually be returned within 14 days.{}", self.word)
        };
        let tool = ToolUse { name: "lookup_order".to_owned(), arguments: json!({ "order": format!("A-{}{}", 100 + case, self.word) }), id: None };
        Answer {
            text,
            tools: if case.is_multiple_of(4) { vec![tool] } else { Vec::new() },
            finish: Some("stop".to_owned()),
            model: Some(model.to_owned()),
            call: self.call.clone(),
            cost: Some(Nanousd(nano)),
            is_simulated: false,
            tokens_in: Some(1_900 + 11 * case as u64),
            tokens_out: Some(90 + case as u64),
            latency_us: micros + 17_000 * case as u64,
            tries: 1,
        }
    }

    fn grades(&self, passed: bool, case: usize, place: usize, is_last: bool) -> Vec<Grade> {
        let why = if passed { "has `30 days`".to_owned() } else { format!("`30 days` is not in the answer{}", self.word) };
        let mut grades = vec![Grade::new("contains", if passed { Verdict::Pass } else { Verdict::Fail }, why)];
        if place < 2 {
            // A lenient judge, which decides nothing: it passes some of what is wrong.
            let says = if passed || case.is_multiple_of(4) { Verdict::Pass } else { Verdict::Fail };
            let why = if says == Verdict::Pass { "it keeps to its sources" } else { "its sources do not say this" };
            let raw = Some(json!([{ "text": why }]));
            grades.push(Grade { raw, weight: 0.0, calls: self.call.iter().cloned().collect(), ..Grade::new("faithful", says, why) });
        }
        if is_last && place == 0 && case < 3 {
            let question = format!("Would you send this answer to a customer as it is?{}", self.word);
            let raw = Some(json!({ "kind": "human", "question": question }));
            grades.push(Grade { raw, weight: 0.0, ..Grade::new("tone", Verdict::Unscored, "nobody has judged it yet") });
        }
        grades
    }

    fn context(&self, pack: &str, passed: bool, case: usize) -> ContextUse {
        let unit = |id: &str, view: &str, tokens: u64, standing: Option<&str>| UnitUse {
            unit: format!("{id}{}", self.word),
            digest: Digest::of(id.as_bytes()),
            view: view.to_owned(),
            tokens,
            standing: standing.map(str::to_owned),
        };
        let stale = (!passed && case.is_multiple_of(5)).then_some("stale");
        let missing = (!passed).then(|| (format!("doc:context/autumn.md{}", self.word), "cut by the budget: 310 tokens did not fit".to_owned()));
        ContextUse {
            pack: pack.to_owned(),
            digest: Digest::of(b"compiled"),
            snapshot: Digest::of(b"snapshot"),
            tokens: 640,
            budget_tokens: 800,
            units: vec![
                unit("doc:context/refunds.md", "full", 420, stale),
                unit("constraint:no-promise", "full", 40, None),
                unit("doc:context/old.md", "excerpt", 180, None),
            ],
            inserted: Vec::new(),
            left_out: Vec::new(),
            missing: missing.into_iter().collect(),
        }
    }

    /// What was found of the failures of the first two targets.
    fn report(&self, number: usize, rows: &[Row]) -> Report {
        let failed: Vec<&Row> = rows.iter().filter(|row| row.outcome != Outcome::Passed).collect();
        let labels: Vec<Label> = failed.iter().map(|row| self.label(number, row)).collect();
        let clusters =
            vec![Cluster { signature: format!("mini · fails contains · shows context-missing{}", self.word), rows: (0..failed.len() / 2).collect() }];
        let of = |name: &str| rows.iter().filter(|row| row.cell.target == name).collect::<Vec<&Row>>();
        let gaps = ["sonnet", "mini"].map(|name| {
            let actual = of(name);
            let at_best: Vec<Row> = actual
                .iter()
                .enumerate()
                .map(|(place, row)| Row {
                    outcome: if row.outcome == Outcome::Passed || place % 3 > 0 { Outcome::Passed } else { Outcome::Failed },
                    ..(*row).clone()
                })
                .collect();
            gap(name, &actual, &at_best.iter().collect::<Vec<_>>(), Level::P95)
        });
        Report { experiments: Some(self.experiments_id(number)), labels, clusters, gaps: gaps.to_vec(), calls: 214, is_cut: false }
    }

    fn label(&self, number: usize, row: &Row) -> Label {
        let at = row.launch as usize + number;
        let (cause, level) = match (row.outcome, at % 9) {
            (Outcome::Error, _) => (Cause::Provider, causes::Level::L3),
            (_, 0..4) => (Cause::ContextMissing, if at.is_multiple_of(2) { causes::Level::L2 } else { causes::Level::L1 }),
            (_, 4) => (Cause::ContextStale, causes::Level::L3),
            (_, 5) => (Cause::Model, causes::Level::L2),
            (_, 6) => (Cause::Format, causes::Level::L3),
            (_, 7) => (Cause::Random, causes::Level::L2),
            _ => (Cause::Undetermined, causes::Level::L0),
        };
        let tried = |arm: &str, passed, p| Tried { arm: format!("{arm}{}", self.word), passed, n: 5, p, rows: vec![at as u64, at as u64 + 1] };
        let tried = if level == causes::Level::L2 {
            vec![tried("unchanged", 0, None), tried("with the units that the case needs", 5, Some(0.012)), tried("with a higher limit", 1, Some(1.0))]
        } else {
            Vec::new()
        };
        Label {
            case: row.cell.case.clone(),
            target: row.cell.target.clone(),
            launch: row.launch,
            cause,
            also: Vec::new(),
            jointly: false,
            level,
            proof: format!("{}{}", proof(cause, level), self.word),
            about: matches!(cause, Cause::ContextMissing | Cause::ContextStale).then(|| format!("doc:context/autumn.md{}", self.word)),
            tried,
        }
    }

    /// What is said after the newest run.
    fn last_words(&self, ledger: &dyn Ledger, head: &RunHead) -> Result<(), LedgerError> {
        let gate = GateReport {
            question: Question::AtLeast { target: "sonnet".to_owned(), bar: 0.8 },
            decision: Decision::Undecided { more_cases: Some(60) },
            stopped_early: false,
            taken: self.cases.div_ceil(2),
            estimates: (None, None),
            alpha: 0.05,
        };
        note(ledger, "gate", &head.id, head.started, &json!(gate).to_string())?;
        let alarm = json!({ "message": format!("The pass rate of lab cannot be told: {} of {} calls had no answer.{}", self.cases.div_ceil(3), self.cases, self.word) });
        note(ledger, "alarm", &head.suite, Timestamp(head.started.0 + 100_000), &alarm.to_string())?;
        let beat = json!({ "expected": 8, "executed": 8, "scored": 7 });
        note(ledger, "heartbeat", &head.suite, Timestamp(head.started.0 + 100_000), &beat.to_string())?;
        self.labels(ledger, head)?;
        // Experiments are kept as a run of their own, which is no run of the suite.
        let number = self.runs - 1;
        let tried: Vec<Row> = (0..self.cases * TARGETS.len()).map(|launch| Row { launch: launch as u64, ..self.row(0, (launch / 3, launch % 3)) }).collect();
        put(ledger, &RunHead { id: self.experiments_id(number), suite: format!("{}#causes", head.suite), ..head.clone() }, &tried)?;
        put(ledger, &RunHead { id: self.value_id(number), suite: format!("{}#value", head.suite), ..head.clone() }, &tried)
    }

    /// What two people say in the judge's place of the first target.
    fn labels(&self, ledger: &dyn Ledger, head: &RunHead) -> Result<(), LedgerError> {
        for (by, cases) in [("ada", 12), ("bob", 6)] {
            for case in 0..cases.min(self.cases) {
                let passes = self.passes(self.runs - 1, case, 0) != (by == "bob" && case == 4);
                let verdict = if passes { Verdict::Pass } else { Verdict::Fail };
                let cell = Cell { case: self.case_id(case), target: TARGETS[0].name.to_owned(), repeat: 0 };
                let said = Spoken { grader: "faithful".to_owned(), verdict, comment: None, by: format!("{by}{}", self.word), judge: None, at: head.started };
                note(ledger, LABEL, &subject(&head.id, &cell), head.started, &json!(said).to_string())?;
            }
        }
        Ok(())
    }

    /// A suite of two simulated targets, whose run was cut off, and whose costs are known in part.
    fn rehearsal(&self, ledger: &dyn Ledger) -> Result<(), LedgerError> {
        let targets = vec![target("steady", "twin/steady", None), target("extract", "local/extract", Some("refunds"))];
        let head = RunHead {
            id: self.run_id(0).replace("refunds", "triage0"),
            suite: format!("triage{}", self.word),
            file: "evals/triage.toml".to_owned(),
            class: None,
            targets,
            cases: 12,
            cells: 24,
            selftest: None,
            started: Timestamp(self.started(self.runs - 1).0 - 3_000_000),
            ..self.head(0)
        };
        let mut rows = Vec::new();
        for case in 0..8 {
            for place in 0..2 {
                let row = self.row(0, (case, place));
                let answer = row.answer.map(|answer| Answer { is_simulated: place == 0, call: None, ..answer });
                let cost = if place == 0 { row.cost.filter(|_| case % 2 == 1) } else { Some(Nanousd::ZERO) };
                let cell = Cell { target: head.targets[place].name.clone(), ..row.cell };
                rows.push(Row { launch: (case * 2 + place) as u64, cell, answer, cost, context: None, ..row });
            }
        }
        put(ledger, &head, &rows)
    }
}
