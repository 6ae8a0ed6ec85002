//! One HTTP/1.1 connection, driven by whoever reads from it.
//!
//! hyper wants its connection polled as a task of its own and talks to it over channels. Here the connection is polled
//! inside the task that waits for the answer: an event of a stream then wakes one task once, where it would wake two
//! tasks (often on two threads) otherwise. hyper's two halves wake each other even when both are polled by one task; so
//! the connection gets a waker of its own, [`Signal`], that turns wakes from within into another round of the loop and
//! passes only wakes from outside (the socket) on to the task.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Largest head of a response, and largest read buffer of a connection, in bytes. hyper allows at most 100 header lines besides.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Rounds after which a connection that always has more to do lets other tasks run.
const ROUNDS_MAX: u32 = 8;

/// What a request carries: the whole body, without copying it.
pub(crate) type RequestBody = Full<Bytes>;
type Driver = http1::Connection<TokioIo<Transport>, RequestBody>;

/// An open connection with at most one exchange under way. Dropping it closes the socket.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    /// Gone as soon as hyper has nothing more to do with the socket.
    driver: Option<Pin<Box<Driver>>>,
    signal: Arc<Signal>,
    waker: Waker,
}

/// Why an exchange gave no head of an answer.
#[derive(Debug)]
pub(crate) struct ExchangeError {
    pub(crate) cause: hyper::Error,
    /// Whether any byte of the request was handed to the operating system.
    pub(crate) sent: bool,
}

impl Connection {
    /// Takes an open stream over for HTTP/1.1.
    pub(crate) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let signal = Arc::new(Signal::default());
        let transport = TokioIo::new(Transport { stream, signal: Arc::clone(&signal) });
        let mut builder = http1::Builder::new();
        builder.max_header_size(BUFFER_BYTES_MAX).max_buf_size(BUFFER_BYTES_MAX);
        let (sender, driver) = builder.handshake(transport).await?;
        let waker = Waker::from(Arc::clone(&signal));
        Ok(Self { sender, driver: Some(Box::pin(driver)), signal, waker })
    }

    /// Sends a request and waits for the head of the answer. Dropping the future cancels: the connection must be dropped too.
    pub(crate) async fn exchange(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, ExchangeError> {
        self.signal.written.store(0, Ordering::Relaxed);
        let mut answer = pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|cx| self.work(cx, |inner| answer.as_mut().poll(inner))).await;
        answered.map_err(|mut error| {
            let given_back = error.take_message().is_some();
            ExchangeError { cause: error.into_error(), sent: !given_back && self.signal.written.load(Ordering::Relaxed) > 0 }
        })
    }

    /// Whether another request can be sent: lets the last exchange come to its end and looks whether the other side has closed.
    pub(crate) fn is_reusable(&mut self) -> bool {
        let nobody = &mut Context::from_waker(Waker::noop());
        let _: Poll<()> = self.work(nobody, |_| Poll::Pending);
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Moves bytes until `step` has a result or the socket must be waited for. `step` looks at what hyper has handed over;
    /// only the driver can make it ready, and it is always asked after the driver, so it needs no waker.
    pub(crate) fn work<T>(&mut self, cx: &mut Context<'_>, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let unwoken = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = step(unwoken) {
            return Poll::Ready(result);
        }
        self.signal.listen(cx.waker());
        for _ in 0..ROUNDS_MAX {
            self.signal.enter();
            let ended = self.driver.as_mut().is_none_or(|driver| driver.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready());
            if ended {
                self.driver = None;
            }
            let result = step(unwoken);
            let again = self.signal.leave();
            if result.is_ready() || !again {
                return result;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

const OUTSIDE: u8 = 0;
const INSIDE: u8 = 1;
const INSIDE_WOKEN: u8 = 2;

/// The waker of a connection's driver. See the head of this file.
#[derive(Debug)]
struct Signal {
    state: AtomicU8,
    task: Mutex<Waker>,
    /// Bytes of the current request handed to the operating system.
    written: AtomicU64,
}

impl Default for Signal {
    fn default() -> Self {
        Self { state: AtomicU8::new(OUTSIDE), task: Mutex::new(Waker::noop().clone()), written: AtomicU64::new(0) }
    }
}

impl Signal {
    /// Names the task that is to be woken from outside.
    fn listen(&self, task: &Waker) {
        let mut current = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.will_wake(task) {
            current.clone_from(task);
        }
    }

    fn enter(&self) {
        self.state.store(INSIDE, Ordering::SeqCst);
    }

    /// Whether there was a wake since [`Signal::enter`].
    fn leave(&self) -> bool {
        self.state.swap(OUTSIDE, Ordering::SeqCst) == INSIDE_WOKEN
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Err(OUTSIDE) = self.state.compare_exchange(INSIDE, INSIDE_WOKEN, Ordering::SeqCst, Ordering::SeqCst) {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
            task.wake();
        }
    }
}

/// A connected socket, encrypted or not.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A stream that counts what is written.
#[derive(Debug)]
struct Transport {
    stream: Stream,
    signal: Arc<Signal>,
}

impl Transport {
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.signal.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        self.count(written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        };
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn wakes_from_within_become_a_round_and_wakes_from_outside_reach_the_task() {
        let count = Arc::new(Count::default());
        let signal = Arc::new(Signal::default());
        let waker = Waker::from(Arc::clone(&signal));
        signal.listen(&Waker::from(Arc::clone(&count)));

        signal.enter();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert!(signal.leave());
        assert_eq!(count.0.load(Ordering::SeqCst), 0);

        signal.enter();
        assert!(!signal.leave());
        waker.wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }
}
