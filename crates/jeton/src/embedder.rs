//! The model that embeds the project's context, asked through the broker, so that its calls are metered, held and in the ledger: under the
//! class `jeton.context`.

use crate::context::{Context, env};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use jeton_broker::{Broker, BrokerOptions, Buffers, Inbound, Live, Peer, Surroundings, public_path};
use jeton_context::embed::Embedder;
use jeton_core::SystemClock;
use jeton_ledger::Ledger;
use jeton_ledger::sqlite::{Options, SqliteLedger, running_server};
use jeton_project::Snapshot;
use jeton_upstream::Upstream;
use jeton_wire::{Dialect, Endpoint};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
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
    way: Way,
    /// Drives the connections to providers between two calls too: they are shared with other threads.
    runtime: Option<Runtime>,
    failed: Mutex<Option<(Instant, String)>>,
}

/// How the model is reached.
enum Way {
    /// By the broker of this server, which may be gone before the last who asks.
    Serving(Weak<Broker>, Arc<Buffers>),
    /// By whatever a command finds when it first asks: the server that has the ledger, else a broker of its own.
    Command(Place, OnceLock<Result<Reached, String>>),
}

/// Where a command works.
struct Place {
    project_dir: PathBuf,
    ledger: PathBuf,
    snapshot: Arc<Snapshot>,
}

/// What a command found.
enum Reached {
    Server(String),
    Own(Arc<Broker>, Arc<SqliteLedger>, Arc<Buffers>),
}

/// Who is asked.
enum Asked<'a> {
    Broker(Arc<Broker>, &'a Arc<Buffers>),
    Server(&'a str),
}

impl ThroughBroker {
    /// Asks `model` by the broker of this server.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub(crate) fn serving(model: &str, broker: &Arc<Broker>, buffers: &Arc<Buffers>) -> Result<Self, String> {
        Self::new(model, Way::Serving(Arc::downgrade(broker), Arc::clone(buffers)))
    }

    /// Asks `model` for a command: by the server that has the project's ledger, else by a broker of its own. Neither is looked for before it
    /// is needed.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub(crate) fn command(model: &str, context: &Context, snapshot: &Snapshot) -> Result<Self, String> {
        let place = Place { project_dir: context.project.dir().to_owned(), ledger: context.ledger_path(snapshot), snapshot: Arc::new(snapshot.clone()) };
        Self::new(model, Way::Command(place, OnceLock::new()))
    }

    fn new(model: &str, way: Way) -> Result<Self, String> {
        // With a worker of its own: a runtime that runs only while it is asked would leave shared connections without anybody to wake them.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("embeddings").enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Self { model: model.to_owned(), way, runtime: Some(runtime), failed: Mutex::new(None) })
    }

    fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        let runtime = self.runtime.as_ref().ok_or("it is about to stop")?;
        let asked = self.asked()?;
        let patience = if texts.len() == 1 { TASK_PATIENCE } else { BATCH_PATIENCE };
        let body = Bytes::from(json!({ "model": self.model, "input": texts }).to_string());
        let going = async {
            match &asked {
                Asked::Broker(broker, buffers) => call(broker, buffers, body).await,
                Asked::Server(address) => post(address, body, patience).await,
            }
        };
        let answer = runtime.block_on(async { tokio::time::timeout(patience, going).await });
        let (status, body) = answer.map_err(|_| format!("there was no answer within {} s", patience.as_secs()))??;
        if !(200..300).contains(&status) {
            return Err(jeton_wire::read_error(Dialect::OpenAi, status, |_| None, &body).message);
        }
        vectors(&body).filter(|vectors| vectors.len() == texts.len()).ok_or_else(|| format!("the answer does not hold {} vectors", texts.len()))
    }

    fn asked(&self) -> Result<Asked<'_>, String> {
        match &self.way {
            Way::Serving(broker, buffers) => Ok(Asked::Broker(broker.upgrade().ok_or("the server is about to stop")?, buffers)),
            Way::Command(place, reached) => match reached.get_or_init(|| reach(place)).as_ref().map_err(Clone::clone)? {
                Reached::Server(address) => Ok(Asked::Server(address)),
                Reached::Own(broker, _, buffers) => Ok(Asked::Broker(Arc::clone(broker), buffers)),
            },
        }
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
        if let Way::Command(_, reached) = &self.way
            && let Some(Ok(Reached::Own(_, ledger, _))) = reached.get()
        {
            // What was charged must be written before the process ends.
            let _ = ledger.flush().wait();
        }
        // The last who lets go may be a thread that must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The server that has the ledger, else a broker over it in this process.
fn reach(place: &Place) -> Result<Reached, String> {
    if let Some(holder) = running_server(&place.ledger).map_err(|error| error.to_string())? {
        return holder.address.map(Reached::Server).ok_or_else(|| "a server that is about to start has the ledger".to_owned());
    }
    let ledger = Arc::new(SqliteLedger::open(&place.ledger, Options::default()).map_err(|error| error.to_string())?);
    let around = Surroundings { project_dir: &place.project_dir, env: &env, previous: None };
    let live = Live::assemble(Arc::clone(&place.snapshot), &around).map_err(|mistakes| mistakes.join("; "))?;
    ledger.configure(crate::serve::accounts(&place.snapshot)).map_err(|error| error.to_string())?;
    let options = BrokerOptions {
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        upstream: Upstream::new(),
        clock: Arc::new(SystemClock),
        live,
        context: None,
        on_record: Arc::new(|_| {}),
        node: 0,
    };
    let broker = Broker::new(options).map_err(|error| error.to_string())?;
    Ok(Reached::Own(broker, ledger, Buffers::new(place.snapshot.gateway.buffer_limit_bytes)))
}

async fn call(broker: &Arc<Broker>, buffers: &Arc<Buffers>, body: Bytes) -> Result<(u16, Bytes), String> {
    let mut reserved = buffers.reserve();
    if !reserved.grow(body.len() as u64) {
        return Err("all calls together hold as many bytes as they may".to_owned());
    }
    let inbound = Inbound {
        is_endpoint: true,
        endpoint: Endpoint::Embeddings,
        path: public_path(Endpoint::Embeddings).to_owned(),
        path_class: Some(CLASS.to_owned()),
        path_key: None,
        query: None,
        headers: Arc::new(headers()),
        body,
        reserved,
        peer: Peer { is_loopback: true, is_own: true },
        accounts: None,
        received: tokio::time::Instant::now(),
    };
    let (head, body) = broker.call(inbound).await.into_parts();
    let whole = body.collect().await.map_err(|error| format!("the answer broke off: {error}"))?;
    Ok((head.status.as_u16(), whole.to_bytes()))
}

/// Asks the server at `address`, with the key that the environment has.
async fn post(address: &str, body: Bytes, patience: Duration) -> Result<(u16, Bytes), String> {
    let mut headers = headers();
    if let Some(key) = env("JETON_KEY").and_then(|key| HeaderValue::from_str(key.trim()).ok()) {
        headers.insert("jeton-key", key);
    }
    let url = format!("{}/c/{CLASS}{}", address.trim_end_matches('/'), public_path(Endpoint::Embeddings));
    let posted = jeton_upstream::post(&url, headers, body, patience).await.map_err(|why| format!("the server at {address}: {why}"))?;
    Ok((posted.status, posted.body))
}

/// No pack, whatever the class has: context is what these calls are for.
fn headers() -> HeaderMap {
    let texts = [("content-type", "application/json"), ("jeton-context", "none")];
    texts.into_iter().map(|(name, text)| (http::HeaderName::from_static(name), HeaderValue::from_static(text))).collect()
}

/// The vectors of an embeddings answer, in the order of the inputs.
#[allow(clippy::cast_possible_truncation)] // Vectors have single precision on the wire.
fn vectors(body: &[u8]) -> Option<Vec<Vec<f32>>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let mut found: Vec<(u64, Vec<f32>)> = Vec::new();
    for (place, item) in document["data"].as_array()?.iter().enumerate() {
        let numbers = item["embedding"].as_array()?.iter().map(|number| number.as_f64().map(|number| number as f32));
        found.push((item["index"].as_u64().unwrap_or(place as u64), numbers.collect::<Option<_>>()?));
    }
    found.sort_by_key(|(index, _)| *index);
    Some(found.into_iter().map(|(_, vector)| vector).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read_in_the_order_of_the_inputs_and_what_is_none_is_not() {
        let body = br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1, -0.5]}]}"#;
        assert_eq!(vectors(body), Some(vec![vec![1.0, -0.5], vec![2.0]]));
        for bad in [&b"no"[..], b"{}", br#"{"data":[{"embedding":"AAAA"}]}"#, br#"{"data":[{"embedding":[null]}]}"#] {
            assert_eq!(vectors(bad), None);
        }
    }
}
