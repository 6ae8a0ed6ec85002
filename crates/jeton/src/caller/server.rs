//! The server that has the ledger, over HTTP.

use super::{Sending, Sent, Wall, call_id, fault, headers};
use crate::failure::Failure;
use bytes::Bytes;
use http::HeaderValue;
use jeton_broker::public_path;
use jeton_eval::{CallFault, FaultClass};
use jeton_wire::Endpoint;
use std::time::Duration;

/// The longest that the server is waited for where the call itself has no limit: it has timers of its own.
const LIMIT: Duration = Duration::from_secs(3_600);

pub(super) struct Server {
    address: String,
    key: Option<HeaderValue>,
}

impl Server {
    pub(super) fn new(address: &str, wall: Option<&Wall>) -> Result<Self, Failure> {
        if wall.is_some() {
            return Err(Failure::usage(
                "a budget of this run alone cannot be kept while a server has the ledger: its holds are made there",
                "stop `jeton up` for the time of the run, or leave `--budget` out and bound the account in jeton.toml",
            ));
        }
        let key = crate::context::env("JETON_KEY").and_then(|key| HeaderValue::from_str(key.trim()).ok());
        Ok(Self { address: address.trim_end_matches('/').to_owned(), key })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn send(&self, sending: Sending) -> Result<Sent, CallFault> {
        let mut headers = headers(&sending);
        if let Some(key) = &self.key {
            headers.insert("jeton-key", key.clone());
        }
        if sending.endpoint == Endpoint::Converse {
            let why = "Jeton serves no Converse: stop the server, and the provider is asked directly".to_owned();
            return Err(fault(FaultClass::Request, "not_served", why));
        }
        let path = match &sending.path_model {
            Some(path) if path.is_stream => sending.endpoint.stream_path().replace("{model}", &path.model),
            Some(path) => public_path(sending.endpoint).replace("{model}", &path.model),
            None => public_path(sending.endpoint).to_owned(),
        };
        let url = format!("{}{path}", self.address);
        let posted = jeton_upstream::post(&url, headers, Bytes::from(sending.body), LIMIT).await;
        let posted = posted.map_err(|why| fault(FaultClass::Provider, "server_unreachable", format!("the server at {}: {why}", self.address)))?;
        Ok(Sent { status: posted.status, body: posted.body.to_vec(), call: call_id(&posted.headers) })
    }
}
