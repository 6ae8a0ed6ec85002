//! A client that sends what the vendors' SDKs send, and reads an answer to its end as they do.

use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What the documents in the demo say; `local/extract` answers from it.
const HANDBOOK: &str = "# Refunds\nRefunds take five working days. A refund needs the order number.\n# Shipping\nParcels leave the warehouse every weekday at 16:00. Shipping to Norway costs 12 euros.\n";
const QUESTIONS: [(&str, &str); 3] =
    [("How long do refunds take?", "five working days"), ("What does shipping to Norway cost?", "12 euros"), ("When do parcels leave the warehouse?", "16:00")];

/// A client of one server.
pub(super) struct Client {
    authority: String,
}

/// The answer to a request.
struct Reply {
    status: u16,
    body: String,
}

impl Client {
    pub(super) fn new(address: &str) -> Self {
        Self { authority: address.trim_start_matches("http://").to_owned() }
    }

    /// A Chat Completions call of class `support.reply`; whether it was answered to its end.
    pub(super) fn chat(&self, model: &str, number: usize, is_stream: bool) -> Result<bool, Failure> {
        let body = json!({ "model": model, "stream": is_stream, "messages": [
            { "role": "system", "content": "You answer customers of a shop." },
            { "role": "user", "content": format!("Ticket {number}: where is my parcel?") },
        ] });
        let reply = self.post("/v1/chat/completions", "support.reply", &body)?;
        let is_whole = if is_stream { reply.body.trim_end().ends_with("data: [DONE]") } else { reply.json()["choices"][0]["message"]["content"].is_string() };
        Ok(reply.status == 200 && is_whole)
    }

    /// The same in Anthropic's dialect.
    pub(super) fn messages(&self, model: &str, number: usize, is_stream: bool) -> Result<bool, Failure> {
        let body = json!({ "model": model, "max_tokens": 256, "stream": is_stream, "system": "You answer customers of a shop.",
            "messages": [{ "role": "user", "content": format!("Ticket {number}: my parcel is broken.") }] });
        let reply = self.post("/v1/messages", "support.reply", &body)?;
        Ok(reply.status == 200 && reply.body.contains("message_stop"))
    }

    /// A question to `local/extract` with the handbook as context; whether the answer is right.
    pub(super) fn extract(&self, number: usize) -> Result<bool, Failure> {
        let (question, expected) = QUESTIONS[number % QUESTIONS.len()];
        let body = json!({ "model": "local/extract", "messages": [{ "role": "system", "content": HANDBOOK }, { "role": "user", "content": question }] });
        let reply = self.post("/c/docs.answer/v1/chat/completions", "", &body)?;
        Ok(reply.status == 200 && reply.json()["choices"][0]["message"]["content"].as_str().is_some_and(|answer| answer.contains(expected)))
    }

    /// Asks `local/extract` a question of a class, whose pack the gateway attaches; gives what it says.
    pub(super) fn ask(&self, class: &str, question: &str) -> Result<String, Failure> {
        let messages = json!([{ "role": "user", "content": question }]);
        let reply = self.post(&format!("/c/{class}/v1/chat/completions"), "", &json!({ "model": "local/extract", "messages": messages }))?;
        match reply.json()["choices"][0]["message"]["content"].as_str() {
            Some(answer) if reply.status == 200 => Ok(answer.to_owned()),
            _ => Err(Failure::dependency(
                format!("the question was answered with status {}: {}", reply.status, reply.body),
                "try again; if it stays, please report it",
            )),
        }
    }

    /// Begins a stream and reads its first content; the connection stays open as long as what is returned.
    pub(super) fn begin_stream(&self, model: &str, class: &str) -> Result<TcpStream, Failure> {
        let body = json!({ "model": model, "stream": true, "max_tokens": 200, "messages": [{ "role": "user", "content": "Write slowly." }] });
        let stream = self.send("/v1/chat/completions", class, &body)?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while !line.contains("\"content\":\"") || line.contains("\"content\":\"\"") {
            line.clear();
            if reader.read_line(&mut line).map_err(|error| broken(&error))? == 0 {
                return Err(Failure::dependency("the stream ended before it began", ""));
            }
        }
        Ok(reader.into_inner())
    }

    fn post(&self, path: &str, class: &str, body: &Value) -> Result<Reply, Failure> {
        let mut stream = self.send(path, class, body)?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).map_err(|error| broken(&error))?;
        let text = String::from_utf8_lossy(&raw);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
        Ok(Reply { status, body })
    }

    fn send(&self, path: &str, class: &str, body: &Value) -> Result<TcpStream, Failure> {
        let mut stream = TcpStream::connect(&self.authority).map_err(|error| broken(&error))?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| broken(&error))?;
        let body = body.to_string();
        let class = if class.is_empty() { String::new() } else { format!("jeton-class: {class}\r\n") };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer none-needed\r\nanthropic-version: 2023-06-01\r\nuser-agent: jeton-demo\r\nx-stainless-lang: none\r\n{class}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.authority,
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(|error| broken(&error))?;
        Ok(stream)
    }
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

fn broken(error: &std::io::Error) -> Failure {
    Failure::dependency(format!("the connection to the demo's server broke: {error}"), "try again; if it stays, please report it")
}

/// The text of a chunked body.
fn unchunked(mut body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        text.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or("");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        assert_eq!(unchunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "abcde");
        assert_eq!(unchunked("zz"), "");
    }
}
