//! Targets that are no models: a command that reads the case and prints the answer, an endpoint that is posted to.

use bytes::Bytes;
use jeton_eval::cell::Targets;
use jeton_eval::{Answer, CallFault, Calling, FaultClass, TargetKind};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long a command or an endpoint may take where nothing was said.
const LIMIT: Duration = Duration::from_secs(300);

pub(super) struct Outside {
    directory: PathBuf,
}

impl Outside {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    async fn command(&self, command: &[String], case: &Value, limit: Duration) -> Result<Answer, CallFault> {
        let Some((program, arguments)) = command.split_first() else { return Err(fault("no_command", "the command is empty".to_owned())) };
        let begun = Instant::now();
        let mut started = Command::new(program);
        started.args(arguments).current_dir(&self.directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = started.spawn().map_err(|error| fault("not_started", format!("`{program}` cannot be started: {error}")))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input is none the worse for it.
            let _ = stdin.write_all(case.to_string().as_bytes()).await;
        }
        let waited = tokio::time::timeout(limit, child.wait_with_output()).await;
        let output = waited
            .map_err(|_| fault("timeout", format!("`{program}` had not ended after {} ms", limit.as_millis())))?
            .map_err(|error| fault("broken_off", format!("`{program}`: {error}")))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            return Err(fault("command_failed", format!("`{program}` ended with {}: {}", output.status, told.lines().last().unwrap_or("it says nothing"))));
        }
        Ok(answer(String::from_utf8_lossy(&output.stdout).trim_end().to_owned(), begun))
    }

    async fn endpoint(&self, url: &str, at: Option<&str>, case: &Value, limit: Duration) -> Result<Answer, CallFault> {
        let begun = Instant::now();
        let posted = jeton_upstream::post(url, http::HeaderMap::new(), Bytes::from(case.to_string()), limit).await;
        let posted = posted.map_err(|why| fault("unreachable", why))?;
        let text = String::from_utf8_lossy(&posted.body).into_owned();
        if !(200..300).contains(&posted.status) {
            return Err(CallFault { status: Some(posted.status), ..fault("status", format!("{url} answered {}", posted.status)) });
        }
        let Some(pointer) = at else { return Ok(answer(text, begun)) };
        let document: Value = serde_json::from_str(&text).map_err(|error| fault("unreadable", format!("the answer of {url} is no JSON: {error}")))?;
        let found = document.pointer(pointer).ok_or_else(|| fault("unreadable", format!("the answer of {url} has nothing at `{pointer}`")))?;
        Ok(answer(found.as_str().map_or_else(|| found.to_string(), str::to_owned), begun))
    }
}

impl Targets for Outside {
    fn outside<'a>(&'a self, kind: &'a TargetKind, case: &'a Value, timeout_ms: Option<u64>) -> Calling<'a, Answer> {
        let limit = timeout_ms.map_or(LIMIT, Duration::from_millis);
        Box::pin(async move {
            match kind {
                TargetKind::Command { command } => self.command(command, case, limit).await,
                TargetKind::Http { url, at } => self.endpoint(url, at.as_deref(), case, limit).await,
                TargetKind::Model { .. } | TargetKind::Recorded { .. } => Err(fault("no_outside", "the target is neither command nor endpoint".to_owned())),
            }
        })
    }
}

fn answer(text: String, begun: Instant) -> Answer {
    Answer { text, finish: Some("stop".to_owned()), latency_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), ..Answer::default() }
}

fn fault(code: &str, message: String) -> CallFault {
    CallFault { class: FaultClass::Target, code: code.to_owned(), message, status: None, call: None, cost: None }
}
