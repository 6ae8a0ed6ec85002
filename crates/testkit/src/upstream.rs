//! A provider whose every answer is scripted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Threads are many and small: one for each connection.
const STACK_BYTES: usize = 256 * 1024;

/// A request as the provider received it.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Script = dyn Fn(&mut Exchange) -> io::Result<()> + Send + Sync;

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Recorded>>,
    begun: AtomicUsize,
    clients_gone: AtomicUsize,
}

/// A scripted provider. Its thread ends with the process; nothing connects to it any more once its test is over.
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Upstream {
    /// Answers every request as `script` does.
    ///
    /// # Panics
    /// Where no port can be had.
    #[must_use]
    pub fn start(script: impl Fn(&mut Exchange) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let script: Arc<Script> = Arc::new(script);
        let shared = Arc::clone(&seen);
        spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&shared));
                spawn(move || {
                    let _ = serve(stream, &*script, &seen);
                });
            }
        });
        Self { address, seen }
    }

    /// Answers every request with the same document.
    #[must_use]
    pub fn document(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::start(move |exchange| exchange.document(200, &body))
    }

    /// Answers every request with the same stream of events, in one piece.
    #[must_use]
    pub fn events(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::start(move |exchange| exchange.events(&[&body]))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://…`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in the order of their arrival.
    ///
    /// # Panics
    /// Where a script has panicked.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many requests there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seen.begun.load(Ordering::SeqCst)
    }

    /// The last request.
    ///
    /// # Panics
    /// Where there was none.
    #[must_use]
    pub fn last(&self) -> Recorded {
        self.requests().pop().expect("the provider was asked")
    }

    /// How many exchanges found their client gone while they waited for it ([`Exchange::wait_for_close`]).
    #[must_use]
    pub fn clients_gone(&self) -> usize {
        self.seen.clients_gone.load(Ordering::SeqCst)
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap();
}

fn serve(stream: TcpStream, script: &Script, seen: &Seen) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1, stream.try_clone()?);
    let mut writer = stream;
    loop {
        let Some(request) = read_request(&mut reader)? else { return Ok(()) };
        let number = seen.begun.fetch_add(1, Ordering::SeqCst);
        seen.requests.lock().unwrap().push(request.clone());
        let mut exchange = Exchange { request, number, stream: &mut writer, is_over: false, seen };
        script(&mut exchange)?;
        if exchange.is_over {
            return Ok(());
        }
        // The last byte of the body is taken only now: a connection that is closed while bytes lie unread is reset.
        consume_last_byte(&mut reader)?;
    }
}

/// Reads head and body; the body's last byte is looked at, not taken.
fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Recorded>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let mut request =
        Recorded { method: words.next().unwrap_or_default().to_owned(), target: words.next().unwrap_or_default().to_owned(), ..Recorded::default() };
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length: usize = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    if length > 0 {
        let mut body = vec![0; length - 1];
        reader.read_exact(&mut body)?;
        let mut last = [0];
        reader.get_ref().peek(&mut last)?;
        body.push(last[0]);
        request.body = body;
    }
    Ok(Some(request))
}

fn consume_last_byte(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    reader.read_exact(&mut [0])
}

/// One request and the way to its answer.
pub struct Exchange<'a> {
    /// What was asked.
    pub request: Recorded,
    /// Which request of the provider's life, from 0.
    pub number: usize,
    stream: &'a mut TcpStream,
    is_over: bool,
    seen: &'a Seen,
}

impl Exchange<'_> {
    /// Takes its time before it answers: a provider is slower than a test.
    pub fn think(&self, time: std::time::Duration) {
        std::thread::sleep(time);
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Answers with a JSON document.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn document(&mut self, status: u16, body: impl AsRef<[u8]>) -> io::Result<()> {
        self.document_with(status, &[], body)
    }

    /// Answers with a JSON document and further headers.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn document_with(&mut self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> io::Result<()> {
        let body = body.as_ref();
        let mut answer = format!("HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend_from_slice(body);
        self.send(answer)
    }

    /// Begins a stream of events: its head.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn begin_events(&mut self) -> io::Result<()> {
        self.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")
    }

    /// Sends one chunk of a stream.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn chunk(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Ok(());
        }
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.send(chunk)
    }

    /// Ends a stream properly.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn end(&mut self) -> io::Result<()> {
        self.send("0\r\n\r\n")
    }

    /// A whole stream, one chunk for each piece.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn events(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        self.begin_events()?;
        for piece in pieces {
            self.chunk(piece)?;
        }
        self.end()
    }

    /// A whole stream in AWS's framing, in pieces that cut through frames.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn frames(&mut self, frames: &[u8]) -> io::Result<()> {
        self.send("HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n")?;
        for piece in frames.chunks(37) {
            self.chunk(piece)?;
        }
        self.end()
    }

    /// Closes the connection where it is, without an end.
    pub fn cut(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.is_over = true;
    }

    /// Resets the connection: the body's last byte lies unread, so the system answers the rest with RST.
    pub fn reset(&mut self) {
        self.is_over = true;
    }

    /// Waits until the client closes its connection; notes that it did.
    ///
    /// # Panics
    /// Where it has not after 20 s.
    pub fn wait_for_close(&mut self) {
        let begun = std::time::Instant::now();
        // The unread byte of the body hides the end of the connection: it is taken first.
        let _ = self.stream.read(&mut [0]);
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let gone = match self.stream.read(&mut [0]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        };
        assert!(gone, "the client is still there after {:?}", begun.elapsed());
        self.seen.clients_gone.fetch_add(1, Ordering::SeqCst);
        self.is_over = true;
    }
}
