//! Idle connections of one provider, the last used first: it is the one most surely alive, and the rest can grow old and go.

use crate::connection::Connection;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Idle connections kept per provider; a burst's surplus is closed when it comes back.
const IDLE_MAX: usize = 512;
/// How long an encrypted connection may be idle: public endpoints keep theirs for a minute and more, and opening one costs several round trips.
const IDLE_SECURE: Duration = Duration::from_secs(55);
/// How long a plain one may: it leads to a server of one's own, often behind Node or uvicorn, which close after 5 s, and is cheap to open.
const IDLE_PLAIN: Duration = Duration::from_secs(4);

/// The idle connections of one origin.
#[derive(Debug)]
pub(crate) struct Pool {
    shelf: Mutex<Shelf>,
    idle_max: Duration,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Oldest first.
    idle: Vec<Idle>,
    /// Whether a sweeper is at work.
    swept: bool,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(crate) const fn new(secure: bool) -> Self {
        let idle_max = if secure { IDLE_SECURE } else { IDLE_PLAIN };
        Self { shelf: Mutex::new(Shelf { idle: Vec::new(), swept: false }), idle_max }
    }

    /// The connection used last that is still alive.
    pub(crate) fn take(&self) -> Option<Connection> {
        loop {
            let mut idle = self.lock().idle.pop()?;
            if idle.since.elapsed() < self.idle_max && idle.connection.is_reusable() {
                return Some(idle.connection);
            }
        }
    }

    /// Takes a connection back if it can be used again; closes it otherwise.
    pub(crate) fn put(self: &Arc<Self>, mut connection: Connection) {
        if !connection.is_reusable() {
            return;
        }
        let mut shelf = self.lock();
        if shelf.idle.len() >= IDLE_MAX {
            return;
        }
        shelf.idle.push(Idle { connection, since: Instant::now() });
        if !shelf.swept
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            shelf.swept = true;
            runtime.spawn(sweep(Arc::downgrade(self), self.idle_max));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().idle.len()
    }

    /// Takes out what has been idle too long. Says whether the shelf is empty now; if so, no sweeper is at work any more.
    fn take_expired(&self) -> (Vec<Idle>, bool) {
        let mut shelf = self.lock();
        let old = shelf.idle.partition_point(|idle| idle.since.elapsed() >= self.idle_max);
        let expired = shelf.idle.drain(..old).collect();
        shelf.swept = !shelf.idle.is_empty();
        (expired, shelf.idle.is_empty())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has been idle too long, until nothing is idle. Runs only while something is.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        let (expired, empty) = pool.take_expired();
        drop(expired);
        if empty {
            return;
        }
    }
}
