//! The languages whose syntax is read.

/// A programming language with a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript, with or without JSX.
    JavaScript,
    /// Go.
    Go,
    /// Java.
    Java,
    /// C.
    C,
    /// C++.
    Cpp,
    /// C#.
    CSharp,
    /// Ruby.
    Ruby,
    /// PHP, with the HTML around it.
    Php,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Rust,
        Self::Python,
        Self::TypeScript,
        Self::Tsx,
        Self::JavaScript,
        Self::Go,
        Self::Java,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Ruby,
        Self::Php,
    ];

    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::JavaScript => "javascript",
            Self::Go => "go",
            Self::Java => "java",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::CSharp => "csharp",
            Self::Ruby => "ruby",
            Self::Php => "php",
        }
    }

    /// The language that a word names, in any case: the stable word, or what people put on a block of code (`rs`, `py`, `c++`, `c#`).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Some(match name.as_str() {
            "rs" => Self::Rust,
            "py" | "python3" => Self::Python,
            "ts" => Self::TypeScript,
            "js" | "jsx" | "node" => Self::JavaScript,
            "golang" => Self::Go,
            "c++" | "cxx" | "cc" => Self::Cpp,
            "c#" | "cs" | "c-sharp" => Self::CSharp,
            "rb" => Self::Ruby,
            name => return Self::ALL.into_iter().find(|language| language.name() == name),
        })
    }

    /// The language of a file by its name. A header `.h` counts as C++, whose grammar reads C's declarations too.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name {
            "Rakefile" | "Gemfile" | "Guardfile" | "Vagrantfile" | "Capfile" => return Some(Self::Ruby),
            "SConstruct" | "SConscript" | "wscript" => return Some(Self::Python),
            _ => {}
        }
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        Some(match extension.to_ascii_lowercase().as_str() {
            "rs" => Self::Rust,
            "py" | "pyi" | "pyw" => Self::Python,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "go" => Self::Go,
            "java" => Self::Java,
            "c" => Self::C,
            "h" | "hh" | "hpp" | "hxx" | "cc" | "cpp" | "cxx" | "ipp" | "tpp" | "inl" => Self::Cpp,
            "cs" => Self::CSharp,
            "rb" | "rake" | "gemspec" | "ru" => Self::Ruby,
            "php" | "phtml" => Self::Php,
            _ => return None,
        })
    }

    /// The language of a script by its first line: `#!/usr/bin/env python3`.
    #[must_use]
    pub fn from_shebang(first_line: &str) -> Option<Self> {
        let command = first_line.strip_prefix("#!")?;
        let mut words = command.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
        let program = words.find(|word| *word != "env" && !word.starts_with('-') && !word.contains('='))?;
        match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "python" | "pypy" => Some(Self::Python),
            "node" | "nodejs" | "bun" => Some(Self::JavaScript),
            "deno" | "ts-node" | "tsx" => Some(Self::TypeScript),
            "ruby" => Some(Self::Ruby),
            "php" => Some(Self::Php),
            "rust-script" => Some(Self::Rust),
            _ => None,
        }
    }

    /// The grammar, for queries of one's own.
    #[must_use]
    pub fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::C => tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => tree_sitter_cpp::LANGUAGE.into(),
            Self::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
            Self::Ruby => tree_sitter_ruby::LANGUAGE.into(),
            Self::Php => tree_sitter_php::LANGUAGE_PHP.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_by_path() {
        let check = |path: &str, expected: Option<Language>| assert_eq!(Language::from_path(path), expected, "{path}");
        check("src/main.rs", Some(Language::Rust));
        check("a/b.test.tsx", Some(Language::Tsx));
        check("a/b.MJS", Some(Language::JavaScript));
        check("include/a.h", Some(Language::Cpp));
        check("a/Rakefile", Some(Language::Ruby));
        check("rs", None);
        check(".rs", None);
        check("a.rs/readme", None);
        check("notes.md", None);
    }

    #[test]
    fn languages_by_first_line() {
        let check = |line: &str, expected: Option<Language>| assert_eq!(Language::from_shebang(line), expected, "{line}");
        check("#!/usr/bin/env python3", Some(Language::Python));
        check("#!/usr/bin/python3.12 -u", Some(Language::Python));
        check("#!/usr/bin/env -S A=1 node --x", Some(Language::JavaScript));
        check("#!/bin/sh", None);
        check("python", None);
        check("#!", None);
    }

    #[test]
    fn names_read_back() {
        assert!(Language::ALL.into_iter().all(|language| Language::from_name(language.name()) == Some(language)));
        assert_eq!(Language::from_name("C#"), Some(Language::CSharp));
        assert_eq!(Language::from_name("klingon"), None);
    }
}
