//! What the benchmark is told.

use std::path::PathBuf;

/// The settings of `bench context`.
#[derive(Debug)]
pub(super) struct Options {
    /// Names with paths.
    pub(super) repositories: Vec<(String, PathBuf)>,
    pub(super) speed: Option<PathBuf>,
    pub(super) has_freshness: bool,
    pub(super) cases: u32,
    pub(super) jeton: Option<PathBuf>,
    pub(super) repomix: Option<PathBuf>,
    pub(super) code2prompt: Option<PathBuf>,
    pub(super) json: Option<PathBuf>,
}

impl Options {
    pub(super) fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options =
            Self { repositories: Vec::new(), speed: None, has_freshness: false, cases: 150, jeton: None, repomix: None, code2prompt: None, json: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--repository" => options.repositories.push(repository(&value()?)?),
                "--speed" => options.speed = Some(value()?.into()),
                "--freshness" => options.has_freshness = true,
                "--cases" => options.cases = value()?.parse().ok().filter(|n| *n > 0).ok_or("--cases takes a number above 0")?,
                "--jeton" => options.jeton = Some(value()?.into()),
                "--repomix" => options.repomix = Some(value()?.into()),
                "--code2prompt" => options.code2prompt = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                other => return Err(format!("`{other}` is unknown")),
            }
        }
        let is_idle = options.repositories.is_empty() && options.speed.is_none() && !options.has_freshness;
        if is_idle { Err("say what to measure: --repository, --speed or --freshness".to_owned()) } else { Ok(options) }
    }
}

fn repository(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty()).ok_or("--repository takes NAME=PATH")?;
    Ok((name.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        Options::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_or_named() {
        let options = read("--repository a/b=c --repository d/e=f=g --cases 9").unwrap();
        assert_eq!(options.repositories, [("a/b".to_owned(), "c".into()), ("d/e".to_owned(), "f=g".into())]);
        assert_eq!(options.cases, 9);
        for (line, word) in [("--repository a", "NAME=PATH"), ("--cases 0 --freshness", "--cases"), ("--fast", "--fast"), ("--cases 3", "--speed")] {
            assert!(read(line).unwrap_err().contains(word), "{line}");
        }
    }
}
