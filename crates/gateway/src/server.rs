//! The listener and its threads. Each thread has a runtime of its own and takes connections from the same socket, so that
//! a call stays on one thread from its first byte to its last.

use crate::connection::{Stopping, serve, sweep};
use crate::guard::Watch;
use crate::service::Gateway;
use crate::tls;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Why the server could not start, in a sentence.
pub type ServerError = String;

/// How to serve.
#[derive(Debug)]
pub struct ServerOptions {
    /// The address; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Certificate and key, for TLS.
    pub tls: Option<(std::path::PathBuf, std::path::PathBuf)>,
    /// Threads; none: one for each core.
    pub workers: Option<usize>,
}

/// A bound listener that does not serve so far.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<Arc<Acceptor>>,
    workers: usize,
}

struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// A serving server.
#[derive(Debug)]
pub struct Handle {
    stopping: watch::Sender<Stopping>,
    open: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Binds the address and reads the certificates.
    ///
    /// # Errors
    /// Where the address is taken or a file cannot be used.
    pub fn bind(options: &ServerOptions) -> Result<Self, ServerError> {
        let listener = TcpListener::bind(options.listen).map_err(|error| {
            format!(
                "{} cannot be listened on: {error}. Set gateway.listen in jeton.toml (or JETON_LISTEN) to another address, or stop what uses it.",
                options.listen
            )
        })?;
        listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let acceptor = options.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key)).transpose()?;
        let workers = options.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        Ok(Self { listener, address, acceptor: acceptor.map(|acceptor| Arc::new(Acceptor(acceptor))), workers })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.acceptor.is_some()
    }

    /// Begins to serve.
    ///
    /// # Errors
    /// Where a thread cannot be had.
    pub fn start(self, gateway: &Arc<Gateway>) -> Result<Handle, ServerError> {
        let (stopping, watched) = watch::channel(Stopping::No);
        let open = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::with_capacity(self.workers);
        for number in 0..self.workers {
            let listener = self.listener.try_clone().map_err(|error| error.to_string())?;
            let worker = Worker { listener, acceptor: self.acceptor.clone(), gateway: Arc::clone(gateway), stopping: watched.clone(), open: Arc::clone(&open) };
            let thread = std::thread::Builder::new().name(format!("gateway-{number}")).spawn(move || worker.run()).map_err(|error| error.to_string())?;
            threads.push(thread);
        }
        Ok(Handle { stopping, open, threads })
    }
}

impl Handle {
    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Takes no more connections and lets calls under way end.
    pub fn drain(&self) {
        self.stopping.send_replace(Stopping::Draining);
    }

    /// Ends everything at once.
    pub fn stop_now(&self) {
        self.stopping.send_replace(Stopping::Now);
    }

    /// Whether all threads have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the threads.
    pub fn join(self) {
        for thread in self.threads {
            // A thread that panicked has said so; there is nothing left to do for it.
            let _ = thread.join();
        }
    }
}

struct Worker {
    listener: TcpListener,
    acceptor: Option<Arc<Acceptor>>,
    gateway: Arc<Gateway>,
    stopping: watch::Receiver<Stopping>,
    open: Arc<AtomicUsize>,
}

impl Worker {
    fn run(self) {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.accept()),
            Err(error) => tracing::error!(%error, "a serving thread could not start"),
        }
    }

    async fn accept(mut self) {
        let listener = match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the listener cannot be used");
                return;
            }
        };
        let watch = Arc::new(Watch::default());
        let sweeper = tokio::spawn(sweep(Arc::clone(&watch), Arc::clone(&self.gateway)));
        let mut connections = tokio::task::JoinSet::new();
        while *self.stopping.borrow() == Stopping::No {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let _ = stream.set_nodelay(true);
                        let task = connection(stream, peer, self.acceptor.clone(), Arc::clone(&self.gateway), Arc::clone(&watch), self.stopping.clone());
                        connections.spawn(counted(Arc::clone(&self.open), task));
                    }
                    Err(error) => {
                        // Too many open files, most likely: wait for some to be closed.
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                _ = self.stopping.changed() => {}
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
        // A provider's connection is driven by the thread that opened it, and may serve a call of another thread: nobody
        // leaves before the last call is over.
        while self.open.load(Ordering::Relaxed) > 0 && *self.stopping.borrow() != Stopping::Now {
            let _ = tokio::time::timeout(Duration::from_millis(20), self.stopping.changed()).await;
        }
        sweeper.abort();
    }
}

async fn counted(open: Arc<AtomicUsize>, task: impl Future<Output = ()>) {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    open.fetch_add(1, Ordering::Relaxed);
    let _count = Count(open);
    task.await;
}

async fn connection(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    acceptor: Option<Arc<Acceptor>>,
    gateway: Arc<Gateway>,
    watch: Arc<Watch>,
    mut stopping: watch::Receiver<Stopping>,
) {
    match acceptor {
        None => serve(stream, peer, gateway, watch, stopping).await,
        Some(acceptor) => {
            let limit = Duration::from_millis(gateway.live().snapshot().gateway.header_timeout_ms);
            let stopped = async {
                // The sender outlives all connections; without it the end is near as well.
                let _ = stopping.wait_for(|stopping| *stopping != Stopping::No).await;
            };
            // Before the handshake is done no call can be under way, so a stop waits for none.
            let accepted = tokio::select! {
                accepted = tokio::time::timeout(limit, acceptor.0.accept(stream)) => accepted,
                () = stopped => return,
            };
            if let Ok(Ok(stream)) = accepted {
                serve(stream, peer, gateway, watch, stopping).await;
            }
        }
    }
}
