//! Globs of paths, as rules write them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The paths that a unit applies to; an empty list of globs takes in all.
#[derive(Clone, Debug)]
pub struct PathScope {
    set: Option<GlobSet>,
}

impl PathScope {
    /// Compiles `globs`. `*` stops at a slash and `**` does not; a glob without a slash is looked for in every directory, and one that names a
    /// directory takes in all below it.
    ///
    /// # Errors
    /// The first glob that cannot be read, and why.
    pub fn new(globs: &[String]) -> Result<Self, String> {
        if globs.is_empty() {
            return Ok(Self { set: None });
        }
        let mut builder = GlobSetBuilder::new();
        for glob in globs {
            for form in forms(glob) {
                let built = GlobBuilder::new(&form).literal_separator(true).build();
                builder.add(built.map_err(|error| format!("the glob `{glob}` cannot be read: {}", error.kind()))?);
            }
        }
        builder.build().map(|set| Self { set: Some(set) }).map_err(|error| format!("the globs cannot be read together: {error}"))
    }

    /// Whether `path`, from the project's directory, is within.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.set.as_ref().is_none_or(|set| set.is_match(path))
    }
}

/// The glob itself, and the same for what lies below.
fn forms(glob: &str) -> Vec<String> {
    let plain = glob.trim().trim_start_matches("./");
    let anchored = match plain.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if plain.trim_end_matches('/').contains('/') => plain.to_owned(),
        None => format!("**/{plain}"),
    };
    let directory = anchored.trim_end_matches('/');
    if anchored.ends_with('/') { vec![format!("{directory}/**")] } else { vec![anchored.clone(), format!("{directory}/**")] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_as_rules_write_them() {
        let check = |glob: &str, path: &str, expected: bool| {
            assert_eq!(PathScope::new(&[glob.to_owned()]).unwrap().matches(path), expected, "{glob} on {path}");
        };
        check("*.ts", "src/deep/a.ts", true);
        check("*.ts", "src/a.tsx", false);
        check("src/*.ts", "src/a.ts", true);
        check("src/*.ts", "src/deep/a.ts", false);
        check("src/**/*.ts", "src/a.ts", true);
        check("docs/", "docs/a/b.md", true);
        check("docs", "docs/a.md", true);
        check("docs", "docs2/a.md", false);
        check("/README.md", "docs/README.md", false);
        check("**", "a/b", true);
        check("*.{md,toml}", "a/b.toml", true);
        assert!(PathScope::new(&[]).unwrap().matches("anything"));
        assert!(PathScope::new(&["a[".to_owned()]).unwrap_err().contains("`a[`"));
    }
}
