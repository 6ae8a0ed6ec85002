//! Text that is known to be safe in a page. Every value passes through [`Render`], so escaping cannot be forgotten.

use std::fmt;

/// A piece of a page: markup that we wrote, with all foreign text in it escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Html(pub(crate) String);

impl Html {
    /// Nothing.
    pub(crate) const EMPTY: Self = Self(String::new());

    /// Puts `piece` behind this one.
    pub(crate) fn push(&mut self, piece: &Self) {
        self.0.push_str(&piece.0);
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Self {
        pieces.into_iter().fold(Self::EMPTY, |mut whole, piece| {
            whole.push(&piece);
            whole
        })
    }
}

/// How a value enters markup. Text is escaped for elements and for quoted attributes alike.
pub(crate) trait Render {
    /// Writes the value as markup.
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Render for str {
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '`']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => "&#96;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

impl Render for String {
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().render(f)
    }
}

impl Render for Html {
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: Render + ?Sized> Render for &T {
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).render(f)
    }
}

macro_rules! render_numbers {
    ($($number:ty),*) => {$(
        impl Render for $number {
            fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
render_numbers!(u16, u64, i64, usize, i32);

impl Render for f64 {
    /// Coordinates: three decimals are finer than any screen.
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{self:.3}");
        f.write_str(rounded.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Lets `format!` show a [`Render`].
pub(crate) struct Shown<'a, T: Render + ?Sized>(pub(crate) &'a T);

impl<T: Render + ?Sized> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.render(f)
    }
}

/// `format!` into [`Html`]; every argument is rendered. Only `{}` may stand in the text: a captured `{name}` would
/// pass by unescaped, and a test over the sources refuses it.
macro_rules! html {
    ($text:literal $(, $value:expr)* $(,)?) => {
        $crate::page::html::Html(format!($text $(, $crate::page::html::Shown(&$value))*))
    };
}
pub(crate) use html;

#[cfg(test)]
mod tests {
    #[test]
    fn foreign_text_is_escaped_and_markup_is_not() {
        let name = "<script>alert('1')</script>\"&`";
        assert_eq!(html!("<b title=\"{}\">", name).0, "<b title=\"&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;&#96;\">");
        assert_eq!(html!("<p>{}</p>", html!("<i>{}</i>", "ä<")).0, "<p><i>ä&lt;</i></p>");
        assert_eq!(html!("{} {} {}", 1.5, 2.0, 7_u64).0, "1.5 2 7");
    }

    #[test]
    fn no_source_of_the_page_captures_a_value_past_the_escaping() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        let (marker, mut seen) = (["html", "!("].concat(), 0);
        let mut open = vec![folder];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for literal in text.split(&marker).skip(1) {
                seen += 1;
                let literal = string_literal(literal.trim_start());
                let braces = literal.split('{').skip(1);
                for after in braces {
                    assert!(after.starts_with('}'), "{}: only {{}} may stand in html!: {literal}", path.display());
                }
            }
        }
        assert!(seen > 20, "the page's sources were not found");
    }

    /// The string literal with which `source` begins, escapes left as they are.
    fn string_literal(source: &str) -> &str {
        if source.starts_with("r#\"") {
            return source.split("\"#").next().unwrap();
        }
        if !source.starts_with('"') {
            return "";
        }
        let bytes = source.as_bytes();
        let mut at = 1;
        while bytes[at] != b'"' {
            at += 1 + usize::from(bytes[at] == b'\\');
        }
        &source[..at]
    }
}
