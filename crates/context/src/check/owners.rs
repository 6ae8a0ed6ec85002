//! Rules that nobody answers for.

use super::desk::Desk;
use crate::{Finding, Severity};

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for unit in desk.units().iter().filter(|unit| unit.is_mandatory && unit.owners.is_empty()) {
        let message = format!("`{}` is in every compilation of its scope, and nobody answers for it", unit.id);
        found.push(Desk::whole(unit, "owner-missing", Severity::Note, message, "name an `owner`, or give its file one in CODEOWNERS".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};

    #[test]
    fn mandatory_units_have_owners() {
        let check = |is_mandatory: bool, owners: &[&str], expected: &[&str]| {
            let mut unit = doc("a.md", "Text.");
            unit.is_mandatory = is_mandatory;
            unit.owners = owners.iter().map(|&owner| owner.to_owned()).collect();
            Bench::new(&[("a.md", "Text.")]).check(unit, expected);
        };
        check(true, &[], &["owner-missing a.md:1"]);
        check(true, &["@shop"], &[]);
        check(false, &[], &[]);
    }
}
