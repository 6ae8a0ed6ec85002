//! One bound on the bytes that all calls together hold in memory.

use jeton_core::{Fault, FaultKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are held, and how many may be.
#[derive(Debug)]
pub struct Buffers {
    held: AtomicU64,
    most: AtomicU64,
}

impl Buffers {
    /// Room for `most` bytes.
    #[must_use]
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { held: AtomicU64::new(0), most: AtomicU64::new(most) })
    }

    /// Changes the bound. What is held already stays.
    pub fn set_most(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Bytes held now.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes nothing yet; grows with [`Reserved::grow`].
    #[must_use]
    pub fn reserve(self: &Arc<Self>) -> Reserved {
        Reserved { buffers: Arc::clone(self), bytes: 0 }
    }
}

/// Bytes that one call holds. Given back when dropped.
#[derive(Debug)]
pub struct Reserved {
    buffers: Arc<Buffers>,
    bytes: u64,
}

impl Reserved {
    /// Takes `bytes` more; `false` where that passes the bound, and the caller is to give up.
    pub fn grow(&mut self, bytes: u64) -> bool {
        let before = self.buffers.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before.saturating_add(bytes) <= self.buffers.most.load(Ordering::Relaxed)
    }
}

impl Reserved {
    /// Gives everything back now.
    pub fn release(&mut self) {
        self.buffers.held.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.release();
    }
}

/// What a call is told that would pass the bound.
#[must_use]
pub fn memory_full() -> Fault {
    Fault::new(FaultKind::Unavailable, "All calls together hold as many bytes as they may.")
        .code("memory_bound")
        .remedy("Try again shortly, or raise gateway.buffer_limit_bytes in jeton.toml.")
        .retry_after_ms(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_for_all_together_and_what_is_dropped_comes_back() {
        let buffers = Buffers::new(100);
        let mut first = buffers.reserve();
        let mut second = buffers.reserve();
        assert!(first.grow(60));
        assert!(second.grow(40));
        assert!(!second.grow(1));
        drop(second);
        assert!(first.grow(40));
        drop(first);
        assert_eq!(buffers.held(), 0);
    }
}
