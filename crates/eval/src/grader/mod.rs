//! shim until the graders come
#![allow(missing_docs)]
use crate::*;
pub struct Bench<'a> { pub models: &'a dyn Models, pub engine: Option<&'a jeton_context::engine::Engine>, pub sandbox: Result<&'a jeton_context::sandbox::Sandbox, String>, pub dir: &'a std::path::Path, pub tags: Vec<String> }
pub async fn grade(c: &Case, a: &Answer, g: &[Grader], _b: &Bench<'_>, _t: Option<&str>) -> Vec<Grade> {
    g.iter().map(|g| {
        let refs = c.references();
        let low = a.text.to_lowercase();
        let v = match &g.criterion {
            Criterion::Contains { values, .. } => { let vs = if values.is_empty() { refs.clone() } else { values.clone() }; if vs.is_empty() { None } else { Some(vs.iter().any(|v| low.contains(&v.to_lowercase()))) } }
            Criterion::Exact { .. } => Some(refs.contains(&a.text)),
            Criterion::Constraint { unit } => {
                use jeton_context::constraint::{Subject, Surroundings, Verdict as Said, run};
                let desk = _b.engine.map(|engine| engine.desk());
                let rule = desk.as_ref().and_then(|desk| desk.catalogue.unit(unit)).map(|unit| unit.detail.clone());
                match rule { Some(jeton_context::Detail::Constraint(rule)) => match run(&rule, Subject::Output { text: &a.text }, &Surroundings::new(&[])) { Said::Holds => Some(true), Said::Broken(_) => Some(false), Said::Unscored(_) => None }, _ => None }
            }
            Criterion::Refusal {} => Some(a.text.contains("not say") || a.text.is_empty()),
            _ => None,
        };
        let mut grade = Grade::new(g.name.clone(), match v { Some(true) => Verdict::Pass, Some(false) => Verdict::Fail, None => Verdict::Unscored }, "shim");
        grade.weight = g.weight; grade
    }).collect()
}
pub fn settle(g: &[Grade]) -> (Outcome, Option<f64>) {
    if g.iter().any(|g| g.verdict == Verdict::Fail && g.weight > 0.0) { (Outcome::Failed, Some(0.0)) } else if g.iter().any(|g| g.verdict == Verdict::Unscored && g.weight > 0.0) { (Outcome::Unscored, None) } else { (Outcome::Passed, Some(1.0)) }
}
pub mod selftest {
    use super::*;
    #[derive(Default)] pub struct SelfTest { pub findings: Vec<jeton_context::Finding> }
    impl SelfTest { pub fn summary(&self) -> crate::run::SelfTestSummary { Default::default() } }
    pub async fn selftest(_s: &Suite, _b: &Bench<'_>) -> SelfTest { SelfTest::default() }
}
