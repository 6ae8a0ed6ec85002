//! The signals that ask the server to stop.

use crate::failure::Failure;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts requests to stop.
pub(super) struct Signals(Arc<(Mutex<usize>, Condvar)>);

impl Signals {
    /// Begins to listen, on a thread of its own.
    pub(super) fn listen() -> Result<Self, Failure> {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let counted = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::dependency(format!("signals cannot be listened to: {error}"), ""))?;
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(count(&counted)));
        thread.map_err(|error| Failure::dependency(format!("a thread cannot be had: {error}"), ""))?;
        Ok(Self(shared))
    }

    pub(super) fn count(&self) -> usize {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next signal, at most for `limit`.
    pub(super) fn wait(&self, limit: Duration) {
        let count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *count;
        let _ = self.0.1.wait_timeout_while(count, limit, |count| *count == before);
    }
}

async fn count(shared: &(Mutex<usize>, Condvar)) {
    loop {
        if next().await.is_err() {
            return;
        }
        *shared.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        shared.1.notify_all();
    }
}

#[cfg(unix)]
async fn next() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn next() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
