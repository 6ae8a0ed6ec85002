//! What a translation could not carry: told with its path, never dropped in silence.

use std::borrow::Cow;
use std::fmt;

/// How something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It is not there any more.
    Dropped,
    /// Something near it stands in its place.
    Approximated,
}

impl How {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Approximated => "approximated",
        }
    }
}

/// One thing that did not come across as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Where it stands in the document that was translated, e.g. `messages[3].content[0].cache_control`.
    pub path: String,
    /// Whether it is gone, or stands there in another form.
    pub how: How,
    /// Why, in a few words; continues a sentence that begins with the path.
    pub why: Cow<'static, str>,
}

/// The report of one translation, in the order in which things were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss(Vec<Lost>);

/// Entries that are kept; what a hostile document adds beyond is counted under one entry.
const ENTRIES_MAX: usize = 64;

/// The path of the entry that stands for all beyond [`ENTRIES_MAX`].
const MORE: &str = "…";

/// The longest value of the header `jeton-dropped`, in bytes.
const HEADER_BYTES_MAX: usize = 1024;

impl Loss {
    /// Notes that what stands at `path` is gone.
    pub fn dropped(&mut self, path: impl fmt::Display, why: impl Into<Cow<'static, str>>) {
        self.note(path, How::Dropped, why);
    }

    /// Notes that what stands at `path` came across in another form.
    pub fn approximated(&mut self, path: impl fmt::Display, why: impl Into<Cow<'static, str>>) {
        self.note(path, How::Approximated, why);
    }

    fn note(&mut self, path: impl fmt::Display, how: How, why: impl Into<Cow<'static, str>>) {
        if self.0.len() > ENTRIES_MAX {
            return;
        }
        let lost = if self.0.len() == ENTRIES_MAX {
            Lost { path: MORE.to_owned(), how: How::Dropped, why: "more was lost than is listed".into() }
        } else {
            Lost { path: path.to_string(), how, why: why.into() }
        };
        // Streams and lists repeat themselves.
        if !self.0.contains(&lost) {
            self.0.push(lost);
        }
    }

    /// Takes over what another report says.
    pub fn extend(&mut self, other: Self) {
        for lost in other.0 {
            self.note(lost.path, lost.how, lost.why);
        }
    }

    /// Whether all came across.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was lost.
    pub fn iter(&self) -> impl Iterator<Item = &Lost> {
        self.0.iter()
    }

    /// The value of the header `jeton-dropped`: the paths, separated by `, `; those that were approximated with `~` behind them.
    /// At most 1 KiB of visible ASCII; what does not fit is told by `…` as three dots.
    #[must_use]
    pub fn header(&self) -> String {
        let mut value = String::new();
        for lost in &self.0 {
            let path = lost.path.chars().map(|c| if c.is_ascii_graphic() && c != ',' { c } else { '?' });
            let path: String = if lost.path == MORE { "...".into() } else { path.collect() };
            let mark = if lost.how == How::Approximated { "~" } else { "" };
            let separator = if value.is_empty() { "" } else { ", " };
            if value.len() + separator.len() + path.len() + mark.len() > HEADER_BYTES_MAX - 5 {
                value.push_str(", ...");
                break;
            }
            value.push_str(separator);
            value.push_str(&path);
            value.push_str(mark);
        }
        value
    }
}

/// A place in a JSON document, kept on the stack while the document is walked; written only when it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(crate) const fn member(&'p self, name: &'p str) -> Path<'p> {
        Path::Member(self, name)
    }

    pub(crate) const fn element(&'p self, index: usize) -> Path<'p> {
        Path::Element(self, index)
    }

    pub(crate) fn place(&self) -> Place {
        Place(self.to_string().into())
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(outer, name) => {
                outer.fmt(f)?;
                f.write_str(".")?;
                f.write_str(name)
            }
            Self::Element(outer, index) => {
                outer.fmt(f)?;
                write!(f, "[{index}]")
            }
        }
    }
}

/// Where a piece of the canonical form stood in the document that it was read from, so that its loss can be told there. Empty
/// where it was made by a program. Two pieces are equal wherever they stood.
#[derive(Clone, Debug, Default, Eq)]
pub struct Place(Box<str>);

impl Place {
    /// A place that is in no document: what was put into the request on its way.
    pub(super) fn made(name: String) -> Self {
        Self(name.into())
    }

    /// The path, e.g. `messages[3].content[0]`; empty where the piece was not read from a document.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }

    /// The path of a member of what stands there.
    #[must_use]
    pub fn member(&self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) }
    }
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_users_know_them() {
        let root = Path::Root;
        let messages = root.member("messages");
        let third = messages.element(3);
        assert_eq!(third.member("content").to_string(), "messages[3].content");
        assert_eq!(third.place().member("role"), "messages[3].role");
        assert_eq!(Path::Root.place().member("role"), "role");
    }

    #[test]
    fn the_header_is_short_plain_and_says_when_it_is_cut() {
        let mut loss = Loss::default();
        loss.dropped("top_k", "no such setting");
        loss.dropped("top_k", "no such setting");
        loss.approximated("messages[0].na,me\n", "another form");
        assert_eq!(loss.header(), "top_k, messages[0].na?me?~");
        for index in 0..1000 {
            loss.dropped(format!("messages[{index}].{}", "x".repeat(40)), "");
        }
        assert!(loss.header().len() <= HEADER_BYTES_MAX && loss.header().ends_with(", ..."), "{}", loss.header());
        assert_eq!(loss.iter().count(), ENTRIES_MAX + 1);
        assert_eq!(loss.iter().last().map(|lost| lost.path.as_str()), Some(MORE));
    }
}
