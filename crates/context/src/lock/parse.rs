//! Reads a lock. A line that cannot be read is reported and costs no more than itself, as after a merge gone wrong.

use super::{AnchorPrint, Lock, LockedUnit};
use crate::{Digest, Finding, Place, Severity};

/// What the lines belong to.
enum Block {
    Head,
    Unit(Option<String>, LockedUnit),
    Never,
}

impl Lock {
    /// Reads the text of a lock, whose file is `path`; lines that are none of its own become findings.
    #[must_use]
    pub fn parse(text: &str, path: &str) -> (Self, Vec<Finding>) {
        let (mut lock, mut findings, mut block) = (Self::default(), Vec::new(), Block::Head);
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line {
                "[[unit]]" => lock.close(std::mem::replace(&mut block, Block::Unit(None, LockedUnit::default()))),
                "[[never]]" => lock.close(std::mem::replace(&mut block, Block::Never)),
                _ => {
                    if lock.take(&mut block, line).is_none() {
                        findings.push(bad_line(path, at + 1, line));
                    }
                }
            }
        }
        lock.close(block);
        (lock, findings)
    }

    fn close(&mut self, block: Block) {
        if let Block::Unit(Some(id), unit) = block {
            self.units.insert(id, unit);
        }
    }

    fn take(&mut self, block: &mut Block, line: &str) -> Option<()> {
        let (key, value) = cut(line)?;
        match block {
            Block::Head => (key == "version" && matches!(value, "1" | "2")).then_some(()),
            Block::Never => {
                let path = (key == "path").then(|| text(value)).flatten()?;
                self.never.insert(path);
                Some(())
            }
            Block::Unit(id, unit) => take_setting(id, unit, key, value),
        }
    }
}

fn take_setting(id: &mut Option<String>, unit: &mut LockedUnit, key: &str, value: &str) -> Option<()> {
    match key {
        "id" => *id = Some(text(value)?),
        "digest" => unit.digest = Digest::parse(&text(value)?)?,
        "body" => unit.body = Digest::parse(&text(value)?)?,
        "scope" => unit.scope = Digest::parse(&text(value)?)?,
        _ => {
            if let Some(vocabulary) = key.strip_prefix("tokens.") {
                unit.tokens.insert(text(vocabulary)?, value.parse().ok()?);
            } else if let Some(name) = key.strip_prefix("facts.") {
                let value = text(value)?;
                unit.facts.insert(text(name)?, if value == "missing" { None } else { Some(Digest::parse(&value)?) });
            } else {
                unit.anchors.insert(text(key.strip_prefix("anchors.")?)?, print(&text(value)?)?);
            }
        }
    }
    Some(())
}

/// The key and the value; the `=` may stand in the quotes of a key too.
fn cut(line: &str) -> Option<(&str, &str)> {
    line.match_indices(" = ").map(|(at, _)| (line[..at].trim(), line[at + 3..].trim())).find(|(key, _)| match key.split_once('"') {
        None => true,
        Some(_) => key.ends_with('"') && key.split_once('.').is_some_and(|(_, name)| text(name).is_some()),
    })
}

fn text(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

fn print(value: &str) -> Option<Option<AnchorPrint>> {
    if value == "missing" {
        return Some(None);
    }
    let (signature, body) = value.split_once(' ')?;
    Some(Some(AnchorPrint { signature: Digest::parse(signature)?, body: Digest::parse(body)? }))
}

fn bad_line(path: &str, line: usize, text: &str) -> Finding {
    let shown: String = text.chars().take(60).collect();
    let is_merge = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| text.starts_with(mark));
    let why = if is_merge { "a merge left its marks" } else { "this is no line of a lock" };
    let place = Place::line(path, u32::try_from(line).unwrap_or(u32::MAX));
    Finding::new("bad-lock-line", Severity::Error, place, format!("{why}: `{shown}`"), "Run `jeton context lock`, which writes the file anew.")
}
