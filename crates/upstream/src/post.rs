//! One POST outside of any call of a model: a webhook, an endpoint under evaluation, Jeton's own server. No pool, no retry.

use crate::address::parse_url;
use crate::connect::connect;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use std::time::Duration;

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Posts `body` to `url` (`http://` or `https://`) and waits for the whole answer, at most `limit`.
///
/// # Errors
/// What went wrong, for people.
pub async fn post(url: &str, headers: HeaderMap, body: Bytes, limit: Duration) -> Result<Posted, String> {
    let going = async {
        let (origin, path, query) = parse_url(url)?;
        let path = path.trim_end_matches('/');
        let target = match query {
            Some(query) => format!("{}?{query}", if path.is_empty() { "/" } else { path }),
            None => (if path.is_empty() { "/" } else { path }).to_owned(),
        };
        let mut connection = connect(&origin, limit).await.map_err(|error| error.to_string())?;
        let mut request = Request::post(target).body(Full::new(body)).map_err(|error| error.to_string())?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::HOST, origin.host_header.clone());
        request.headers_mut().entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let (head, body) = connection.exchange(request).await.map_err(|error| error.cause.to_string())?.into_parts();
        let mut whole = std::pin::pin!(Limited::new(body, ANSWER_BYTES_MAX).collect());
        let body = std::future::poll_fn(|cx| connection.work(cx, |inner| whole.as_mut().poll(inner))).await.map_err(|error| error.to_string())?;
        Ok(Posted { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    };
    tokio::time::timeout(limit, going).await.unwrap_or_else(|_| Err(format!("there was no whole answer within {} ms", limit.as_millis())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_body_goes_with_the_query_and_the_whole_answer_comes() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 4_096];
            let count = socket.read(&mut read).await.unwrap();
            socket.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello").await.unwrap();
            String::from_utf8_lossy(&read[..count]).into_owned()
        });
        let posted = post(&format!("http://{address}/hook?alt=sse"), HeaderMap::new(), Bytes::from("{}"), Duration::from_secs(5)).await.unwrap();
        assert_eq!((posted.status, &posted.body[..], posted.headers["x-a"].as_bytes()), (201, &b"hello"[..], &b"b"[..]));
        let asked = serving.await.unwrap();
        assert!(asked.starts_with("POST /hook?alt=sse HTTP/1.1\r\n") && asked.contains("content-type: application/json") && asked.ends_with("{}"), "{asked}");
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_told() {
        let told = post("ftp://example.invalid", HeaderMap::new(), Bytes::new(), Duration::from_secs(1)).await.unwrap_err();
        assert!(told.contains("http://"), "{told}");
        let told = post("http://127.0.0.1:1", HeaderMap::new(), Bytes::new(), Duration::from_secs(5)).await.unwrap_err();
        assert!(told.contains("127.0.0.1:1"), "{told}");
    }
}
