//! shim
use crate::*;
pub struct Bench<'a> {
    pub models: &'a dyn Models,
    pub engine: Option<&'a jeton_context::engine::Engine>,
    pub sandbox: Result<&'a jeton_context::sandbox::Sandbox, String>,
    pub dir: &'a std::path::Path,
    pub tags: Vec<String>,
}
pub async fn grade(_c: &Case, _a: &Answer, _g: &[Grader], _b: &Bench<'_>, _t: Option<&str>) -> Vec<Grade> {
    Vec::new()
}
pub fn settle(_g: &[Grade]) -> (Outcome, Option<f64>) {
    (Outcome::Passed, None)
}
