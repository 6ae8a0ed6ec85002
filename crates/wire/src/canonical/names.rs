//! Tools whose names or kinds had to be changed on the way to a model, so that its calls can be changed back.

use super::request::{Request, ToolKind};
use std::borrow::Cow;

/// The longest name of a tool at OpenAI; Anthropic takes 128 characters. One bound for both keeps a conversation's names the same
/// wherever it is continued.
const NAME_CHARS_MAX: usize = 64;

/// Stands between a namespace and the name of a tool in it. No vendor takes it in a name, so such a name is always changed on its way,
/// and never meets another.
const NAMESPACE_END: &str = "::";

/// The name of a tool that stands in a namespace (Responses alone groups tools so).
pub(super) fn namespaced(space: &str, name: &str) -> String {
    format!("{space}{NAMESPACE_END}{name}")
}

/// The namespace of a tool, where it stands in one, and its name there.
pub(super) fn without_namespace(name: &str) -> (Option<&str>, &str) {
    name.split_once(NAMESPACE_END).map_or((None, name), |(space, name)| (Some(space), name))
}

/// What was changed of the tools of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolNames {
    /// The name as sent, and as the caller knows it.
    renamed: Vec<(String, String)>,
    /// Tools of free text that were declared as functions, by the names sent.
    wrapped: Vec<String>,
}

impl ToolNames {
    /// Of a request's tools: names that no vendor takes, and, where the target knows no free-text tools, those that are wrapped.
    pub(crate) fn of(request: &Request, wraps_custom: bool) -> Self {
        let mut names = Self::default();
        for tool in &request.tools {
            let sent = fitting(&tool.name);
            if tool.kind == ToolKind::Custom && wraps_custom {
                names.wrapped.push(sent.clone().into_owned());
            }
            if let Cow::Owned(sent) = sent
                && tool.kind != ToolKind::Provider
            {
                names.renamed.push((sent, tool.name.clone()));
            }
        }
        names
    }

    /// The name under which a tool is sent.
    #[must_use]
    pub fn sent<'a>(&self, own: &'a str) -> Cow<'a, str> {
        fitting(own)
    }

    /// The caller's name of the tool that the model called.
    #[must_use]
    pub fn own<'a>(&'a self, sent: &'a str) -> &'a str {
        self.renamed.iter().find(|(name, _)| name == sent).map_or(sent, |(_, own)| own)
    }

    /// Whether the tool, by the name sent, takes free text that was wrapped into an object.
    #[must_use]
    pub fn is_wrapped(&self, sent: &str) -> bool {
        self.wrapped.iter().any(|name| name == sent)
    }
}

/// A name of letters, digits, `_` and `-`, at most [`NAME_CHARS_MAX`] of them; one that is none gets its other characters replaced, is
/// cut, and told from its like by a hash of the whole.
fn fitting(name: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.len() <= NAME_CHARS_MAX && name.chars().all(fits) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(cut(name, NAME_CHARS_MAX))
}

/// The id of a call or a user if it has at most `chars_max` characters, else its beginning with a hash of the whole.
pub(super) fn short_id(id: &str, chars_max: usize) -> Cow<'_, str> {
    if id.chars().count() <= chars_max { Cow::Borrowed(id) } else { Cow::Owned(cut(id, chars_max)) }
}

fn cut(name: &str, chars_max: usize) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let tail = format!("_{:08x}", hash(name));
    let head = name.chars().map(|c| if fits(c) { c } else { '_' }).take(chars_max - tail.len());
    head.collect::<String>() + &tail
}

/// FNV-1a, because the same name must become the same in every process and version: it is part of a cached prefix.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use crate::canonical::ToolDecl;

    #[test]
    fn names_that_no_vendor_takes_are_changed_and_changed_back() {
        let long = "mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_longer_still";
        let mut request = Request::new(Endpoint::Messages, "m");
        for name in ["weather", long, "files.read"] {
            request.tools.push(ToolDecl { name: name.into(), ..ToolDecl::default() });
        }
        let names = ToolNames::of(&request, true);
        assert_eq!(names.sent("weather"), "weather");
        for own in [long, "files.read"] {
            let sent = names.sent(own).into_owned();
            assert!(sent.len() <= 64 && sent.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{sent}");
            assert_ne!(sent, own);
            assert_eq!(names.own(&sent), own);
        }
        assert_eq!(names.sent("files.read"), "files_read_feef3122");
        assert_eq!(names.own("weather"), "weather");
    }
}
