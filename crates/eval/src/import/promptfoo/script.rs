//! The few expressions of JavaScript that need no JavaScript: reading a part of an answer, trimming, case, finding by a pattern.

use crate::Transform;
use regex::Regex;

/// A transform as promptfoo's files write it (`output.trim()`, `JSON.parse(output).answer`, `output.match(/x: (.*)/)[1]`); none where a script
/// would have to be run.
pub(super) fn transforms(expression: &str) -> Option<Vec<Transform>> {
    let text = expression.trim().trim_end_matches(';').trim();
    let text = text.strip_prefix("return ").unwrap_or(text).trim();
    let (mut rest, mut transforms, mut pointer) = match text.strip_prefix("JSON.parse(output)") {
        Some(rest) => (rest, Vec::new(), Some(String::new())),
        None => (text.strip_prefix("output")?, Vec::new(), None),
    };
    while !rest.is_empty() {
        let step = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')).unwrap_or(rest);
        if let Some((transform, after)) = method(step) {
            transforms.extend(pointer.take().map(Transform::Pointer));
            transforms.push(transform);
            rest = after;
        } else {
            let (key, after) = key(step, step.len() < rest.len())?;
            let pointer = pointer.get_or_insert_with(String::new);
            *pointer = jeton_context::located::below(pointer, &key);
            rest = after;
        }
    }
    transforms.extend(pointer.map(Transform::Pointer));
    Some(transforms)
}

/// A method of a text, and what follows it.
fn method(text: &str) -> Option<(Transform, &str)> {
    let plain = [("trim()", Transform::Trim), ("toLowerCase()", Transform::Lowercase), ("toUpperCase()", Transform::Uppercase)];
    if let Some(found) = plain.into_iter().find_map(|(name, transform)| Some((transform, text.strip_prefix(name)?))) {
        return Some(found);
    }
    let literal = text.strip_prefix("match(/")?;
    let end = literal_end(literal)?;
    let (flags, after) = literal[end + 1..].split_once(')')?;
    let after = after.strip_prefix("?.").unwrap_or(after);
    let (index, after) = after.strip_prefix('[')?.split_once(']')?;
    let pattern = pattern(&literal[..end], flags)?;
    match index {
        // Of the whole match: made the first group.
        "0" => Some((Transform::Find(format!("({pattern})")), after)),
        "1" if !flags.contains('g') && Regex::new(&pattern).ok()?.captures_len() > 1 => Some((Transform::Find(pattern), after)),
        _ => None,
    }
}

/// Where the literal of a regular expression ends: at the first `/` that is neither escaped nor in a class.
fn literal_end(text: &str) -> Option<usize> {
    let (mut is_escaped, mut in_class) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Some(at),
            _ => {}
        }
    }
    None
}

/// A property: `name` after a dot, `['name']` or `[0]`.
fn key(text: &str, after_dot: bool) -> Option<(String, &str)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (key, rest) = inside.split_once(']')?;
        let quoted = |quote: char| key.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned);
        let key = quoted('\'').or_else(|| quoted('"')).or_else(|| key.bytes().all(|b| b.is_ascii_digit()).then(|| key.to_owned()))?;
        return (!key.is_empty()).then_some((key, rest));
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    // A property of texts and lists, and calls of functions, are scripts after all.
    (after_dot && !name.is_empty() && name != "length" && !rest.starts_with('(')).then(|| (name.to_owned(), rest))
}

/// A regular expression of JavaScript in the syntax of ours, where it means the same; none where ours has no such thing. What is a template is
/// only known when it is rendered.
pub(super) fn pattern(source: &str, flags: &str) -> Option<String> {
    let pattern = translated(source, flags)?;
    (crate::template::is_template(&pattern) || Regex::new(&pattern).is_ok()).then_some(pattern)
}

/// Digits, word characters and their borders are of ASCII in JavaScript.
fn translated(source: &str, flags: &str) -> Option<String> {
    let mut pattern = String::new();
    let inline: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    if !inline.is_empty() {
        pattern = format!("(?{inline})");
    }
    let (mut characters, mut in_class) = (source.chars(), false);
    while let Some(c) = characters.next() {
        match c {
            '\\' => match (characters.next()?, in_class) {
                ('d', true) => pattern.push_str("0-9"),
                ('w', true) => pattern.push_str("A-Za-z0-9_"),
                ('d', false) => pattern.push_str("[0-9]"),
                ('D', false) => pattern.push_str("[^0-9]"),
                ('w', false) => pattern.push_str("[A-Za-z0-9_]"),
                ('W', false) => pattern.push_str("[^A-Za-z0-9_]"),
                ('b', false) => pattern.push_str("(?-u:\\b)"),
                // The backspace.
                ('b', true) => pattern.push_str("\\x08"),
                (other, _) => pattern.extend(['\\', other]),
            },
            // Ours are classes in classes.
            '[' if in_class => pattern.push_str("\\["),
            '&' | '~' if in_class => pattern.extend(['\\', c]),
            _ => {
                in_class = c == '[' || (in_class && c != ']');
                pattern.push(c);
            }
        }
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_need_no_script() {
        let check = |expression: &str, expected: Option<&[Transform]>| assert_eq!(transforms(expression).as_deref(), expected, "{expression}");
        let pointer = |text: &str| Transform::Pointer(text.to_owned());
        let find = |text: &str| Transform::Find(text.to_owned());
        check("output", Some(&[]));
        check("output.trim()", Some(&[Transform::Trim]));
        check("return output.trim().toLowerCase();", Some(&[Transform::Trim, Transform::Lowercase]));
        check("JSON.parse(output)", Some(&[pointer("")]));
        check("JSON.parse(output).choices[0]?.message['a/b'].toUpperCase()", Some(&[pointer("/choices/0/message/a~1b"), Transform::Uppercase]));
        check("output.answer", Some(&[pointer("/answer")]));
        check("output.match(/answer[:/] (\\d+)/i)[1]", Some(&[find("(?i)answer[:/] ([0-9]+)")]));
        check("output.match(/\\w+/g)?.[0]", Some(&[find("([A-Za-z0-9_]+)")]));
        for script in
            ["output.split('\\n')[0]", "output.length", "output.replace(/a/, '')", "x", "output => output", "output.match(/a/)[2]", "output.match(/a(?=b)/)[0]"]
        {
            check(script, None);
        }
    }

    #[test]
    fn patterns_mean_the_same() {
        let check = |source: &str, text: &str, is_found: bool| {
            let regex = pattern(source, "").map(|pattern| Regex::new(&pattern).unwrap());
            assert_eq!(regex.map(|regex| regex.is_match(text)), Some(is_found), "{source}");
        };
        check("^\\d+$", "٣", false);
        check("[\\w[]", "[", true);
        check("\\bé", "aé", true);
        check("a\\/b", "a/b", true);
        assert_eq!(pattern("(a)\\1", ""), None);
    }
}
