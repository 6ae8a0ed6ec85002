//! Slow and silent clients: each connection keeps a note of what it waits for, and one sweeper per thread closes those
//! that wait too long. A note costs a call a few stores; a timer for each request would cost more than the request.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Waits {
    /// For the first byte of a request.
    Request = 0,
    /// For the rest of a request's head.
    Head = 1,
    /// For nothing of the client's: its request is being served.
    Nothing = 2,
    /// For the client to take what is ready.
    Reader = 3,
}

/// The note of one connection.
#[derive(Debug)]
pub(crate) struct Note {
    waits: AtomicU8,
    since_ms: AtomicU64,
    start: Instant,
    close: Notify,
}

impl Note {
    fn set(&self, waits: Waits) {
        self.since_ms.store(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.waits.store(waits as u8, Ordering::Relaxed);
    }

    /// A request's head is whole.
    pub(crate) fn serving(&self) {
        self.set(Waits::Nothing);
    }

    /// A response's last byte was made.
    pub(crate) fn served(&self) {
        self.set(Waits::Request);
    }

    fn is_overdue(&self, limits: Limits) -> bool {
        let waited = self.start.elapsed().saturating_sub(Duration::from_millis(self.since_ms.load(Ordering::Relaxed)));
        match self.waits.load(Ordering::Relaxed) {
            0 | 3 => waited >= limits.idle,
            1 => waited >= limits.head,
            _ => false,
        }
    }

    /// Resolves when the sweeper wants the connection closed.
    pub(crate) async fn closed(&self) {
        self.close.notified().await;
    }
}

/// How long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
}

/// The notes of one thread's connections.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Vec<Weak<Note>>>);

impl Watch {
    pub(crate) fn note(&self) -> Arc<Note> {
        let note = Arc::new(Note { waits: AtomicU8::new(Waits::Request as u8), since_ms: AtomicU64::new(0), start: Instant::now(), close: Notify::new() });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&note));
        note
    }

    /// Closes what is overdue and forgets what is gone. Returns how many were closed.
    pub(crate) fn sweep(&self, limits: Limits) -> usize {
        let mut closed = 0;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|note| {
            let Some(note) = note.upgrade() else { return false };
            if note.is_overdue(limits) {
                note.close.notify_one();
                closed += 1;
            }
            true
        });
        closed
    }
}

/// A connection that keeps its note.
pub(crate) struct Noted<S> {
    inner: S,
    note: Arc<Note>,
}

impl<S> Noted<S> {
    pub(crate) const fn new(inner: S, note: Arc<Note>) -> Self {
        Self { inner, note }
    }

    fn wrote<T>(&self, poll: Poll<T>) -> Poll<T> {
        let waits = self.note.waits.load(Ordering::Relaxed);
        if poll.is_pending() && waits == Waits::Nothing as u8 {
            self.note.set(Waits::Reader);
        } else if poll.is_ready() && waits == Waits::Reader as u8 {
            self.note.set(Waits::Nothing);
        }
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if poll.is_ready() && buffer.filled().len() > before && self.note.waits.load(Ordering::Relaxed) == Waits::Request as u8 {
            self.note.set(Waits::Head);
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.wrote(poll)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[std::io::IoSlice<'_>]) -> Poll<std::io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.wrote(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_for_the_client_is_overdue() {
        let watch = Watch::default();
        let note = watch.note();
        let now = Limits { head: Duration::ZERO, idle: Duration::ZERO };
        let later = Limits { head: Duration::from_secs(60), idle: Duration::from_secs(60) };
        assert!(note.is_overdue(now));
        assert!(!note.is_overdue(later));
        note.serving();
        assert!(!note.is_overdue(now), "a call that waits for its provider is not the client's fault");
        note.set(Waits::Reader);
        assert!(note.is_overdue(now));
        note.set(Waits::Head);
        assert!(note.is_overdue(Limits { idle: Duration::from_secs(60), ..now }));
        assert_eq!(watch.sweep(now), 1);
        drop(note);
        assert_eq!(watch.sweep(now), 0);
    }
}
