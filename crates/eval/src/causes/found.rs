//! What is said of a failure once it was examined.

use super::arms::Factor;
use super::record::Deficit;
use super::trial::{Arm, Patient, UNCHANGED};
use super::{Cause, Level, Tried};
use std::collections::BTreeSet;

/// What was found of one member.
pub(super) struct Examined {
    pub(super) cause: Cause,
    pub(super) also: Vec<Cause>,
    pub(super) jointly: bool,
    pub(super) level: Level,
    pub(super) proof: String,
    pub(super) about: Option<String>,
    pub(super) tried: Vec<Tried>,
}

/// The causes of an examined member, and whether they must be mended together.
pub(super) struct Named {
    first: Cause,
    also: Vec<Cause>,
    jointly: bool,
}

impl Named {
    fn all(&self) -> BTreeSet<Cause> {
        std::iter::once(self.first).chain(self.also.iter().copied()).collect()
    }
}

impl Examined {
    pub(super) fn named(&self) -> Named {
        Named { first: self.cause, also: self.also.clone(), jointly: self.jointly }
    }

    /// With chance beside the causes, where what mends them passes only now and then.
    pub(super) fn with_chance(mut self, arm: &Arm) -> Self {
        if arm.is_unstable() {
            self.also.push(Cause::Random);
            self.jointly = true;
            self.proof = format!("{}; and even so it passes {} of {} times only", self.proof, arm.passed, arm.n);
        }
        self
    }
}

pub(super) fn undetermined(proof: &str, tried: Vec<Tried>) -> Examined {
    Examined { cause: Cause::Undetermined, also: Vec::new(), jointly: false, level: Level::L0, proof: proof.to_owned(), about: None, tried }
}

pub(super) fn by_record(deficit: &Deficit) -> Examined {
    let level = if deficit.cause == Cause::Undetermined { Level::L0 } else { Level::L3 };
    Examined { cause: deficit.cause, level, proof: deficit.proof.clone(), about: deficit.about.clone(), ..undetermined("", Vec::new()) }
}

pub(super) fn by_experiment(factor: &Factor, also: Vec<Cause>, jointly: bool, deficits: &[Deficit], patient: &mut Patient) -> Examined {
    let (control, tried) = (&patient.control, std::mem::take(&mut patient.tried));
    let shown = deficits.iter().find(|deficit| deficit.cause == factor.cause);
    let arm = tried.iter().find(|tried| tried.arm == factor.what);
    let counts = arm.map_or(String::new(), |arm| format!(": {} of {} passed, against {} of {}", arm.passed, arm.n, control.passed, control.n));
    let record = shown.map_or(String::new(), |deficit| format!("; {}", deficit.proof));
    Examined {
        cause: factor.cause,
        also,
        jointly,
        level: Level::L2,
        proof: format!("{}{counts}{record}", factor.what),
        about: shown.and_then(|deficit| deficit.about.clone()),
        tried,
    }
}

/// What is left to say where no experiment was asked for: what the record shows without proving that it is why.
pub(super) fn without_experiments(deficits: &[Deficit]) -> Examined {
    let shown: Vec<&str> = deficits.iter().filter(|deficit| deficit.cause != Cause::Undetermined).map(|deficit| deficit.proof.as_str()).collect();
    let proof = if shown.is_empty() {
        "the record proves no cause, and no experiment was asked for".to_owned()
    } else {
        format!("the record shows this, and no experiment was asked for that would tell whether it is why: {}", shown.join("; "))
    };
    undetermined(&proof, Vec::new())
}

/// Members beyond those examined get what all of these were found to have, as an association: nothing where one of them has no cause, or where
/// they have none in common.
pub(super) fn by_cluster(found: &[Named]) -> Examined {
    let common = found.iter().map(Named::all).reduce(|common, other| &common & &other).unwrap_or_default();
    let Some(first) = found.first() else { return undetermined("no member of its cluster was examined", Vec::new()) };
    if found.iter().any(|one| one.first == Cause::Undetermined) {
        return undetermined("no cause was established for an examined member of its cluster", Vec::new());
    }
    if common.is_empty() {
        return undetermined("the examined members of its cluster have no cause in common", Vec::new());
    }
    let mut ordered = std::iter::once(first.first).chain(first.also.iter().copied()).filter(|cause| common.contains(cause));
    Examined {
        cause: ordered.next().unwrap_or(Cause::Undetermined),
        also: ordered.collect(),
        jointly: common.len() > 1 && found.iter().all(|one| one.jointly),
        level: Level::L1,
        ..undetermined("it looks like the examined members of its cluster, which agree in this", Vec::new())
    }
}

/// Nothing helped. A unit that is proven out of date and could not be tried as it should be stays the best proven deficit.
pub(super) fn unresolved(deficits: &[Deficit], factors: &[Factor], tried: Vec<Tried>) -> Examined {
    let untried = deficits.iter().find(|deficit| deficit.cause == Cause::ContextStale && !factors.iter().any(|factor| factor.cause == Cause::ContextStale));
    match untried {
        Some(deficit) => Examined { tried, ..by_record(deficit) },
        None if tried.iter().all(|tried| tried.arm == UNCHANGED) => {
            undetermined("the same request failed again, and the record shows nothing that could be changed", tried)
        }
        None => undetermined("nothing that was tried made it pass", tried),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_labelled_with_what_all_examined_members_have() {
        let named = |first, also: &[Cause], jointly| Named { first, also: also.to_vec(), jointly };
        let said = |found: &[Named]| {
            let examined = by_cluster(found);
            (examined.cause, examined.also, examined.jointly, examined.level)
        };
        let both = || named(Cause::Limit, &[Cause::ContextMissing], true);
        assert_eq!(said(&[both(), both()]), (Cause::Limit, vec![Cause::ContextMissing], true, Level::L1));
        assert_eq!(said(&[both(), named(Cause::ContextMissing, &[], false)]), (Cause::ContextMissing, Vec::new(), false, Level::L1));
        let silent = (Cause::Undetermined, Vec::new(), false, Level::L0);
        assert_eq!(said(&[both(), named(Cause::Tool, &[], false)]), silent);
        assert_eq!(said(&[both(), named(Cause::Undetermined, &[], false)]), silent);
        assert_eq!(said(&[]), silent);
        let why = |found: &[Named]| by_cluster(found).proof;
        assert_eq!(why(&[]), "no member of its cluster was examined");
        assert_eq!(why(&[both(), named(Cause::Undetermined, &[], false)]), "no cause was established for an examined member of its cluster");
        assert_eq!(why(&[both(), named(Cause::Tool, &[], false)]), "the examined members of its cluster have no cause in common");
    }

    #[test]
    fn what_no_experiment_was_asked_for_is_said_to_be_so() {
        let missing = Deficit { cause: Cause::ContextMissing, proof: "doc:a was cut".to_owned(), about: None, is_final: false };
        let without = without_experiments(&[]);
        assert_eq!((without.cause, without.level), (Cause::Undetermined, Level::L0));
        assert_eq!(without.proof, "the record proves no cause, and no experiment was asked for");
        let proof = without_experiments(&[missing]).proof;
        assert!(proof.contains("no experiment was asked for") && proof.ends_with("doc:a was cut"), "{proof}");
    }
}
