//! Scripts of `package.json`, of every workspace.

use super::{EntryPoint, Source};
use crate::{Place, json};

/// Scripts that the package manager runs by itself.
const OF_THE_MANAGER: [&str; 9] = ["prepare", "prepack", "postpack", "prepublishOnly", "preinstall", "install", "postinstall", "preversion", "postversion"];

pub(super) fn read(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let Ok(package) = json::parse(text) else { return };
    let Some(scripts) = package.value["scripts"].as_object() else { return };
    let info = package.value["scripts-info"].as_object();
    for (name, command) in scripts {
        let hook = ["pre", "post"].iter().filter_map(|prefix| name.strip_prefix(prefix)).any(|of| scripts.contains_key(of));
        if OF_THE_MANAGER.contains(&name.as_str()) || hook {
            continue;
        }
        let Some(command) = command.as_str() else { continue };
        let calls = ["npm run", "yarn", "yarn run", "pnpm", "pnpm run", "bun run", "npm"].map(|runner| format!("{runner} {name}"));
        // `npm NAME` works only for those that npm knows itself.
        let most = if matches!(name.as_str(), "test" | "start" | "stop" | "restart") { 7 } else { 6 };
        let place = Place::line(path, package.line(&crate::located::below("/scripts", name)));
        let entry = EntryPoint::new(Source::Npm, name, place, calls[..most].to_vec(), command.to_owned());
        found.push(entry.described(info.is_some_and(|info| info.contains_key(name))));
    }
}
