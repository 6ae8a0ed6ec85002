//! Chat Completions through the real binary: same dialect, same bytes.

use crate::common::{CHAT, House};
use jeton_testkit::{Upstream, fixtures};

/// A request that no serialiser would write again like this.
const ODD: &str = "{ \"model\" :\t\"acme/fast\",\r\n  \"messages\":[ {\"content\":\"caf\\u00e9 \\/ \\ud83d\\ude00 \u{e9}\",\"role\":\"user\"} ] ,\"temperature\":1.0,\"top_p\":1.00,\"x_new\":{\"b\":1,\"a\":[1e0, -0.0]},\"x_new\":2,\"seed\":9007199254740993 }\n";

#[test]
fn request_bytes_arrive_as_sent_except_the_model() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let reply = house.server.post(CHAT, ODD);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", "fast"));
    assert_eq!(reply.body, fixtures::chat_document(5, 3));
    println!("{}", serde_json::to_string_pretty(&house.server.record(&reply.call())).unwrap());
    house.verify();
}

#[test]
fn case_01_usage_is_asked_for_and_stripped_again() {
    let house = House::new(Upstream::events(fixtures::chat_stream_with_usage("Hi", 5, 3)));
    let body = r#"{"model":"acme/fast","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
    let reply = house.server.post(CHAT, body);
    assert_eq!(reply.text(), fixtures::chat_stream("Hi"));
    println!("{}", house.upstream.last().text());
    let record = house.server.record(&reply.call());
    println!("{}", serde_json::to_string_pretty(&record).unwrap());
    println!("{:#?}", house.upstream.last().headers);
    println!("{}", serde_json::to_string_pretty(&house.server.calls()[0]).unwrap());
}
