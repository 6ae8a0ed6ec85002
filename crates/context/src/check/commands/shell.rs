//! The commands of a line as a shell would cut it; no more of a shell than that.

/// A command that names something of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A target of make.
    Make(String),
    /// A recipe of just.
    Just(String),
    /// A package manager, and a script of `package.json`.
    Script(&'static str, String),
    /// A subcommand of cargo.
    Cargo(String),
    /// A program by its path.
    Path(String),
}

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
    line.split(['|', ';', '&']).filter_map(|part| command(&part.split_ascii_whitespace().collect::<Vec<_>>())).collect()
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
    let rest = words.strip_prefix(&["run"]).or_else(|| words.strip_prefix(&["run-script"]))?;
    // `-w web` means the scripts of another package.
    let first = rest.first().filter(|word| !word.starts_with('-'))?;
    is_plain(first).then(|| Command::Script(manager, (*first).to_owned()))
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
        check("npm run dev -- --port 1", &[Command::Script("npm", "dev".to_owned())]);
        check("npm install", &[]);
        check("npm run -w web dev", &[]);
        check("make TARGET", &[]);
        check("make", &[]);
        check("cargo +nightly fmt", &[Command::Cargo("fmt".to_owned())]);
        check("echo make", &[]);
    }
}
