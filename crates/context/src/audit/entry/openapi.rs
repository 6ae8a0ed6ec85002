//! Operations of APIs that OpenAPI documents describe.

use super::safety::Safety;
use super::{EntryPoint, Source};
use crate::audit::roles;
use crate::{Catalogue, Format};

pub(super) fn operations(catalogue: &Catalogue) -> impl Iterator<Item = EntryPoint> + '_ {
    let units = catalogue.units().iter().filter(|unit| unit.format == Format::OpenApi && !roles::is_data(&unit.place.path));
    units.filter_map(|unit| {
        let name = unit.body.lines().next()?.split(" (").next()?.to_owned();
        let mut entry = EntryPoint::new(Source::OpenApi, &name, unit.place.clone(), vec![name.clone()], String::new());
        entry.safety = match name.split(' ').next()? {
            "GET" | "HEAD" | "OPTIONS" | "TRACE" => Safety::Safe,
            "DELETE" => Safety::Unsafe,
            _ => Safety::Unknown,
        };
        // An API has its own keys and rights.
        entry.is_guarded = true;
        let has_description = unit.title.contains(": ") || unit.body.lines().any(|line| line.starts_with("description"));
        Some(entry.described(has_description).typed(Some(true)))
    })
}
