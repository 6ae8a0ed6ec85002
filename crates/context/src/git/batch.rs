//! Many objects by one process.

use super::GitError;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Reads objects by name, one after the other, from one process of Git.
#[derive(Debug)]
pub struct BlobReader {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl BlobReader {
    pub(super) fn start(mut command: Command) -> Result<Self, GitError> {
        let failed = |error: std::io::Error| GitError { message: format!("git cat-file: {error}") };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| GitError { message: "git cat-file has no output".to_owned() })?;
        Ok(Self { child, input, output: BufReader::with_capacity(1 << 16, output) })
    }

    /// The bytes of the object; `None` where there is no such object.
    ///
    /// # Errors
    /// Where the process ended or says what it should not.
    pub fn read(&mut self, blob: &str) -> Result<Option<Vec<u8>>, GitError> {
        let failed = |error: std::io::Error| GitError { message: format!("git cat-file: {error}") };
        if blob.contains(['\n', '\r']) {
            return Ok(None);
        }
        if let Some(input) = &mut self.input {
            writeln!(input, "{blob}").map_err(failed)?;
            input.flush().map_err(failed)?;
        }
        let mut head = String::new();
        if self.output.read_line(&mut head).map_err(failed)? == 0 {
            return Err(GitError { message: "git cat-file ended".to_owned() });
        }
        let mut words = head.split_ascii_whitespace().rev();
        let Some(size) = words.next().and_then(|size| size.parse::<usize>().ok()) else { return Ok(None) };
        let mut bytes = vec![0; size + 1];
        self.output.read_exact(&mut bytes).map_err(failed)?;
        bytes.truncate(size);
        Ok(Some(bytes))
    }
}

impl Drop for BlobReader {
    fn drop(&mut self) {
        // Its input closed, it ends by itself.
        self.input = None;
        let _ = self.child.wait();
    }
}
