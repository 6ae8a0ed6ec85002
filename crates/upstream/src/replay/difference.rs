//! Where two JSON documents differ.

use serde_json::Value;

/// JSON pointers (RFC 6901) to the smallest places in which `a` and `b` differ, in document order; `/` alone is the whole.
pub(super) fn pointers(a: &Value, b: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(a, b, &mut String::new(), &mut found);
    found
}

fn compare(a: &Value, b: &Value, path: &mut String, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let names = x.keys().chain(y.keys().filter(|name| !x.contains_key(*name)));
            for name in names {
                below(x.get(name), y.get(name), &name.replace('~', "~0").replace('/', "~1"), path, found);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for place in 0..x.len().max(y.len()) {
                below(x.get(place), y.get(place), &place.to_string(), path, found);
            }
        }
        _ if a != b => found.push(if path.is_empty() { "/".to_owned() } else { path.clone() }),
        _ => {}
    }
}

fn below(a: Option<&Value>, b: Option<&Value>, step: &str, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    path.push('/');
    path.push_str(step);
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b, path, found),
        _ => found.push(path.clone()),
    }
    path.truncate(length);
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use serde_json::json;

    fn check(a: Value, b: Value, expected: &[&str]) {
        assert_eq!(pointers(&a, &b), expected);
    }

    #[test]
    fn the_smallest_places_are_named() {
        check(json!({ "a": [1, { "b": 2 }] }), json!({ "a": [1, { "b": 3 }] }), &["/a/1/b"]);
        check(json!({ "a": 1 }), json!({ "b": 1 }), &["/a", "/b"]);
        check(json!([1, 2]), json!([1]), &["/1"]);
        check(json!({ "a/b~c": 1 }), json!({ "a/b~c": 2 }), &["/a~1b~0c"]);
        check(json!(1), json!(2), &["/"]);
        check(json!({ "a": 1 }), json!({ "a": 1 }), &[]);
    }
}
