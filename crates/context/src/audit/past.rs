//! What changed lately: the commits of the 90 days before the newest one.

use crate::git::Git;

/// How far back is looked, in days before the newest commit. Fixed, so that the same commit always gives the same audit.
pub(crate) const DAYS: i64 = 90;

/// The most commits that are looked at.
const COMMITS_MAX: usize = 5_000;

/// What changed lately.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The files of each commit, newest first; `None` where there is nothing to ask.
    commits: Option<Vec<Vec<String>>>,
    /// The day of the newest commit, `YYYY-MM-DD`.
    pub(crate) day: Option<String>,
    /// The newest commit.
    pub(crate) head: Option<String>,
}

impl Past {
    /// Asks Git. Where it cannot answer, nothing is known.
    pub(crate) fn read(git: &Git, revision: &str) -> Self {
        let Some(head) = git.resolve(revision) else { return Self::default() };
        let Some(time_s) = newest(git, &head) else { return Self::default() };
        let day = jiff::Timestamp::from_second(time_s).ok().map(|time| time.strftime("%Y-%m-%d").to_string());
        let (since, most) = (format!("--since={}", time_s - DAYS * 86_400), format!("--max-count={COMMITS_MAX}"));
        let mut arguments = vec!["log", "--no-merges", "--no-show-signature", "--name-only", "--no-renames", "-z", "--format=%x01", &since, &most];
        arguments.extend(["--end-of-options", &head, "--"]);
        let scope = format!(":(top){}", git.prefix());
        if !git.prefix().is_empty() {
            arguments.push(&scope);
        }
        let commits = git.run(&arguments).ok().map(|printed| printed.split(|&b| b == 1).skip(1).map(|record| files(record, git.prefix())).collect());
        Self { commits, day, head: Some(head) }
    }

    /// A past that is told. For tests.
    #[cfg(test)]
    pub(crate) fn of(commits: &[&[&str]]) -> Self {
        let commits = commits.iter().map(|files| files.iter().map(|file| (*file).to_owned()).collect()).collect();
        Self { commits: Some(commits), day: None, head: None }
    }

    /// How many commits changed a file for which `is_meant` holds; `None` where nobody knows.
    pub(crate) fn touching(&self, is_meant: impl Fn(&str) -> bool) -> Option<u64> {
        let commits = self.commits.as_ref()?;
        Some(commits.iter().filter(|files| files.iter().any(|file| is_meant(file))).count() as u64)
    }

    /// How many commits changed the file or a file below the directory `path`; empty: any.
    pub(crate) fn touching_path(&self, path: &str) -> Option<u64> {
        self.touching(|file| is_within(file, path))
    }

    /// All commits; `None` where nobody knows.
    pub(crate) fn all(&self) -> Option<u64> {
        self.commits.as_ref().map(|commits| commits.len() as u64)
    }
}

/// Whether `file` is `path`, or lies below it. Everything lies below the empty path.
pub(crate) fn is_within(file: &str, path: &str) -> bool {
    path.is_empty() || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn newest(git: &Git, head: &str) -> Option<i64> {
    let printed = git.run(&["log", "-1", "--no-show-signature", "--format=%ct", "--end-of-options", head, "--"]).ok()?;
    String::from_utf8_lossy(&printed).trim().parse().ok()
}

fn files(record: &[u8], prefix: &str) -> Vec<String> {
    let fields = record.split(|&b| b == 0).map(|field| field.strip_prefix(b"\n").unwrap_or(field)).filter(|field| !field.is_empty());
    fields.filter_map(|path| std::str::from_utf8(path).ok()?.strip_prefix(prefix).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_count_once_however_many_files_they_touch() {
        let past = Past::of(&[&["src/a.rs", "src/b.rs"], &["src2/a.rs"], &["src"]]);
        assert_eq!([past.touching_path("src"), past.touching_path(""), past.touching_path("docs")], [Some(2), Some(3), Some(0)]);
        assert_eq!(Past::default().touching_path("src"), None);
    }

    #[test]
    fn records_read_back() {
        assert_eq!(files(b"\0\na/x.rs\0a/y.rs\0b/z\0", "a/"), ["x.rs", "y.rs"]);
    }
}
