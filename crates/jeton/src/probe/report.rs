//! What was found, for people and for programs, and what it means for the exit code.

use super::ask::{CLASS, Taken};
use super::judge::Seen;
use super::{Finding, Probed};
use crate::failure::Failure;
use crate::output;
use jeton_core::Nanousd;
use serde_json::{Value, json};

/// Characters of a provider's words that are shown.
const WORDS_MAX: usize = 100;

/// Prints what was found.
pub(crate) fn print(probed: &[Probed], is_json: bool) {
    if is_json {
        let total = probed.iter().fold(Nanousd::ZERO, |sum, one| sum.saturating_add(one.taken.charged));
        output::json(&json!({ "models": probed.iter().map(described).collect::<Vec<_>>(), "charged_nanousd": total.0 }));
        return;
    }
    for (place, one) in probed.iter().enumerate() {
        if place > 0 {
            println!();
        }
        table(one);
        summary(one);
    }
}

fn table(probed: &Probed) {
    println!("{}, asked at {}", probed.model, probed.endpoint);
    let rows = probed.findings.iter().map(row).collect();
    output::table(&["ability", "claimed", "seen", "agreement", ""], &[], rows);
}

fn row(finding: &Finding) -> Vec<String> {
    let agreement = match finding.agrees() {
        Some(true) => "agrees",
        Some(false) => "WRONG",
        None if finding.claim.is_none() => "–",
        None => "not checked",
    };
    let (seen, words) = said(&finding.seen);
    vec![finding.ability.name(), claimed(finding.claim).to_owned(), seen.to_owned(), agreement.to_owned(), shortened(words)]
}

const fn claimed(claim: Option<bool>) -> &'static str {
    match claim {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

fn said(seen: &Seen) -> (&'static str, &str) {
    match seen {
        Seen::Yes => ("yes", ""),
        Seen::Accepted => ("accepted", ""),
        Seen::No(words) => ("no", words),
        Seen::NotKnown(why) => ("not known", why),
    }
}

/// One line, no longer than people read, without what would steer their terminal.
fn shortened(words: &str) -> String {
    let line = words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn summary(probed: &Probed) {
    let count = |agreement| probed.findings.iter().filter(|finding| finding.agrees() == agreement && finding.claim.is_some()).count();
    let unclaimed = probed.findings.iter().filter(|finding| finding.claim.is_none()).count();
    println!("\nClaims: {} agree, {} wrong, {} not checked; of {unclaimed} abilities nothing is claimed.", count(Some(true)), count(Some(false)), count(None));
    let Taken { calls, charged, is_simulated, .. } = &probed.taken;
    let (noun, simulated) = (if *calls == 1 { "call" } else { "calls" }, if *is_simulated { " simulated" } else { "" });
    println!("{calls} {noun}, {charged}{simulated}; `jeton call list --class {CLASS}` has them.");
    if probed.taken.unaffordable > 0 {
        println!("The budget left {} questions unasked: a higher `--budget` asks them.", probed.taken.unaffordable);
    }
    if let Some(why) = &probed.down {
        println!("The provider could not be asked: {}", shortened(why));
    }
    for finding in &probed.findings {
        if let Some(remedy) = &finding.remedy {
            println!("  next: {}: {remedy}", finding.ability.name());
        }
    }
}

fn described(probed: &Probed) -> Value {
    let abilities: Vec<Value> = probed.findings.iter().map(finding_json).collect();
    json!({
        "model": probed.model,
        "endpoint": probed.endpoint.name(),
        "abilities": abilities,
        "calls": probed.taken.calls,
        "charged_nanousd": probed.taken.charged.0,
        "simulated": probed.taken.is_simulated,
        "unaffordable": probed.taken.unaffordable,
        "unreachable": probed.down,
    })
}

fn finding_json(finding: &Finding) -> Value {
    let (seen, words) = said(&finding.seen);
    json!({
        "ability": finding.ability.name(),
        "claimed": finding.claim,
        "seen": seen,
        "agrees": finding.agrees(),
        "said": (!words.is_empty()).then_some(words),
        "remedy": finding.remedy,
    })
}

/// What the findings mean: a wrong claim is a no; else a provider that cannot be asked is a dependency that is down, and a claim that
/// could not be checked is undecided.
///
/// # Errors
/// Unless every claim was checked and holds.
pub(crate) fn outcome(probed: &[Probed]) -> Result<(), Failure> {
    let mut findings = probed.iter().flat_map(|one| &one.findings);
    if findings.clone().any(|finding| finding.agrees() == Some(false)) {
        return Err(Failure::No);
    }
    if let Some((model, why)) = probed.iter().find_map(|one| Some((&one.model, one.down.as_ref()?))) {
        return Err(Failure::dependency(
            format!("`{model}` could not be asked: {why}"),
            "look at `base_url` and `api_key` of its provider, or try again later; nothing is said of its abilities",
        ));
    }
    if findings.any(|finding| finding.claim.is_some() && finding.agrees().is_none()) {
        return Err(Failure::Undecided);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Ability, Probed};
    use super::*;
    use jeton_wire::Endpoint;

    fn finding(claim: Option<bool>, seen: Seen) -> Finding {
        Finding { ability: Ability::Tools, claim, seen, remedy: None }
    }

    fn code(findings: Vec<Finding>, down: Option<&str>) -> u8 {
        let probed = Probed { model: "acme/fast".into(), endpoint: Endpoint::Chat, findings, taken: Taken::default(), down: down.map(str::to_owned) };
        outcome(&[probed]).map_or_else(|failure| failure.code(), |()| 0)
    }

    #[test]
    fn a_wrong_claim_weighs_more_than_a_provider_that_is_down_and_that_more_than_what_is_not_known() {
        let (wrong, unknown) = (|| finding(Some(true), Seen::No("400".into())), || finding(Some(true), Seen::NotKnown("429".into())));
        assert_eq!(
            code(vec![finding(Some(true), Seen::Yes), finding(Some(false), Seen::No("400".into())), finding(None, Seen::NotKnown("429".into()))], None),
            0
        );
        assert_eq!(code(vec![unknown(), wrong()], Some("gone")), 1);
        assert_eq!(code(vec![finding(Some(false), Seen::Accepted)], None), 1);
        assert_eq!(code(vec![unknown()], Some("gone")), 3);
        assert_eq!(code(vec![unknown()], None), 4);
    }

    #[test]
    fn the_words_of_a_provider_are_one_short_line() {
        assert_eq!(shortened("a\n\tb\u{1b}[31mred"), "a b [31mred");
        assert_eq!(shortened(&"é".repeat(200)), format!("{}…", "é".repeat(100)));
    }
}
