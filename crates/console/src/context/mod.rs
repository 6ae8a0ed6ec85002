//! The project's context as the API and the pages ask for it.

mod ask;
mod assess;
mod usage;

pub(crate) use ask::{BUDGET_TOKENS, BUDGET_TOKENS_MAX, Wish, compile_fault};
pub(crate) use assess::{Assessment, STATES, anchor_word, state_word};
pub(crate) use usage::{USE_DAYS, UnitUse, Used, uses};

use crate::route::Ask;
use crate::state::Console;
use jeton_context::engine::{Desk, Engine};
use jeton_core::{Fault, FaultKind, Timestamp};
use jeton_project::Snapshot;
use jiff::tz::TimeZone;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where the project's context will be once it is read.
pub type EngineSlot = Arc<OnceLock<Arc<Engine>>>;

/// Tells the settings in use now.
pub type SnapshotSource = Arc<dyn Fn() -> Arc<Snapshot> + Send + Sync>;

/// What the console knows of the project's context.
pub(crate) struct ContextDesk {
    pub(crate) engine: EngineSlot,
    snapshot: SnapshotSource,
    /// The last assessment: it costs a reading of many files, and holds as long as the files stay as they are.
    assessed: Mutex<Option<Arc<Assessment>>>,
}

impl ContextDesk {
    pub(crate) fn new(engine: EngineSlot, snapshot: SnapshotSource) -> Self {
        Self { engine, snapshot, assessed: Mutex::new(None) }
    }
}

/// The context at one moment.
pub(crate) struct Now {
    pub(crate) engine: Arc<Engine>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// How fresh units are and what the checks found, worked out when it is first asked for.
    pub(crate) assessment: Arc<Assessment>,
    /// The day on which validity is judged, `YYYY-MM-DD`.
    pub(crate) today: String,
}

impl Now {
    /// The context now.
    ///
    /// # Errors
    /// Where this server has none, or it is still being read.
    pub(crate) fn of(console: &Console, ask: &Ask) -> Result<Self, Fault> {
        let Some(context) = &console.context else {
            let fault = Fault::new(FaultKind::Unavailable, "This server was started without the project's context.");
            return Err(fault.remedy("Start it with `jeton up` in the project's directory."));
        };
        let Some(engine) = context.engine.get().cloned() else {
            let fault = Fault::new(FaultKind::Unavailable, "The project's context is still being read.");
            return Err(fault.remedy("Ask again in a few seconds. The first reading of a large project takes the longest; the next start goes on from it."));
        };
        let (desk, today) = (engine.desk(), day(ask.now, &console.zone));
        let mut assessed = context.assessed.lock().unwrap_or_else(PoisonError::into_inner);
        let assessment = match &*assessed {
            Some(known) if known.is_of(&desk, &today) => Arc::clone(known),
            _ => Arc::new(Assessment::new(&engine, &desk, &today)),
        };
        *assessed = Some(Arc::clone(&assessment));
        drop(assessed);
        Ok(Self { engine, desk, snapshot: (context.snapshot)(), assessment, today })
    }

    /// The name of the vocabulary in which units are counted.
    pub(crate) fn vocabulary(&self) -> &'static str {
        self.engine.vocabulary().name()
    }

    /// The tokens of a unit; none where they were not counted in the project's vocabulary.
    pub(crate) fn tokens(&self, unit: &jeton_context::Unit) -> Option<u64> {
        unit.tokens.get(self.vocabulary()).copied()
    }

    /// The unit with this id.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn unit(&self, id: &str) -> Result<&jeton_context::Unit, Fault> {
        self.desk.catalogue.unit(id).ok_or_else(|| {
            let near = jeton_core::nearest(id, self.desk.catalogue.units().iter().map(|unit| unit.id.as_str()), 1).first().map(ToString::to_string);
            let fault = Fault::new(FaultKind::NotFound, format!("There is no unit `{}`.", crate::route::printable(id)));
            fault.param("id").remedy(near.map_or_else(|| "GET /api/context/units lists all.".to_owned(), |near| format!("Did you mean `{near}`?")))
        })
    }
}

fn day(now: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(now.0).map_or_else(|_| String::new(), |moment| moment.to_zoned(zone.clone()).date().to_string())
}

/// Why the value of a unit is not known.
pub(crate) const LIFT_UNKNOWN: &str = "needs an evaluation suite";
