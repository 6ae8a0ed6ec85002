//! How fresh units are and what the checks say, worked out once for each state of the files.

use jeton_context::check::{AnchorState, CheckInput, CheckOptions, CodePrints, Freshness, LockView, anchor_state, check, freshness};
use jeton_context::engine::{Desk, Engine};
use jeton_context::{Finding, Unit};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The words of freshness, from good to bad.
pub(crate) const STATES: [&str; 6] = ["fresh", "unlocked", "suspect", "stale", "broken", "expired"];

/// The stable word of a unit's freshness.
pub(crate) const fn state_word(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => STATES[0],
        Freshness::Unlocked => STATES[1],
        Freshness::Suspect => STATES[2],
        Freshness::Stale => STATES[3],
        Freshness::Broken => STATES[4],
        Freshness::Expired => STATES[5],
    }
}

/// The stable word of an anchor's state.
pub(crate) const fn anchor_word(state: &AnchorState) -> &'static str {
    match state {
        AnchorState::Fresh => STATES[0],
        AnchorState::Unlocked => STATES[1],
        AnchorState::Suspect => STATES[2],
        AnchorState::Stale => STATES[3],
        AnchorState::Broken { .. } => STATES[4],
    }
}

/// What is known of one state of the files.
pub(crate) struct Assessment {
    engine: Arc<Engine>,
    desk: Arc<Desk>,
    today: String,
    freshness: OnceLock<BTreeMap<String, Freshness>>,
    findings: OnceLock<Vec<Finding>>,
}

impl Assessment {
    pub(crate) fn new(engine: &Arc<Engine>, desk: &Arc<Desk>, today: &str) -> Self {
        let (engine, desk, today) = (Arc::clone(engine), Arc::clone(desk), today.to_owned());
        Self { engine, desk, today, freshness: OnceLock::new(), findings: OnceLock::new() }
    }

    /// Whether it is of these files on this day.
    pub(crate) fn is_of(&self, desk: &Arc<Desk>, today: &str) -> bool {
        Arc::ptr_eq(&self.desk, desk) && self.today == today
    }

    fn with_input<R>(&self, work: impl FnOnce(&CheckInput<'_>) -> R) -> R {
        work(&CheckInput {
            tree: &*self.desk.tree,
            units: self.desk.catalogue.units(),
            import_findings: self.desk.catalogue.findings(),
            git: self.engine.git().ok(),
            today: &self.today,
            lock: self.desk.lock.as_ref().map(|lock| lock as &dyn LockView),
            fingerprints: &CodePrints,
            // Looking at a page must run no program of the project.
            sandbox: Err("the console runs no commands; `jeton context check` does".to_owned()),
            options: CheckOptions { vocabulary: self.engine.vocabulary().name().to_owned(), ..CheckOptions::default() },
        })
    }

    /// How fresh each unit is.
    pub(crate) fn freshness(&self, unit: &Unit) -> Freshness {
        let all = self
            .freshness
            .get_or_init(|| self.with_input(|input| self.desk.catalogue.units().iter().map(|unit| (unit.id.clone(), freshness(unit, input))).collect()));
        all.get(&unit.id).copied().unwrap_or(Freshness::Unlocked)
    }

    /// The declared anchors of a unit with their states.
    pub(crate) fn anchors(&self, unit: &Unit) -> Vec<AnchorState> {
        self.with_input(|input| unit.anchors.iter().map(|anchor| anchor_state(unit, anchor, input)).collect())
    }

    /// What the checks found, by place.
    pub(crate) fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| {
            let mut found = self.desk.lock_findings.clone();
            found.extend(self.with_input(check));
            found.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
            found
        })
    }

    /// What the checks found about one unit.
    pub(crate) fn findings_of<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings().iter().filter(move |finding| finding.unit.as_deref() == Some(unit))
    }

    /// Findings by who answers for them; those of nobody last. A finding with several owners is with each of them.
    pub(crate) fn by_owner(&self) -> Vec<(Option<&str>, Vec<&Finding>)> {
        let mut owners: BTreeMap<(bool, &str), Vec<&Finding>> = BTreeMap::new();
        for finding in self.findings() {
            if finding.owners.is_empty() {
                owners.entry((true, "")).or_default().push(finding);
            }
            for owner in &finding.owners {
                owners.entry((false, owner)).or_default().push(finding);
            }
        }
        let mut found: Vec<_> = owners.into_iter().map(|((is_nobody, owner), findings)| ((!is_nobody).then_some(owner), findings)).collect();
        found.iter_mut().for_each(|(_, findings)| findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity)));
        found
    }
}
