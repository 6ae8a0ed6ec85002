//! A program in the sandbox that judges: one JSON document on its standard input, one on its standard output.

use super::said::{Judged, Said, short};
use super::values::Sample;
use jeton_context::sandbox::{Limits, Ran, Sandbox};
use serde_json::{Value, json};

/// The most bytes of its output.
const OUTPUT_BYTES_MAX: usize = 256 << 10;

/// What a program is told: `input`, `output`, `reference`, `vars`, `tools` (the calls of the answer), and what the case and answer have beside.
pub(crate) fn document(sample: &Sample<'_>) -> Value {
    let (case, answer) = (sample.case, sample.answer);
    let input = match &case.input {
        crate::Input::Text(text) => Value::from(text.as_str()),
        crate::Input::Messages(turns) => serde_json::to_value(turns).unwrap_or_default(),
        crate::Input::Dialogue(says) => Value::from(says.clone()),
    };
    json!({
        "id": case.id, "input": input, "output": sample.text, "reference": case.reference, "vars": case.vars,
        "tools": answer.tools, "finish": answer.finish, "context": sample.context, "files": case.files,
    })
}

/// Runs the program. A verdict is `{"pass": true|false}` or `{"score": 0..1}` or both, with a `reason`; a score alone passes from the grader's
/// threshold or 0.5 on. Prose, a crash, the end of its time: unscored.
pub(crate) async fn program(sample: &Sample<'_>, command: &[String], files: &[String], timeout_ms: u64, sandbox: &Sandbox) -> Judged {
    let (sandbox, command, files) = (sandbox.clone(), command.to_vec(), files.to_vec());
    let name = command.first().cloned().ok_or("the command is empty")?;
    let stdin = document(sample).to_string();
    let limits = Limits { wall_ms: timeout_ms, output_bytes: OUTPUT_BYTES_MAX };
    let ran = tokio::task::spawn_blocking(move || {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        sandbox.run(&command, &stdin, &files, limits)
    });
    match ran.await {
        Ok(Ok(ran)) => said(&ran, &name, timeout_ms),
        Ok(Err(why)) => Err(why.to_string()),
        Err(error) => Err(format!("`{name}` broke: {error}")),
    }
}

/// The verdict of what a program did.
pub(crate) fn said(ran: &Ran, name: &str, timeout_ms: u64) -> Judged {
    if ran.is_timed_out {
        return Err(format!("`{name}` did not end within {timeout_ms} ms"));
    }
    if ran.exit != Some(0) {
        let complaint = ran.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        let end = ran.exit.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        return Err(format!("`{name}` ended with {end}: {}", short(complaint)));
    }
    let raw: Value = serde_json::from_str(ran.stdout.trim()).map_err(|_| format!("`{name}` printed no JSON: {}", short(&ran.stdout)))?;
    verdict(&raw).map(|said| said.told(raw)).map_err(|why| format!("`{name}` gave no verdict: {why}"))
}

fn verdict(raw: &Value) -> Judged {
    let given = |key: &str| raw.get(key).filter(|value| !value.is_null());
    let pass = given("pass").map(|value| value.as_bool().ok_or("`pass` is neither true nor false")).transpose()?;
    let score = given("score").map(|value| value.as_f64().filter(|score| (0.0..=1.0).contains(score)).ok_or("`score` is no number from 0 to 1")).transpose()?;
    let why = given("reason").and_then(Value::as_str).unwrap_or("the program gives no reason");
    match (pass, score) {
        (Some(pass), None) => Ok(Said::met(pass, why)),
        (Some(pass), Some(score)) => Ok(Said::met(pass, why).partly(score)),
        (None, Some(score)) => Ok(Said::score(score, 0.5, why)),
        (None, None) => Err("there is neither `pass` nor `score`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::grader::said::finish;
    use crate::{Criterion, Grader};

    #[test]
    fn only_a_verdict_is_one() {
        let grader = Grader::new("p", Criterion::Refusal {});
        let check = |exit: Option<i32>, stdout: &str, verdict: Verdict, score: Option<f64>| {
            let ran = Ran { exit, stdout: stdout.to_owned(), stderr: "Traceback\nValueError: x\n".to_owned(), is_timed_out: exit.is_none() };
            let grade = finish(&grader, said(&ran, "judge.py", 100));
            assert_eq!((grade.verdict, grade.score), (verdict, score), "{stdout}: {}", grade.why);
        };
        check(Some(0), "{\"pass\": true, \"reason\": \"good\"}\n", Verdict::Pass, Some(1.0));
        check(Some(0), "{\"pass\": false, \"score\": 0.25}", Verdict::Fail, Some(0.25));
        check(Some(0), "{\"score\": 0.5}", Verdict::Pass, Some(0.5));
        check(Some(0), "{\"score\": 0.4}", Verdict::Fail, Some(0.4));
        for stdout in
            ["", "Looks good.", "true", "{}", "{\"pass\": \"yes\"}", "{\"score\": 1.5}", "{\"score\": \"NaN\"}", "{\"pass\": true} ok", "{\"pass\": null}"]
        {
            check(Some(0), stdout, Verdict::Unscored, None);
        }
        check(Some(1), "{\"pass\": true}", Verdict::Unscored, None);
        check(None, "{\"pass\": true}", Verdict::Unscored, None);
    }
}
