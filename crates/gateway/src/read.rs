//! Reading a request's body: whole, bounded, decompressed.

use bytes::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt;
use jeton_broker::{Reserved, memory_full};
use jeton_core::{Fault, FaultKind};
use std::io::Read;
use std::time::Duration;
use tokio::time::timeout;

/// The bounds of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes as they arrive.
    pub(crate) bytes_max: u64,
    /// Bytes after decompression.
    pub(crate) decompressed_max: u64,
    /// The longest silence between two pieces.
    pub(crate) silence: Duration,
}

/// Reads a body whole.
///
/// # Errors
/// For a body that is too large, comes too slowly, breaks off, or is compressed in a way that is not read.
pub(crate) async fn read_body<B>(body: B, headers: &HeaderMap, bounds: Bounds, reserved: &mut Reserved) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    if let Some(length) = content_length(headers).filter(|&length| length > bounds.bytes_max) {
        return Err(too_large(length, bounds.bytes_max));
    }
    let raw = collect(body, content_length(headers), bounds, reserved).await?;
    match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase()).as_deref() {
        None | Some("identity" | "") => Ok(raw),
        Some(coding) => decompress(coding, &raw, bounds, reserved),
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect<B>(mut body: B, length: Option<u64>, bounds: Bounds, reserved: &mut Reserved) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
        let frame = match next_frame(&mut body, bounds.silence).await? {
            None => break,
            Some(frame) => {
                frame.map_err(|error| Fault::new(FaultKind::InvalidRequest, format!("The body broke off: {error}.")).remedy("Send it again, whole."))?
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        let so_far = (first.len() + all.len() + data.len()) as u64;
        if so_far > bounds.bytes_max {
            return Err(too_large(so_far, bounds.bytes_max));
        }
        if !reserved.grow(data.len() as u64) {
            return Err(memory_full());
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.reserve(usize::try_from(length.unwrap_or(0)).unwrap_or(0).max(first.len() + data.len()));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The next frame. A body that is there already costs no timer.
async fn next_frame<B>(body: &mut B, silence: Duration) -> Result<Option<Result<http_body::Frame<Bytes>, B::Error>>, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut frame = body.frame();
    let now = std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut frame).poll(cx))).await;
    match now {
        std::task::Poll::Ready(frame) => Ok(frame),
        std::task::Poll::Pending => timeout(silence, frame).await.map_err(|_| {
            Fault::new(FaultKind::InvalidRequest, format!("The body fell silent for {} ms.", silence.as_millis()))
                .code("request_timeout")
                .remedy("Send it faster, or raise gateway.idle_timeout_ms.")
        }),
    }
}

fn decompress(coding: &str, raw: &Bytes, bounds: Bounds, reserved: &mut Reserved) -> Result<Bytes, Fault> {
    let mut out = Vec::new();
    let limit = bounds.decompressed_max + 1;
    let read = match coding {
        "gzip" | "x-gzip" => GzDecoder::new(&raw[..]).take(limit).read_to_end(&mut out),
        // HTTP's deflate is zlib's format (RFC 9110, 8.4.1.2); some senders mean the bare stream.
        "deflate" if raw.first().is_some_and(|b| b & 0x0F == 8) => ZlibDecoder::new(&raw[..]).take(limit).read_to_end(&mut out),
        "deflate" => DeflateDecoder::new(&raw[..]).take(limit).read_to_end(&mut out),
        "zstd" => match ruzstd::decoding::StreamingDecoder::new(&raw[..]) {
            Ok(decoder) => decoder.take(limit).read_to_end(&mut out),
            Err(error) => Err(std::io::Error::other(error.to_string())),
        },
        _ => {
            return Err(Fault::new(FaultKind::UnsupportedMedia, "The body's content-encoding is not read here.")
                .param("content-encoding")
                .remedy("Send it as it is, or compressed with gzip, deflate or zstd."));
        }
    };
    read.map_err(|error| Fault::new(FaultKind::InvalidRequest, format!("The body is not valid {coding}: {error}.")).param("content-encoding"))?;
    if out.len() as u64 > bounds.decompressed_max {
        return Err(too_large(out.len() as u64, bounds.decompressed_max));
    }
    if !reserved.grow(out.len() as u64) {
        return Err(memory_full());
    }
    Ok(Bytes::from(out))
}

fn too_large(bytes: u64, most: u64) -> Fault {
    Fault::new(FaultKind::TooLarge, format!("The body has {bytes} bytes or more; the limit is {most}."))
        .remedy("Send less, or raise gateway.body_limit_bytes (gateway.decompressed_limit_bytes for compressed bodies) in jeton.toml.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use http_body_util::Full;
    use jeton_broker::Buffers;
    use std::io::Write;

    const BOUNDS: Bounds = Bounds { bytes_max: 1_000, decompressed_max: 5_000, silence: Duration::from_secs(1) };

    fn read(body: Vec<u8>, coding: Option<&str>, buffer: u64) -> Result<Bytes, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, coding.parse().unwrap());
        }
        let mut reserved = Buffers::new(buffer).reserve();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(read_body(Full::new(Bytes::from(body)), &headers, BOUNDS, &mut reserved))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn case_70_compressed_bodies_are_read() {
        assert_eq!(read(b"{}".to_vec(), None, 9_999).unwrap(), "{}");
        assert_eq!(read(gzip(b"{\"a\":1}"), Some("gzip"), 9_999).unwrap(), "{\"a\":1}");
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"{}").unwrap();
        assert_eq!(read(encoder.finish().unwrap(), Some("deflate"), 9_999).unwrap(), "{}");
        let zstd = ruzstd::encoding::compress_to_vec(&b"{\"zstd\":true}"[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(read(zstd, Some("zstd"), 9_999).unwrap(), "{\"zstd\":true}");
    }

    #[test]
    fn every_bound_holds() {
        let kind = |result: Result<Bytes, Fault>| result.unwrap_err().kind;
        assert_eq!(kind(read(vec![b' '; 1_001], None, 9_999)), FaultKind::TooLarge);
        assert_eq!(kind(read(gzip(&[b' '; 5_001]), Some("gzip"), 99_999)), FaultKind::TooLarge);
        assert_eq!(kind(read(vec![b' '; 900], None, 899)), FaultKind::Unavailable);
        assert_eq!(kind(read(b"not gzip".to_vec(), Some("gzip"), 9_999)), FaultKind::InvalidRequest);
        assert_eq!(kind(read(b"{}".to_vec(), Some("br"), 9_999)), FaultKind::UnsupportedMedia);
    }
}
