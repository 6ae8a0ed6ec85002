//! Units in a compiled context given another text: the one that they had when a call was made.

use jeton_context::{Kind, Unit};

/// `segment` with the text of `unit` changed for `other`. `marks` are the headings of all units in it, see [`mark`]. A unit that is not in the
/// segment, or only named in it, leaves it as it is.
pub(crate) fn with_text(segment: &str, unit: &Unit, other: &str, marks: &[String]) -> String {
    let Some(from) = body_of(segment, unit) else {
        // Rules stand in their list word for word.
        let body = unit.body.trim();
        return if unit.kind == Kind::Constraint && !body.is_empty() { segment.replacen(body, other.trim(), 1) } else { segment.to_owned() };
    };
    let rest = &segment[from..];
    let ends = marks.iter().map(String::as_str).chain(["</untrusted>", "<untrusted from="]);
    let to = from + ends.filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    format!("{}\n{}\n\n{}", &segment[..from], plain(without_heading(other), unit), &segment[to..])
}

/// How the heading of a unit begins where it is shown: its title and its id.
pub(crate) fn mark(unit: &Unit) -> String {
    let id = unit.id.strip_prefix(unit.kind.name()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&unit.id);
    format!("## {} [{id}]", unit.title)
}

/// Where the text of a unit begins: behind the line of its heading.
fn body_of(segment: &str, unit: &Unit) -> Option<usize> {
    let mark = mark(unit);
    let heading = segment.find(&mark)?;
    let line = segment[heading..].find('\n')?;
    Some(heading + line + 1)
}

/// The heading of a page says what the heading in the context says.
fn without_heading(text: &str) -> &str {
    let trimmed = text.trim();
    let is_heading = trimmed.starts_with('#');
    let rest = trimmed.split_once('\n').map_or("", |(_, rest)| rest);
    if is_heading { rest.trim() } else { trimmed }
}

/// Facts as they were written, without what says where they are from.
fn plain(text: &str, unit: &Unit) -> String {
    if unit.facts.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, fact)) = rest.split_once("{fact:") {
        let Some((inner, after)) = fact.split_once('}') else { break };
        out.push_str(before);
        out.push_str(inner.rsplit_once(" from ").map_or(inner, |(value, _)| value).trim());
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_context::tree::MemoryTree;
    use jeton_context::{Catalogue, CatalogueOptions};

    fn unit_of(text: &str) -> (Catalogue, String) {
        let tree = MemoryTree::new([("context/a.md", text.as_bytes())]);
        let catalogue = Catalogue::build(&tree, &CatalogueOptions { vocabularies: Vec::new() });
        let id = catalogue.units()[0].id.clone();
        (catalogue, id)
    }

    #[test]
    fn a_text_takes_the_place_of_another_between_its_heading_and_the_next() {
        let (catalogue, id) = unit_of("# Returns\n\nWithin {fact: 30 from data/p.toml#/days} days.\n");
        let unit = catalogue.unit(&id).unwrap();
        let own = mark(unit);
        let next = "## Label [context/b.md]";
        let segment = format!("# Knowledge\n\n{own}\n\nWithin 30 days.\n\n{next}\n\nIt costs 3 euros.\n\n");
        let expected = format!("# Knowledge\n\n{own}\n\nWithin 14 days.\n\n{next}\n\nIt costs 3 euros.\n\n");
        let then = "# Returns\n\nWithin {fact: 14 from data/p.toml#/days} days.\n";
        assert_eq!(with_text(&segment, unit, then, &[own.clone(), next.to_owned()]), expected);
        assert_eq!(with_text("# Knowledge\n\nnothing", unit, then, &[own]), "# Knowledge\n\nnothing");
    }
}
