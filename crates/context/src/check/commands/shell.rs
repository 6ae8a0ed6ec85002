//! The commands of a line as a shell would cut it; no more of a shell than that.

use std::fmt;

/// A command that names something of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A target of make.
    Make(String),
    /// A recipe of just.
    Just(String),
    /// A package manager, and a script of `package.json`.
    Script(&'static str, String, Way),
    /// A subcommand of cargo.
    Cargo(String),
    /// A subcommand of cargo, and the package that it is for.
    Package(String, String),
    /// A subcommand of cargo, and the binary that it is for.
    Binary(String, String),
    /// A program by its path.
    Path(String),
}

/// How a script is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `npm run x`.
    Run,
    /// `npm test`: nothing else has the name.
    Short,
    /// `yarn x`: it may also be a program of a package.
    Bare,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(name) => write!(f, "make {name}"),
            Self::Just(name) => write!(f, "just {name}"),
            Self::Script(manager, name, Way::Run) => write!(f, "{manager} run {name}"),
            Self::Script(manager, name, _) => write!(f, "{manager} {name}"),
            Self::Cargo(word) => write!(f, "cargo {word}"),
            Self::Package(word, name) => write!(f, "cargo {word} -p {name}"),
            Self::Binary(word, name) => write!(f, "cargo {word} --bin {name}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// What `yarn` does itself, in its classic and its present form, after their command lines' own help.
const YARN: &str = "add audit autoclean bin cache check config constraints create dedupe dlx exec explain generate-lock-entry global help import info init install licenses link \
    list login logout node npm outdated owner pack patch patch-commit plugin policies prune publish rebuild remove run search self-update set stage tag team unlink unplug \
    up upgrade upgrade-interactive version versions why workspace workspaces";

/// The subcommands of cargo whose `-p` names a package of the workspace, or one that it depends on.
const OF_PACKAGES: [&str; 12] = ["b", "bench", "build", "c", "check", "clippy", "d", "doc", "r", "run", "t", "test"];

/// Whether a block marked so holds commands.
pub(super) fn is_shell(language: &str) -> bool {
    matches!(language, "sh" | "bash" | "shell" | "zsh" | "console" | "shell-session" | "terminal")
}

/// Whether a path ends as scripts do.
pub(super) fn is_script(path: &str) -> bool {
    [".sh", ".bash", ".py", ".rb", ".pl"].iter().any(|end| path.ends_with(end))
}

/// The commands of one line.
pub(super) fn commands(line: &str) -> Vec<Command> {
    let line = line.split(" #").next().unwrap_or_default();
    line.split(['|', ';', '&']).flat_map(|part| part_commands(&part.split_ascii_whitespace().collect::<Vec<_>>())).collect()
}

/// The command of these words; of cargo, what it is for.
fn part_commands(words: &[&str]) -> Vec<Command> {
    let Some(command) = command(words) else { return Vec::new() };
    match &command {
        Command::Cargo(word) if OF_PACKAGES.contains(&word.as_str()) => {
            // What stands behind `--` is the program's own.
            let words: Vec<&str> = words.iter().take_while(|word| **word != "--").copied().collect();
            let packages = values(&words, &["-p", "--package"]).into_iter().map(|name| Command::Package(word.clone(), name));
            let binaries = values(&words, &["--bin"]).into_iter().map(|name| Command::Binary(word.clone(), name));
            let found: Vec<Command> = packages.chain(binaries).collect();
            if found.is_empty() { vec![command] } else { found }
        }
        _ => vec![command],
    }
}

/// The plain names that stand behind these options.
fn values(words: &[&str], options: &[&str]) -> Vec<String> {
    let value = |(at, word): (usize, &&str)| match word.split_once('=') {
        Some((option, value)) if options.contains(&option) => Some(value.to_owned()),
        _ if options.contains(word) => words.get(at + 1).map(|value| (*value).to_owned()),
        _ => None,
    };
    let is_name = |name: &String| is_plain(name) && !name.contains(['@', ':', '/']) && !name.starts_with('.');
    words.iter().enumerate().filter_map(value).filter(is_name).collect()
}

fn command(words: &[&str]) -> Option<Command> {
    // `VAR=1 sudo make x`
    let at = words.iter().position(|word| !(word.contains('=') || matches!(*word, "sudo" | "time" | "exec" | "env")))?;
    let (program, rest) = words[at..].split_first()?;
    match *program {
        "make" | "gmake" => plain(rest).map(Command::Make),
        "just" => plain(rest).map(Command::Just),
        "npm" => script("npm", rest),
        "pnpm" => script("pnpm", rest),
        "yarn" => script("yarn", rest),
        "bun" => script("bun", rest),
        "cargo" => plain(rest.strip_prefix(&["+nightly"]).or_else(|| rest.strip_prefix(&["+stable"])).unwrap_or(rest)).map(Command::Cargo),
        path if path.starts_with("./") && is_plain(&path[2..]) && path.contains(|c: char| c.is_alphanumeric()) => Some(Command::Path(path.to_owned())),
        _ => None,
    }
}

/// The first word that is neither option nor setting. An option that leads to another file or directory ends the search: what it means is there.
fn plain(words: &[&str]) -> Option<String> {
    if words.iter().any(|word| matches!(*word, "-C" | "-f" | "--file" | "--justfile" | "--directory" | "--manifest-path")) {
        return None;
    }
    let word = words.iter().find(|word| !word.starts_with('-') && !word.contains('='))?;
    is_plain(word).then(|| (*word).to_owned())
}

fn script(manager: &'static str, words: &[&str]) -> Option<Command> {
    let (rest, way) = match words.strip_prefix(&["run"]).or_else(|| words.strip_prefix(&["run-script"])) {
        Some(rest) => (rest, Way::Run),
        None => (words, short_way(manager, words.first()?)?),
    };
    // `-w web` means the scripts of another package.
    let first = rest.first().filter(|word| !word.starts_with('-'))?;
    is_plain(first).then(|| Command::Script(manager, (*first).to_owned(), way))
}

/// How a manager takes a script without `run`, if it does.
fn short_way(manager: &str, word: &str) -> Option<Way> {
    match manager {
        "npm" | "pnpm" | "yarn" if matches!(word, "test" | "start") => Some(Way::Short),
        "yarn" if !YARN.split_ascii_whitespace().any(|own| own == word) => Some(Way::Bare),
        _ => None,
    }
}

/// A name, not a place for one.
fn is_plain(word: &str) -> bool {
    let is_stand_in = word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    !is_stand_in
        && word.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
        && !word.contains("..")
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/@".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fall_into_commands() {
        let check = |line: &str, expected: &[Command]| assert_eq!(commands(line), expected, "{line}");
        check("RUST_LOG=1 make test && ./x.sh a", &[Command::Make("test".to_owned()), Command::Path("./x.sh".to_owned())]);
        check("npm run dev -- --port 1", &[Command::Script("npm", "dev".to_owned(), Way::Run)]);
        check("npm install", &[]);
        check("npm run -w web dev", &[]);
        check("make TARGET", &[]);
        check("make", &[]);
        check("cargo +nightly fmt", &[Command::Cargo("fmt".to_owned())]);
        check("echo make", &[]);
    }
}
