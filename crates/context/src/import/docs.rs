//! README files, docs trees and decision records, as Markdown, reStructuredText or AsciiDoc.

use super::common::apply;
use super::text_sections::{Text, units};
use super::{Found, Native, Source};
use crate::fields::Fields;
use crate::front_matter::split;
use crate::located::Located;
use crate::{Finding, Format, Kind, Unit, markdown};
use std::sync::Arc;

/// Sections of a page begin at headings up to this level.
const LEVEL_MAX: u8 = 3;

pub(super) fn import(kind: Native, source: &Source<'_>, found: &mut Found) {
    let (body, lines_before, front) = match kind {
        Native::Markdown => {
            let front = split(source.text);
            (front.body, front.body_line - 1, front.fields.and_then(Result::ok).unwrap_or_default())
        }
        _ => (source.text, 0, Located::default()),
    };
    let title = front.value.get("title").and_then(|title| title.as_str().map(str::to_owned));
    let headings = match kind {
        Native::Markdown => markdown::parse(body).headings,
        _ => markdown::plain_headings(body, kind == Native::AsciiDoc),
    };
    let text = Text { text: body, lines_before, format: Format::Markdown, level_max: LEVEL_MAX, title };
    units(source, &text, &headings, found, &mut |unit| {
        // A section keeps its own title.
        let title = unit.title.clone();
        settle(source.path, &front, &mut Vec::new(), unit);
        unit.title = title;
    });
    let mut findings = Vec::new();
    settle(source.path, &front, &mut findings, &mut Unit::new(Kind::Doc, "", "", "", source.place(1), Format::Markdown));
    // Site generators have keys of their own here, of which some are called like ours and are of another type; a day or an anchor is ours.
    found.findings.extend(findings.into_iter().filter(|finding| finding.code == "bad-value"));
}

/// Puts what the front matter says of owners, anchors, days and scope into a unit.
fn settle(path: &Arc<str>, front: &Located, findings: &mut Vec<Finding>, unit: &mut Unit) {
    if let Some(mut fields) = Fields::new(front, String::new(), path, findings) {
        apply(&mut fields, unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn front_matter_of_pages_says_owner_anchors_and_days() {
        let page = "---\ntitle: Refunds\nsidebar_position: 3\nscope: public\nowner: '@desk'\nanchors: [src/pay.rs#refund, ../../out.rs]\nvalid_until: 2026-01-31\n---\n# Refunds\n\nHow refunds work.\n";
        let (tree, path, mut found) = (MemoryTree::default(), Arc::from("docs/refunds.md"), Found::default());
        import(Native::Markdown, &Source { path: &path, text: page, tree: &tree }, &mut found);
        let unit = &found.drafts[0].unit;
        let anchors: Vec<&str> = unit.anchors.iter().map(|anchor| anchor.path.as_str()).collect();
        assert_eq!(
            (unit.owners.as_slice(), anchors.as_slice(), unit.valid_until.as_deref()),
            (&["@desk".to_owned()][..], &["src/pay.rs"][..], Some("2026-01-31"))
        );
        assert_eq!((unit.title.as_str(), unit.scope.paths.len()), ("Refunds", 0));
        let findings: Vec<(&str, u32)> = found.findings.iter().map(|finding| (finding.code, finding.place.first_line)).collect();
        assert_eq!(findings, [("bad-value", 6)], "what a site generator means by `scope` is its own");
    }
}
