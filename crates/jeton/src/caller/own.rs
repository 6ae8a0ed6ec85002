//! A broker in this process, over the project's ledger.

use super::{Sending, Sent, Wall, call_id, fault, headers};
use crate::context::{Context, env};
use crate::failure::Failure;
use bytes::Bytes;
use http_body_util::BodyExt;
use jeton_broker::{Broker, BrokerOptions, Buffers, Inbound, Live, Peer, Surroundings, public_path};
use jeton_core::{CallId, SystemClock};
use jeton_eval::{CallFault, FaultClass};
use jeton_ledger::sqlite::{Options, SqliteLedger};
use jeton_ledger::{CallRecord, Ledger, Records};
use jeton_project::Snapshot;
use jeton_upstream::Upstream;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Records of calls that nobody has asked for yet.
type Receipts = Arc<Mutex<HashMap<CallId, CallRecord>>>;

pub(super) struct Own {
    broker: Arc<Broker>,
    ledger: Arc<SqliteLedger>,
    buffers: Arc<Buffers>,
    receipts: Receipts,
    accounts: Option<Arc<[Arc<str>]>>,
}

impl Own {
    pub(super) fn open(context: &Context, snapshot: &Arc<Snapshot>, wall: Option<&Wall>) -> Result<Self, Failure> {
        let ledger = Arc::new(SqliteLedger::open(&context.ledger_path(snapshot), Options::default())?);
        let around = Surroundings { project_dir: context.project.dir(), env: &env, previous: None };
        let live = Live::assemble(Arc::clone(snapshot), &around).map_err(|mistakes| {
            Failure::usage(mistakes.join("\n       "), "mend jeton.toml or the environment; `jeton config show --effective` shows what holds")
        })?;
        let mut accounts = crate::serve::accounts(snapshot);
        accounts.extend(wall.map(Wall::account_config));
        ledger.configure(accounts)?;
        let receipts = Receipts::default();
        let kept = Arc::clone(&receipts);
        let options = BrokerOptions {
            ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
            upstream: Upstream::new(),
            clock: Arc::new(SystemClock),
            live,
            context: None,
            on_record: Arc::new(move |record| {
                kept.lock().unwrap_or_else(PoisonError::into_inner).insert(record.id, record.clone());
            }),
            tap: None,
            node: 0,
        };
        let broker = Broker::new(options)?;
        let accounts = wall.map(|wall| wall.payers(snapshot));
        Ok(Self { broker, ledger, buffers: Buffers::new(snapshot.gateway.buffer_limit_bytes), receipts, accounts })
    }

    pub(super) fn records(&self) -> Arc<dyn Records> {
        Arc::clone(&self.ledger) as Arc<dyn Records>
    }

    pub(super) fn take_record(&self, call: CallId) -> Option<CallRecord> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).remove(&call)
    }

    pub(super) async fn send(&self, sending: Sending) -> Result<Sent, CallFault> {
        through(&self.broker, &self.buffers, self.accounts.clone(), sending).await
    }
}

/// One call through a broker of this process.
pub(super) async fn through(broker: &Arc<Broker>, buffers: &Arc<Buffers>, accounts: Option<Arc<[Arc<str>]>>, sending: Sending) -> Result<Sent, CallFault> {
    let mut reserved = buffers.reserve();
    if !reserved.grow(sending.body.len() as u64) {
        return Err(fault(FaultClass::Internal, "memory_bound", "all calls together hold as many bytes as they may".to_owned()));
    }
    let inbound = Inbound {
        is_endpoint: true,
        endpoint: sending.endpoint,
        path: public_path(sending.endpoint).to_owned(),
        path_class: None,
        path_key: None,
        path_model: sending.path_model.clone(),
        query: None,
        headers: Arc::new(headers(&sending)),
        body: Bytes::from(sending.body),
        reserved,
        peer: Peer { is_loopback: true, is_own: true },
        accounts,
        received: tokio::time::Instant::now(),
    };
    let (head, body) = broker.call(inbound).await.into_parts();
    let call = call_id(&head.headers);
    match body.collect().await {
        Ok(whole) => Ok(Sent { status: head.status.as_u16(), body: whole.to_bytes().to_vec(), call }),
        Err(error) => {
            Err(CallFault { call: call.map(|call| call.to_string()), ..fault(FaultClass::Provider, "broken_off", format!("the answer broke off: {error}")) })
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // What was charged must be written before the process ends.
        let _ = self.ledger.flush().wait();
    }
}
