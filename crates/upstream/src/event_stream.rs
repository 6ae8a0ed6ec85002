//! AWS's framing of streams (`application/vnd.amazon.eventstream`), read as server-sent events.
//!
//! A frame, all numbers big-endian: length of the whole (4 bytes), length of the headers (4), CRC-32 of these eight (4), the
//! headers, the payload, CRC-32 of all before (4). A header: length of its name (1), the name, kind of the value (1), the value.
//! After the Smithy specification "Amazon Event Stream".

use std::fmt::Write as _;

/// Lengths and their checksum.
const PRELUDE: usize = 12;
/// The prelude and the checksum of the frame: no frame is shorter.
const FRAME_MIN: usize = PRELUDE + 4;
/// Payload of 16 MiB and headers of 128 KiB are the most that AWS allows.
const FRAME_MAX: usize = FRAME_MIN + (16 << 20) + (128 << 10);

/// Reads frames as they come, in pieces of any size.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What has come of a frame that is not whole.
    held: Vec<u8>,
}

impl Decoder {
    /// Takes the next bytes and appends the server-sent events of the frames that are whole now: `event: NAME` with the payload
    /// as `data: {"NAME":PAYLOAD}`, as the SDKs name the members of the stream's union.
    ///
    /// # Errors
    /// What is wrong with a frame: a length out of range, a checksum that does not match, a broken header. Nothing can be read
    /// after that.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        self.held.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(length) = frame_length(&self.held[done..])? {
            let Some(frame) = self.held.get(done..done + length) else { break };
            write_event(frame, out)?;
            done += length;
        }
        self.held.drain(..done);
        Ok(())
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// Where it ended within a frame.
    pub fn finish(&self) -> Result<(), String> {
        match self.held.len() {
            0 => Ok(()),
            held => Err(format!("it ends {held} bytes into a frame")),
        }
    }
}

/// The length of the frame that begins here, as soon as its prelude is whole.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>, String> {
    if bytes.len() < PRELUDE {
        return Ok(None);
    }
    check_sum(&bytes[..8], &bytes[8..PRELUDE], "prelude")?;
    let (length, headers) = (number(&bytes[..4]), number(&bytes[4..8]));
    if length > FRAME_MAX || length < FRAME_MIN.saturating_add(headers) {
        return Err(format!("a frame of {length} bytes with headers of {headers} cannot be"));
    }
    Ok(Some(length))
}

fn check_sum(bytes: &[u8], stated: &[u8], of: &str) -> Result<(), String> {
    if crc32fast::hash(bytes).to_be_bytes() == stated { Ok(()) } else { Err(format!("the checksum of a frame's {of} does not match")) }
}

/// A big-endian number of at most four bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// What a frame's headers say, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Headers<'a> {
    message: &'a str,
    event: &'a str,
    exception: &'a str,
    error_code: &'a str,
    error_message: &'a str,
}

/// Appends the event of a whole frame.
fn write_event(frame: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let (body, stated) = frame.split_at(frame.len() - 4);
    check_sum(body, stated, "content")?;
    let (headers, payload) = body[PRELUDE..].split_at(number(&frame[4..8]));
    let headers = read_headers(headers)?;
    let made;
    let (name, payload) = match headers.message {
        "event" => (headers.event, payload),
        "exception" => (headers.exception, payload),
        "error" => {
            // An error that is none of the stream's own exceptions, as its general one with the code in words.
            made = serde_json::json!({ "message": format!("{}: {}", headers.error_code, headers.error_message) }).to_string();
            ("internalServerException", made.as_bytes())
        }
        other => return Err(format!("a frame has the message type {other:?}")),
    };
    // The name becomes a line of the stream.
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!("an event is named {name:?}"));
    }
    let mut head = String::new();
    let _ = write!(head, "event: {name}\ndata: {{\"{name}\":");
    out.extend_from_slice(head.as_bytes());
    // A line break stands between members only, for within strings it is escaped.
    out.extend(payload.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    if payload.is_empty() {
        out.extend_from_slice(b"{}");
    }
    out.extend_from_slice(b"}\n\n");
    Ok(())
}

fn read_headers(mut bytes: &[u8]) -> Result<Headers<'_>, String> {
    let mut headers = Headers::default();
    while !bytes.is_empty() {
        let (name, value) = read_header(&mut bytes).ok_or("a frame's header is cut off or of an unknown kind")?;
        let place = match name {
            b":message-type" => &mut headers.message,
            b":event-type" => &mut headers.event,
            b":exception-type" => &mut headers.exception,
            b":error-code" => &mut headers.error_code,
            b":error-message" => &mut headers.error_message,
            _ => continue,
        };
        *place = value.and_then(|value| std::str::from_utf8(value).ok()).ok_or("a frame's header is not text")?;
    }
    Ok(headers)
}

/// Name and, where it is a string, value of the next header. [`None`] where the bytes do not hold one.
fn read_header<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let name_length = number(take(bytes, 1)?);
    let name = take(bytes, name_length)?;
    let kind = take(bytes, 1)?[0];
    let length = match kind {
        // true, false
        0 | 1 => 0,
        // byte, short, int, long
        2 => 1,
        3 => 2,
        4 => 4,
        // timestamp is of the size of a long
        5 | 8 => 8,
        // bytes, string
        6 | 7 => number(take(bytes, 2)?),
        // UUID
        9 => 16,
        _ => return None,
    };
    let value = take(bytes, length)?;
    Some((name, (kind == 7).then_some(value)))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header of the kind of a string.
    fn text(name: &str, value: &str) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &[7], &length, value.as_bytes()].concat()
    }

    fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
        let total = u32::try_from(FRAME_MIN + headers.len() + payload.len()).unwrap();
        let mut out = [total.to_be_bytes(), u32::try_from(headers.len()).unwrap().to_be_bytes()].concat();
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out.extend([headers, payload].concat());
        out.extend(crc32fast::hash(&out).to_be_bytes());
        out
    }

    fn event(name: &str, payload: &str) -> Vec<u8> {
        frame(&[text(":event-type", name), text(":message-type", "event")].concat(), payload.as_bytes())
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.push(bytes, &mut out)?;
        decoder.finish()?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // The message without headers and with the payload `{'foo':'bar'}` of the SDKs' shared test vectors: its checksums stand
        // there, not computed here.
        let plain = [
            0x00, 0x00, 0x00, 0x1D, 0x00, 0x00, 0x00, 0x00, 0xFD, 0x52, 0x8C, 0x5A, b'{', b'\'', b'f', b'o', b'o', b'\'', b':', b'\'', b'b', b'a', b'r', b'\'',
            b'}', 0xC3, 0x65, 0x39, 0x36,
        ];
        assert_eq!(frame_length(&plain), Ok(Some(plain.len())));
        assert_eq!(read(&plain).unwrap_err(), "a frame has the message type \"\"", "both checksums hold");
    }

    #[test]
    fn events_and_exceptions_become_server_sent_events() {
        let thrown = frame(&[text(":exception-type", "throttlingException"), text(":message-type", "exception")].concat(), br#"{"message":"Slow down."}"#);
        let failed = frame(&[text(":message-type", "error"), text(":error-code", "InternalFailure"), text(":error-message", "a \"word\"")].concat(), b"");
        let bytes = [event("messageStart", "{\n\"role\":\r\n\"assistant\"}"), event("contentBlockStop", ""), thrown, failed].concat();
        let expected = "event: messageStart\ndata: {\"messageStart\":{ \"role\":  \"assistant\"}}\n\n\
                        event: contentBlockStop\ndata: {\"contentBlockStop\":{}}\n\n\
                        event: throttlingException\ndata: {\"throttlingException\":{\"message\":\"Slow down.\"}}\n\n\
                        event: internalServerException\ndata: {\"internalServerException\":{\"message\":\"InternalFailure: a \\\"word\\\"\"}}\n\n";
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn headers_of_every_kind_are_passed_over() {
        let sizes = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)];
        let mut headers: Vec<u8> = sizes.iter().flat_map(|(kind, size)| [vec![1, b'h', *kind], vec![7; *size]].concat()).collect();
        headers.extend([1, b'b', 6, 0, 3, 1, 2, 3]);
        headers.extend([text(":event-type", "metadata"), text(":message-type", "event")].concat());
        assert_eq!(read(&frame(&headers, b"{}")).unwrap(), "event: metadata\ndata: {\"metadata\":{}}\n\n");
    }

    #[test]
    fn what_is_broken_is_told() {
        let whole = event("metadata", "{}");
        let mut flipped = whole.clone();
        flipped[20] ^= 1;
        assert_eq!(read(&flipped).unwrap_err(), "the checksum of a frame's content does not match");
        let mut flipped = whole.clone();
        flipped[3] ^= 1;
        assert_eq!(read(&flipped).unwrap_err(), "the checksum of a frame's prelude does not match");
        assert_eq!(read(&whole[..20]).unwrap_err(), "it ends 20 bytes into a frame");
        let kind = [text(":message-type", "event"), vec![1, b'x', 10]].concat();
        assert_eq!(read(&frame(&kind, b"{}")).unwrap_err(), "a frame's header is cut off or of an unknown kind");
        let number = [vec![13], b":message-type".to_vec(), vec![4, 0, 0, 0, 1]].concat();
        assert_eq!(read(&frame(&number, b"{}")).unwrap_err(), "a frame's header is not text");
        assert_eq!(read(&event("a\nb", "{}")).unwrap_err(), "an event is named \"a\\nb\"");
        let mut vast = [0xFF_FF_FF_FF_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        vast.extend(crc32fast::hash(&vast).to_be_bytes());
        assert_eq!(read(&vast).unwrap_err(), "a frame of 4294967295 bytes with headers of 0 cannot be");
        let mut short = [16_u32.to_be_bytes(), u32::MAX.to_be_bytes()].concat();
        short.extend(crc32fast::hash(&short).to_be_bytes());
        assert!(read(&short).unwrap_err().starts_with("a frame of 16 bytes"));
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_events(payloads in prop::collection::vec("[a-z{}\":,]{0,40}", 1..6), sizes in prop::collection::vec(1_usize..30, 1..20)) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| event("contentBlockDelta", payload)).collect();
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            let mut rest = bytes.as_slice();
            for size in sizes.iter().cycle() {
                let (piece, left) = rest.split_at((*size).min(rest.len()));
                decoder.push(piece, &mut out).unwrap();
                rest = left;
                if rest.is_empty() {
                    break;
                }
            }
            decoder.finish().unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), read(&bytes).unwrap());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), headers in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&bytes);
            let _ = read(&frame(&headers, &bytes));
        }
    }
}
