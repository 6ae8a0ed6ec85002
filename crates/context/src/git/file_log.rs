//! The commits that touched one file.

use super::{Git, GitError};

/// A commit that touched a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCommit {
    /// Its full name.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub time_s: i64,
    /// Who wrote it, by name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

impl Git {
    /// At most `most` commits up to `revision` that touched the file at `path`, newest first. Renames are not followed.
    ///
    /// # Errors
    /// Where Git cannot tell them.
    pub fn file_log(&self, revision: &str, path: &str, most: usize) -> Result<Vec<FileCommit>, GitError> {
        let (limit, literal) = (format!("--max-count={most}"), format!(":(literal){path}"));
        let arguments =
            ["log", "--no-merges", "--no-show-signature", &limit, "--format=%H%x02%ct%x02%an%x02%s%x01", "--end-of-options", revision, "--", &literal];
        Ok(self.run(&arguments)?.split(|&b| b == 1).filter_map(commit).collect())
    }
}

fn commit(record: &[u8]) -> Option<FileCommit> {
    let text = String::from_utf8_lossy(record);
    let mut fields = text.trim_start_matches('\n').splitn(4, '\u{2}').map(str::to_owned);
    let (id, time, author, subject) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    Some(FileCommit { id, time_s: time.parse().ok()?, author, subject })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back() {
        let check = |record: &str, expected: Option<(&str, i64, &str, &str)>| {
            let read = commit(record.as_bytes());
            let read = read.as_ref().map(|one| (one.id.as_str(), one.time_s, one.author.as_str(), one.subject.as_str()));
            assert_eq!(read, expected, "{record:?}");
        };
        check("\nabc\u{2}1700000000\u{2}Ada\u{2}fix: tea", Some(("abc", 1_700_000_000, "Ada", "fix: tea")));
        check("abc\u{2}1\u{2}\u{2}", Some(("abc", 1, "", "")));
        check("\n", None);
        check("abc\u{2}soon\u{2}Ada\u{2}x", None);
    }
}
