//! The example project `examples/support-desk`, carried in the binary.

macro_rules! files {
    ($($path:literal)*) => { &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/support-desk/", $path)))),*] };
}

/// Its files with their text.
pub(super) const FILES: &[(&str, &str)] = files! {
    "CODEOWNERS"
    "README.md"
    "context/examples.toml"
    "context/packs/refund.toml"
    "context/packs/shipping.toml"
    "context/packs/warranty.toml"
    "context/refunds.md"
    "context/rules.toml"
    "context/schemas/parcel-answer.json"
    "context/schemas/refund-decision.json"
    "context/shipping.md"
    "context/shop.md"
    "context/warranty.md"
    "data/policy.toml"
    "evals/desk.toml"
    "jeton.toml"
    "questions.jsonl"
};

/// The text of one of them.
pub(super) fn file(path: &str) -> &'static str {
    FILES.iter().find(|(known, _)| *known == path).map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn walk(directory: &Path, found: &mut Vec<String>, root: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found, root);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn no_file_is_left_out() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/support-desk");
        let mut found = Vec::new();
        walk(&root, &mut found, &root);
        found.sort_unstable();
        assert_eq!(FILES.iter().map(|(path, _)| *path).collect::<Vec<_>>(), found);
        assert!(file("data/policy.toml").contains("days = 30"));
    }
}
