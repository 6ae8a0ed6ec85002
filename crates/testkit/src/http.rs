//! A blocking client of HTTP/1.1 that hides nothing: requests are sent as they are written, answers come piece by piece.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a read may wait before the test fails.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// POST of JSON, byte for byte as given.
    #[must_use]
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", target) }.header("content-type", "application/json")
    }

    /// One header more. `host` and `content-length` written here take the place of those that are sent otherwise.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with another body.
    #[must_use]
    pub fn edited(mut self, edit: impl Fn(&str) -> String) -> Self {
        self.body = edit(&String::from_utf8_lossy(&self.body)).into_bytes();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(have, _)| have.eq_ignore_ascii_case(name))
    }

    /// The head as it is sent, up to and with the empty line.
    #[must_use]
    pub fn head_bytes(&self, to: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("host") {
            head.push_str(&format!("host: {to}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.has("content-length") && !self.has("transfer-encoding") && (self.method == "POST" || !self.body.is_empty()) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// Status and headers of an answer.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Names in lower case, values as they came, in their order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The id of the call.
    ///
    /// # Panics
    /// Where the answer names none.
    #[must_use]
    pub fn call(&self) -> String {
        self.header("jeton-call").expect("the answer names its call").to_owned()
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status and headers.
    pub head: Head,
    /// The body, its chunks put together.
    pub body: Vec<u8>,
}

impl Reply {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The id of the call.
    #[must_use]
    pub fn call(&self) -> String {
        self.head.call()
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
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {} {}", self.status(), self.text()))
    }
}

/// One connection. Closed when dropped, which is how a client leaves.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// Connects, if somebody listens.
    ///
    /// # Errors
    /// As the system says.
    pub fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// Where the server has closed the connection.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Where the server has closed the connection.
    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        let mut bytes = request.head_bytes(self.address);
        bytes.extend_from_slice(&request.body);
        self.write(&bytes)
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// As the system says.
    pub fn shut_down_writing(&mut self) -> io::Result<()> {
        self.stream.get_mut().shutdown(std::net::Shutdown::Write)
    }

    /// Reads the head of an answer.
    ///
    /// # Errors
    /// Where the connection ends before it.
    pub fn read_head(&mut self) -> io::Result<Head> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| io::Error::other(format!("no status: {status_line:?}")))?;
        let mut head = Head { status, headers: Vec::new() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(head);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| io::Error::other(format!("no header: {line:?}")))?;
            head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Reads a whole answer; interim answers (`100 Continue`) are passed over.
    ///
    /// # Errors
    /// Where the connection ends before the answer does.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut head = self.read_head()?;
        while head.status < 200 {
            head = self.read_head()?;
        }
        let body = self.body(&head)?;
        Ok(Reply { head, body })
    }

    fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if head.status == 204 || head.status == 304 {
            return Ok(body);
        }
        if is_chunked(head) {
            while let Some(chunk) = self.chunk()? {
                body.extend_from_slice(&chunk);
            }
        } else if let Some(length) = head.header("content-length") {
            body.resize(length.parse().map_err(io::Error::other)?, 0);
            self.stream.read_exact(&mut body)?;
        } else {
            self.stream.read_to_end(&mut body)?;
        }
        Ok(body)
    }

    /// The next chunk of a chunked body; none after the last.
    ///
    /// # Errors
    /// Where the connection ends inside the body.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.line()?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size];
        self.stream.read_exact(&mut chunk)?;
        self.line()?;
        Ok((size > 0).then_some(chunk))
    }

    /// Sends a request and reads its whole answer; the connection can be used again.
    ///
    /// # Panics
    /// Where the exchange does not come to its end.
    pub fn ask(&mut self, request: &Request) -> Reply {
        self.send(request).unwrap();
        self.reply().unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.target))
    }

    /// Sends a request and reads the head of its answer: the body comes piece by piece.
    ///
    /// # Panics
    /// Where no head comes.
    #[must_use]
    pub fn begin(mut self, request: &Request) -> Stream {
        self.send(request).unwrap();
        let head = self.read_head().unwrap();
        Stream { is_chunked: is_chunked(&head), head, connection: self, seen: Vec::new() }
    }

    /// Whether the server closes the connection, within the time that a read may take.
    #[must_use]
    pub fn is_closed_by_server(&mut self) -> bool {
        let mut rest = [0; 1024];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
            }
        }
    }
}

fn is_chunked(head: &Head) -> bool {
    head.header("transfer-encoding").is_some_and(|value| value.contains("chunked"))
}

/// An answer that comes in pieces. Dropping it closes the connection: the client has gone.
#[derive(Debug)]
pub struct Stream {
    /// Status and headers.
    pub head: Head,
    is_chunked: bool,
    connection: Connection,
    seen: Vec<u8>,
}

impl Stream {
    /// The next piece; none after the end.
    ///
    /// # Errors
    /// Where the connection breaks inside the body.
    pub fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let piece = if self.is_chunked {
            self.connection.chunk()?
        } else {
            let mut piece = vec![0; 64 * 1024];
            let read = self.connection.stream.read(&mut piece)?;
            piece.truncate(read);
            Some(piece).filter(|piece| !piece.is_empty())
        };
        self.seen.extend_from_slice(piece.as_deref().unwrap_or_default());
        Ok(piece)
    }

    /// Reads on until `pattern` was seen, counted from the beginning of the body.
    ///
    /// # Panics
    /// Where the body ends without it.
    pub fn read_until(&mut self, pattern: &str) {
        while !contains(&self.seen, pattern.as_bytes()) {
            let piece = self.piece().unwrap_or_else(|error| panic!("{error} before {pattern:?}, after {:?}", self.seen_text()));
            assert!(piece.is_some(), "no {pattern:?} in {:?}", self.seen_text());
        }
    }

    /// What was read so far.
    #[must_use]
    pub fn seen_text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Reads to the end and gives the whole body.
    ///
    /// # Errors
    /// Where the connection breaks before it.
    pub fn to_end(mut self) -> io::Result<Vec<u8>> {
        while self.piece()?.is_some() {}
        Ok(self.seen)
    }
}

fn contains(text: &[u8], pattern: &[u8]) -> bool {
    text.windows(pattern.len()).any(|window| window == pattern)
}
