//! What the benchmark is told.

use std::path::PathBuf;

/// The settings of `bench gateway`.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) rounds: Option<u32>,
    pub(crate) only: Option<String>,
    pub(crate) nginx: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) keep: bool,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--keep" => options.keep = true,
                "--rounds" => options.rounds = Some(value()?.parse().ok().filter(|n| *n > 0).ok_or("--rounds takes a number above 0")?),
                "--only" => options.only = Some(value()?),
                "--nginx" => options.nginx = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                other => return Err(format!("`{other}` is unknown")),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        Options::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_or_named() {
        let options = read("--quick --rounds 2 --only stream").unwrap();
        assert!(options.quick && options.rounds == Some(2) && options.only.as_deref() == Some("stream"));
        assert!(read("--rounds 0").unwrap_err().contains("--rounds"));
        assert!(read("--rounds").unwrap_err().contains("value"));
        assert!(read("--fast").unwrap_err().contains("--fast"));
    }
}
