//! The programs that confine, and what they are told.

use super::{NoSandbox, Program};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// All that a command sees of the environment.
pub(super) const ENVIRONMENT: [(&str, &str); 3] = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8")];

/// Where the project lies inside; the machine's own paths stay unknown.
const INSIDE: &str = "/project";

/// What programs need to start, where it exists.
const SYSTEM: [&str; 10] =
    ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"];

/// The program of this machine.
pub(super) fn find() -> Result<Program, NoSandbox> {
    let place = |name: &str| ["/usr/bin", "/usr/local/bin", "/bin"].iter().map(|directory| Path::new(directory).join(name)).find(|path| path.is_file());
    let found: Option<PathBuf> = if cfg!(target_os = "macos") { place("sandbox-exec") } else { place("bwrap") };
    match found {
        Some(path) if cfg!(target_os = "macos") => Ok(Program::Seatbelt(path)),
        Some(path) => Ok(Program::Bubblewrap(path)),
        None => Err(NoSandbox("no sandbox is installed (Linux: the package `bubblewrap`), and commands never run without one".to_owned())),
    }
}

/// The arguments of bubblewrap.
pub(super) fn bubblewrap(root: &Path, command: &[String], files: &[&str]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"].map(OsString::from).to_vec();
    let mut add = |parts: &[&str]| arguments.extend(parts.iter().map(OsString::from));
    for (name, value) in ENVIRONMENT {
        add(&["--setenv", name, value]);
    }
    add(&["--ro-bind", "/usr", "/usr"]);
    for path in SYSTEM {
        add(&["--ro-bind-try", path, path]);
    }
    add(&["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
    arguments.extend(["--ro-bind".into(), root.as_os_str().to_owned(), INSIDE.into()]);
    // The ledger holds what people asked; a rule has no business there.
    if root.join(".jeton").is_dir() {
        arguments.extend(["--tmpfs".into(), OsString::from(format!("{INSIDE}/.jeton"))]);
    }
    arguments.extend(["--chdir", INSIDE, "--"].map(OsString::from));
    arguments.extend(command.iter().map(OsString::from));
    arguments.extend(files.iter().map(OsString::from));
    arguments
}

/// The arguments of `sandbox-exec`.
pub(super) fn seatbelt(root: &Path, command: &[String], files: &[&str]) -> Vec<OsString> {
    let quoted = |path: &str| format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""));
    let root = root.to_string_lossy();
    let readable: Vec<String> = ["/usr", "/bin", "/sbin", "/System", "/Library", "/dev", "/private/var/db/dyld", "/private/etc/localtime", &root]
        .iter()
        .map(|path| format!("(subpath {})", quoted(path)))
        .collect();
    let profile = format!(
        "(version 1)(deny default)(allow process-fork)(allow process-exec)(allow sysctl-read)(allow file-read-metadata)(allow file-read* (literal \"/\") {})\
         (deny file-read* (subpath {}))(allow file-write-data (literal \"/dev/null\"))",
        readable.join(" "),
        quoted(&format!("{root}/.jeton")),
    );
    let mut arguments: Vec<OsString> = vec!["-p".into(), profile.into()];
    arguments.extend(command.iter().map(OsString::from));
    arguments.extend(files.iter().map(OsString::from));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arguments: &[OsString]) -> String {
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn bubblewrap_gets_the_project_without_the_right_to_write() {
        let arguments = shown(&bubblewrap(Path::new("/srv/shop"), &["lint".to_owned(), "--all".to_owned()], &["a.md"]));
        assert!(arguments.starts_with("--unshare-all --die-with-parent --new-session --clearenv "), "{arguments}");
        assert!(arguments.ends_with("--ro-bind /srv/shop /project --chdir /project -- lint --all a.md"), "{arguments}");
        assert!(!arguments.contains("--bind ") && !arguments.contains("--share-net"), "{arguments}");
    }

    #[test]
    fn the_profile_denies_by_default_and_names_are_quoted() {
        let arguments = seatbelt(Path::new("/srv/a \"b\""), &["lint".to_owned()], &["a.md"]);
        let profile = arguments[1].to_string_lossy().into_owned();
        assert!(profile.starts_with("(version 1)(deny default)") && profile.contains(r#"(subpath "/srv/a \"b\"")"#), "{profile}");
        assert!(!profile.contains("network"), "{profile}");
        assert_eq!(shown(&arguments[2..]), "lint a.md");
    }
}
