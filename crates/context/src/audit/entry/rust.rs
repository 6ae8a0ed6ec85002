//! Commands of cargo: aliases, `xtask`, and the binaries of packages.

use super::{EntryPoint, Source};
use crate::audit::roles::{self, Role};
use crate::audit::survey::Survey;
use crate::located::below;
use crate::tree::{file_name, parent};
use crate::{Place, toml_values};
use serde_json::Value;

/// Crates that declare arguments.
const ARGUMENTS: [&str; 8] = ["clap", "argh", "structopt", "bpaf", "pico-args", "lexopt", "gumdrop", "docopt"];

/// `[alias]` of `.cargo/config.toml`.
pub(super) fn read_config(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let Ok(config) = toml_values::parse(text) else { return };
    let Some(aliases) = config.value["alias"].as_object() else { return };
    for (name, command) in aliases {
        let commands = match command {
            Value::String(command) => format!("cargo {command}"),
            Value::Array(words) => format!("cargo {}", words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => continue,
        };
        let line = config.line(&below("/alias", name));
        // A line of comment above tells what it is for.
        let is_described = line > 1 && text.lines().nth(line as usize - 2).is_some_and(|line| line.trim_start().starts_with('#'));
        found.push(EntryPoint::new(Source::Cargo, name, Place::line(path, line), vec![format!("cargo {name}")], commands).described(is_described));
    }
}

/// Binaries of the packages, examples left out.
pub(super) fn binaries(survey: &Survey<'_>) -> Vec<EntryPoint> {
    let manifests = survey.tree.files().iter().filter(|file| file_name(&file.path) == "Cargo.toml" && !roles::is_data(&file.path));
    let of_product = manifests.filter(|file| roles::role(&format!("{}/src/main.rs", parent(&file.path))) == Role::Code);
    of_product.filter_map(|file| Some(of_package(survey, &file.path, &survey.text(&file.path)?))).flatten().collect()
}

fn of_package(survey: &Survey<'_>, path: &str, text: &str) -> Vec<EntryPoint> {
    let Ok(manifest) = toml_values::parse(text) else { return Vec::new() };
    let Some(package) = manifest.value.pointer("/package/name").and_then(Value::as_str) else { return Vec::new() };
    let directory = parent(path);
    let at = |inner: &str| if directory.is_empty() { inner.to_owned() } else { format!("{directory}/{inner}") };
    let mut names: Vec<(String, u32)> = Vec::new();
    for (place, binary) in manifest.value["bin"].as_array().into_iter().flatten().enumerate() {
        names.extend(binary["name"].as_str().map(|name| (name.to_owned(), manifest.line(&format!("/bin/{place}")))));
    }
    if names.is_empty() && survey.tree.file(&at("src/main.rs")).is_some() {
        names.push((package.to_owned(), manifest.line("/package/name")));
    }
    let has_arguments = ARGUMENTS.iter().any(|name| manifest.value.pointer(&format!("/dependencies/{name}")).is_some());
    let described = manifest.value.pointer("/package/description").is_some();
    let entry = |(name, line): (String, u32)| {
        let calls = if name == "xtask" {
            vec!["cargo xtask".to_owned()]
        } else {
            vec![format!("cargo run -p {package}"), format!("cargo run --bin {name}"), name.clone()]
        };
        EntryPoint::new(Source::Cargo, &name, Place::line(path, line), calls, String::new()).described(described).typed(has_arguments.then_some(true))
    };
    names.into_iter().map(entry).collect()
}
