//! What kind of work it is: header, URL, key, match rule, in this order; else `unclassified`.

use crate::call::Call;
use jeton_core::{ClassSource, Fault, FaultKind, UNCLASSIFIED, is_name};
use std::sync::Arc;

/// Gives the call its class.
///
/// # Errors
/// Where the header or the URL names what is no name. A class that the configuration does not know is a label like any other.
pub(crate) fn classify(call: &mut Call) -> Result<(), Fault> {
    let (class, source) = find(call)?;
    call.class = call.live.class(&class);
    if call.class.is_none() && matches!(source, ClassSource::Header | ClassSource::Path) {
        call.decided("classify", format!("class `{class}` is not in the configuration: it is a label without rules"));
    }
    call.attribution.class = class;
    call.attribution.class_source = source;
    Ok(())
}

fn find(call: &Call) -> Result<(Arc<str>, ClassSource), Fault> {
    if let Some(name) = call.inbound.header("jeton-class") {
        return named(name, "jeton-class").map(|class| (class, ClassSource::Header));
    }
    if let Some(name) = &call.inbound.path_class {
        return named(name, "the URL prefix /c/CLASS/").map(|class| (class, ClassSource::Path));
    }
    if let Some(class) = call.key.as_ref().and_then(|key| key.class.as_deref()) {
        return Ok((Arc::from(class), ClassSource::Key));
    }
    let system_prompt = call.facts.as_ref().map_or("", |facts| facts.system_prompt.as_str());
    match call.live.matching_class(&call.inbound, &call.attribution, system_prompt) {
        Some(class) => Ok((class, ClassSource::Rule)),
        None => Ok((Arc::from(UNCLASSIFIED), ClassSource::None)),
    }
}

fn named(name: &str, place: &str) -> Result<Arc<str>, Fault> {
    if is_name(name) {
        Ok(Arc::from(name))
    } else {
        Err(Fault::new(FaultKind::InvalidRequest, format!("{place} holds what is no name of a class."))
            .param(place)
            .remedy("Names have 1 to 128 letters, digits and . _ - : = @ /, beginning with a letter or digit."))
    }
}
