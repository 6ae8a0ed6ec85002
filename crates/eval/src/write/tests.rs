//! What is written is read as the same suite.

use super::*;
use crate::testing::Folder;
use crate::{Role, Transform};
use jeton_context::Place;
use jeton_core::Nanousd;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    "[a-z \"'\\\\#=\n\té\u{7f}\u{1f}:,-]{0,12}"
}

/// A text of a template that asks for nothing but what every case has.
fn template() -> impl Strategy<Value = String> {
    prop_oneof![text(), Just("{{input}} {{v}}".to_owned())]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), (-1e3..1e3).prop_map(Value::from), text().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z.\" ]{1,4}", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Values with `null` in them, which TOML cannot say.
fn value_with_null() -> impl Strategy<Value = Value> {
    prop_oneof![value(), value().prop_map(|value| json!({ "a": [null, value] }))]
}

fn maybe<T: std::fmt::Debug + Clone>(strategy: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(strategy)
}

fn criterion() -> impl Strategy<Value = Criterion> {
    prop_oneof![
        (maybe(template()), any::<bool>(), any::<bool>()).prop_map(|(value, ignore_case, verbatim)| Criterion::Exact { value, ignore_case, verbatim }),
        (proptest::collection::vec(template(), 0..3), any::<bool>(), any::<bool>()).prop_map(|(values, any, ignore_case)| Criterion::Contains {
            values,
            any,
            ignore_case
        }),
        (maybe(-1e6..1e6), any::<bool>()).prop_map(|(value, last)| Criterion::Number { value, absolute: 0.5, relative: 0.0, last }),
        (maybe(value_with_null()), any::<bool>()).prop_map(|(value, subset)| Criterion::Json { value, at: Some("/a".to_owned()), subset }),
        Just(Criterion::JsonSchema { schema: Some(json!({ "type": "object" })), unit: None, embedded: true }),
        maybe(any::<u32>()).prop_map(|distance_max| Criterion::EditSimilarity {
            value: None,
            ignore_case: false,
            distance_max,
            verbatim: distance_max.is_some()
        }),
        (1_u64..9_000_000_000).prop_map(|nano| Criterion::Cost { at_most: Nanousd(nano.cast_signed()) }),
        (any::<bool>(), any::<bool>()).prop_map(|(shows_reference, pairwise)| Criterion::Judge {
            model: "acme/j".to_owned(),
            rubric: "r".to_owned(),
            samples: 3,
            shows_reference,
            pairwise,
            choices: vec![("z".to_owned(), 1.0), ("a".to_owned(), 0.25)],
        }),
        any::<bool>().prop_map(|ordered| Criterion::ToolCalls {
            calls: vec![json!({ "name": "f", "arguments": { "a": null } })],
            ordered,
            exact: true,
            schema: false
        }),
        Just(Criterion::Refusal {}),
        Just(Criterion::Length { unit: "tokens".to_owned(), at_least: Some(1), at_most: None }),
    ]
}

fn grader() -> impl Strategy<Value = Grader> {
    let leaf =
        (criterion(), any::<bool>(), 0.0..3.0, maybe(0.0..1.0), proptest::bool::ANY).prop_map(|(criterion, negate, weight, threshold, changes)| Grader {
            negate,
            weight,
            threshold,
            all_or_nothing: negate,
            only: if changes { vec!["hard".to_owned()] } else { Vec::new() },
            referenced: changes.then_some(true),
            transform: if changes { vec![Transform::Trim, Transform::Pointer("/a".to_owned()), Transform::Find("a+".to_owned())] } else { Vec::new() },
            ..Grader::new("g", criterion)
        });
    leaf.prop_recursive(2, 4, 2, |inner| proptest::collection::vec(inner, 1..3).prop_map(|of| Grader::new("g", Criterion::All { of: numbered(of) })))
}

fn numbered(graders: Vec<Grader>) -> Vec<Grader> {
    graders.into_iter().enumerate().map(|(at, grader)| Grader { name: format!("g{at}"), ..grader }).collect()
}

fn input() -> impl Strategy<Value = Input> {
    let turn = |role| text().prop_map(move |content| Turn::new(role, content));
    prop_oneof![
        text().prop_map(Input::Text),
        (turn(Role::System), turn(Role::User), turn(Role::Assistant)).prop_map(|(a, b, c)| Input::Messages(vec![a, b, c])),
        proptest::collection::vec(text(), 1..3).prop_map(Input::Dialogue),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let reference = prop_oneof![value_with_null().prop_map(|value| if value.is_null() { json!(1) } else { value })];
    (input(), reference, maybe(text()), value_with_null(), 0.0..2.0, proptest::collection::vec(grader(), 0..2)).prop_map(
        |(input, reference, cluster, var, weight, graders)| {
            let mut case = Case::new("c", input, Place::file("x"));
            case.reference = Some(reference);
            case.cluster = cluster.unwrap_or_default();
            case.vars = Map::from_iter([("v".to_owned(), var)]);
            case.weight = weight;
            case.tags = vec!["t".to_owned()];
            case.graders = graders.into_iter().enumerate().map(|(at, grader)| Grader { name: format!("own{at}"), ..grader }).collect();
            case
        },
    )
}

fn targets() -> Vec<Target> {
    let target = |name: &str, kind| Target { name: name.to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() };
    let mut model = target("m", TargetKind::Model { model: "acme/a".to_owned(), pack: Some("p".to_owned()), oracle: true });
    model.prompt = Some("a b".to_owned());
    model.params = Map::from_iter([("temperature".to_owned(), json!(0.5)), ("tools".to_owned(), json!([{ "name": "f" }]))]);
    model.only = vec!["t".to_owned()];
    vec![
        model,
        target("c", TargetKind::Command { command: vec!["a".to_owned(), "b c".to_owned()] }),
        target("h", TargetKind::Http { url: "http://localhost".to_owned(), at: Some("/x".to_owned()) }),
        target("r", TargetKind::Recorded { run: "run".to_owned(), target: Some("m".to_owned()) }),
    ]
}

prop_compose! {
    fn suite()(cases in proptest::collection::vec(case(), 1..4), graders in proptest::collection::vec(grader(), 0..3), user in template(), repeats in 1_u32..9,
               description in text()) -> Suite {
        let mut suite = Suite::new("desk", Place::file("x"));
        suite.description = description;
        suite.class = Some("support.refund".to_owned());
        suite.repeats = repeats;
        suite.timeout_ms = Some(5);
        suite.cases = cases.into_iter().enumerate().map(|(at, case)| Case { id: format!("c{at}"), ..case }).collect();
        suite.graders = numbered(graders);
        suite.prompts.insert("a b".to_owned(), Prompt { before: vec![Turn::new(Role::System, "s")], user: Some(user) });
        suite.targets = targets();
        suite.watch = Some(Watch { every_minutes: None, sample: 0.25, budget_usd_per_day: None, silent_minutes: 9, false_alarm_every: 100.0, webhook: None });
        suite
    }
}

/// The suite without what files say by themselves.
fn bare(mut suite: Suite) -> Suite {
    suite.place = Place::file("x");
    suite.digest = jeton_context::Digest::default();
    suite.cases.iter_mut().for_each(|case| case.place = Place::file("x"));
    suite
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_written_is_read(suite in suite()) {
        let files = files(&suite);
        let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.to_str().unwrap(), text.as_str())).collect();
        let folder = Folder::new(&texts);
        let read = crate::read::read_suite(folder.path(), &folder.path().join(&files[0].0));
        let (read, _) = read.map_err(|findings| TestCaseError::fail(format!("{findings:#?}\n{}", files[0].1)))?;
        prop_assert_eq!(bare(read), suite, "{}", files[0].1);
    }
}
