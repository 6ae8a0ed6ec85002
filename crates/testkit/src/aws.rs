//! AWS's framing of streams, written byte by byte after the Smithy specification "Amazon Event Stream": the reader under test has no
//! part in it.

use serde_json::Value;

/// A frame with these headers, all strings, and this payload.
///
/// # Panics
/// Where a header is longer than its length can say.
#[must_use]
pub fn frame(headers: &[(&str, &str)], payload: &Value) -> Vec<u8> {
    let payload = payload.to_string();
    let headers: Vec<u8> = headers
        .iter()
        .flat_map(|(name, value)| {
            let length = u16::try_from(value.len()).expect("a short value").to_be_bytes();
            [&[u8::try_from(name.len()).expect("a short name")], name.as_bytes(), &[7], &length, value.as_bytes()].concat()
        })
        .collect();
    let size = |bytes: usize| u32::try_from(bytes).expect("a small frame").to_be_bytes();
    let mut out = [size(16 + headers.len() + payload.len()), size(headers.len())].concat();
    out.extend(crc32(&out).to_be_bytes());
    out.extend(headers);
    out.extend(payload.bytes());
    out.extend(crc32(&out).to_be_bytes());
    out
}

/// The frame of an event.
#[must_use]
pub fn event_frame(name: &str, payload: &Value) -> Vec<u8> {
    frame(&[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")], payload)
}

/// CRC-32 (IEEE), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
