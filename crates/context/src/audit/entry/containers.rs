//! Container files: what builds or starts the product as a whole.

use super::safety::Safety;
use super::{EntryPoint, Source};
use crate::Place;
use crate::tree::file_name;

pub(super) fn is_meant(_path: &str, name: &str) -> bool {
    is_build(name) || is_compose(name)
}

fn is_build(name: &str) -> bool {
    name == "Dockerfile" || name == "Containerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile")
}

fn is_compose(name: &str) -> bool {
    let is_yaml = [".yml", ".yaml"].iter().any(|ending| name.ends_with(ending));
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."))
}

pub(super) fn read(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let name = file_name(path);
    let calls = if is_build(name) {
        vec![path.to_owned(), "docker build".to_owned()]
    } else {
        vec![path.to_owned(), "docker compose".to_owned(), "docker-compose".to_owned()]
    };
    let mut entry = EntryPoint::new(Source::Container, name, Place::line(path, 1), calls, String::new());
    // An image can be built as often as one likes; what services do when they start, nobody knows.
    entry.safety = if is_build(name) { Safety::Safe } else { Safety::Unknown };
    let is_described = text.lines().take(3).any(|line| line.starts_with('#') && line.split_whitespace().count() > 3);
    found.push(entry.described(is_described));
}
