//! As much of HTTP/1.1 as the upstream and the load generator need: where a message ends.

/// How the body of a message is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked(Chunk),
}

/// Where in the chunked coding a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the line of the size; the size so far, and whether an extension has begun.
    Size { size: usize, extension: bool },
    /// This many bytes of data and the two of the line's end are left.
    Data { left: usize },
    /// In the lines after the last chunk; bytes of the current line.
    Trailer { line: usize },
}

/// The end of the head of a message, if it is whole: the index behind the empty line.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// The value of a header, found without regard to case.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|b| *b == b'\n').skip(1).find_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| std::str::from_utf8(&line[colon + 1..]).ok().map(str::trim))?
    })
}

/// How the body behind `head` is delimited. None of the servers here ends a body by closing.
pub(crate) fn framing(head: &[u8]) -> Framing {
    match header(head, "transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked(Chunk::Size { size: 0, extension: false }),
        _ => Framing::Length(header(head, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0)),
    }
}

/// The status of a response.
pub(crate) fn status(head: &[u8]) -> u16 {
    head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|d| d.parse().ok()).unwrap_or(0)
}

impl Framing {
    /// Takes bytes of the body in. Says whether it is complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<bool, String> {
        match self {
            Self::Length(left) => {
                *left = left.checked_sub(bytes.len()).ok_or("more bytes than the length says")?;
                Ok(*left == 0)
            }
            Self::Chunked(chunk) => take_chunks(chunk, bytes),
        }
    }
}

fn take_chunks(chunk: &mut Chunk, bytes: &[u8]) -> Result<bool, String> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match chunk {
            Chunk::Data { left } => {
                let taken = (*left).min(bytes.len() - at);
                *left -= taken;
                at += taken;
                if *left == 0 {
                    *chunk = Chunk::Size { size: 0, extension: false };
                }
                continue;
            }
            Chunk::Size { size: 0, .. } if *byte == b'\n' => *chunk = Chunk::Trailer { line: 0 },
            Chunk::Size { size, .. } if *byte == b'\n' => *chunk = Chunk::Data { left: *size + 2 },
            Chunk::Size { extension: true, .. } => {}
            Chunk::Size { size, extension } => match (*byte as char).to_digit(16) {
                Some(digit) => *size = *size * 16 + digit as usize,
                None if matches!(byte, b';' | b'\r') => *extension = true,
                None => return Err(format!("byte {byte} in the size of a chunk")),
            },
            Chunk::Trailer { line: 0 } if *byte == b'\n' => return if at + 1 == bytes.len() { Ok(true) } else { Err("bytes behind the end".to_owned()) },
            Chunk::Trailer { line } => *line = if *byte == b'\n' { 0 } else { *line + usize::from(*byte != b'\r') },
        }
        at += 1;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a body is complete, cut at every place in two.
    fn check(head: &str, body: &str, expected: bool) {
        for cut in 0..=body.len() {
            let mut framing = framing(head.as_bytes());
            let first = framing.take(&body.as_bytes()[..cut]).unwrap();
            let whole = if first { first } else { framing.take(&body.as_bytes()[cut..]).unwrap() };
            assert_eq!(whole, expected, "{body:?} cut at {cut}");
        }
    }

    #[test]
    fn bodies_end_where_they_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc", true);
        check("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "abc", false);
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        check(chunked, "3\r\nabc\r\n0\r\n\r\n", true);
        check(chunked, "A;x=1\r\n0123456789\r\n1\r\n\n\r\n0\r\nt: v\r\n\r\n", true);
        check(chunked, "3\r\nabc\r\n0\r\n", false);
    }

    #[test]
    fn heads_are_read() {
        let head = b"HTTP/1.1 503 Busy\r\nA: b\r\nCoNtent-Length:  12 \r\n\r\nbody";
        assert_eq!((status(head), header(head, "content-length"), header(head, "none")), (503, Some("12"), None));
        assert_eq!(head_end(head), Some(head.len() - 4));
        assert!(Framing::Length(1).take(b"ab").is_err());
    }
}
