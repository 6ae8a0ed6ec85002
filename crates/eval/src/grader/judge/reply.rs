//! The verdict in a judge's reply, or why there is none.

use crate::grader::said::short;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A reply of the asked shape. A member that stands twice is a contradiction, which a map would hide.
struct Reply {
    reason: String,
    verdict: String,
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Reply;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `reason` and `verdict`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reply, A::Error> {
        let (mut reason, mut verdict) = (None::<String>, None::<String>);
        while let Some(key) = map.next_key::<String>()? {
            let slot = match key.as_str() {
                "reason" => &mut reason,
                "verdict" => &mut verdict,
                other => return Err(de::Error::custom(format!("there is a member `{other}` that was not asked for"))),
            };
            if slot.replace(map.next_value()?).is_some() {
                return Err(de::Error::custom(format!("`{key}` stands twice")));
            }
        }
        Ok(Reply { reason: reason.ok_or_else(|| de::Error::missing_field("reason"))?, verdict: verdict.ok_or_else(|| de::Error::missing_field("verdict"))? })
    }
}

/// Reason and verdict of a reply.
///
/// # Errors
/// Why it is no verdict: prose, another shape, no reason, a verdict that was not offered, or a reason that states another one.
pub(super) fn read(reply: &str, choices: &[(String, f64)]) -> Result<(String, String), String> {
    let text = unfenced(reply.trim());
    let told = |error: serde_json::Error| {
        let why = error.to_string();
        format!("the judge gave no verdict: {} ({})", short(reply), why.split(" at line ").next().unwrap_or_default())
    };
    let Reply { reason, verdict } = serde_json::from_str(text).map_err(told)?;
    if reason.trim().is_empty() {
        return Err("the judge gave a verdict without a reason".to_owned());
    }
    let Some((name, _)) = choices.iter().find(|(name, _)| *name == verdict.trim()) else {
        return Err(format!("the judge said {}, which is none of the verdicts", short(&verdict)));
    };
    if let Some(other) = stated(&reason, choices).filter(|other| other != name) {
        return Err(format!("the judge contradicts itself: its reason states {}, its verdict is {}", short(&other), short(name)));
    }
    Ok((reason, name.clone()))
}

/// What stands in a fence that is all there is.
fn unfenced(text: &str) -> &str {
    let Some(inside) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    inside.strip_prefix("json").unwrap_or(inside).trim()
}

/// The verdict that a reason itself states last: `Verdict: fail`, `the verdict is "pass"`.
fn stated(reason: &str, choices: &[(String, f64)]) -> Option<String> {
    let small = reason.to_lowercase();
    let after = small.match_indices("verdict").filter_map(|(at, word)| {
        let rest = small[at + word.len()..].trim_start_matches([':', '=', ' ', '"', '\'', '`', '*']);
        let rest = ["is ", "should be ", "must be "].iter().find_map(|link| rest.strip_prefix(link)).unwrap_or(rest);
        let rest = rest.trim_start_matches([':', ' ', '"', '\'', '`', '*']);
        choices.iter().find(|(name, _)| {
            let end = rest.strip_prefix(name.to_lowercase().as_str());
            end.is_some_and(|end| !end.starts_with(char::is_alphanumeric))
        })
    });
    after.last().map(|(name, _)| name.clone())
}
