//! The model that embeds the project's context, asked through the broker, so that its calls are metered, held and in the ledger: under the
//! class `jeton.context`.

use crate::caller::Caller;
use jeton_context::embed::Embedder;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The class of the calls.
pub(crate) const CLASS: &str = "jeton.context";
/// How long one text is waited for: it is a task, and somebody waits for its context.
const TASK_PATIENCE: Duration = Duration::from_secs(5);
/// How long many texts are waited for.
const BATCH_PATIENCE: Duration = Duration::from_secs(60);
/// How long the model is left alone after it failed, so that a provider that hangs does not make every call wait.
const PAUSE: Duration = Duration::from_secs(30);

/// A model for embeddings behind a broker.
pub(crate) struct ThroughBroker {
    model: String,
    caller: Arc<Caller>,
    /// Drives the connections to providers between two calls too: they are shared with other threads.
    runtime: Option<Runtime>,
    failed: Mutex<Option<(Instant, String)>>,
}

impl ThroughBroker {
    /// Asks `model` by `caller`.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub(crate) fn new(model: &str, caller: Arc<Caller>) -> Result<Self, String> {
        // With a worker of its own: a runtime that runs only while it is asked would leave shared connections without anybody to wake them.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("embeddings").enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Self { model: model.to_owned(), caller, runtime: Some(runtime), failed: Mutex::new(None) })
    }

    fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        let runtime = self.runtime.as_ref().ok_or("it is about to stop")?;
        let patience = if texts.len() == 1 { TASK_PATIENCE } else { BATCH_PATIENCE };
        let (caller, model, texts) = (Arc::clone(&self.caller), self.model.clone(), texts.to_vec());
        // On the runtime's own thread: whoever asks may be on a runtime of another kind, such as a run of a suite.
        let asking = runtime.spawn(async move { caller.vectors(&model, &texts, Some(CLASS), Vec::new(), Some(patience)).await });
        let (sender, answer) = std::sync::mpsc::channel();
        runtime.spawn(async move { drop(sender.send(asking.await)) });
        let answered = answer.recv().map_err(|_| "it was not answered".to_owned())?;
        let (vectors, _) = answered.map_err(|error| error.to_string())?.map_err(|fault| fault.message)?;
        Ok(vectors)
    }
}

impl Embedder for ThroughBroker {
    fn model(&self) -> &str {
        &self.model
    }

    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        if let Some((_, why)) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|(since, _)| since.elapsed() < PAUSE) {
            return Err(why.clone());
        }
        let made = self.ask(texts);
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = made.as_ref().err().map(|why| (Instant::now(), why.clone()));
        made
    }
}

impl Drop for ThroughBroker {
    fn drop(&mut self) {
        // The last who lets go may be a thread that must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
