//! Packs compiled for calls: the broker asks, the project's context answers.

use jeton_broker::{ContextAnswer, ContextManifest, ContextRequest, ContextSource, context_budget_exceeded, hold_out};
use jeton_console::EngineSlot;
use jeton_context::compile::{Compilation, CompileError, Request, Span, Tier, Today};
use jeton_context::engine::Engine;
use jeton_context::{Kind, Unit};
use jeton_core::{Fault, FaultKind};
use jeton_ledger::ContextSpan;
use jeton_text::Vocabulary;
use jeton_wire::ContextSegment;

/// Compiles packs from the project's context, which may still be on its way when the first call comes.
pub(super) struct Packs(pub(super) EngineSlot);

impl ContextSource for Packs {
    fn attach(&self, asked: &ContextRequest) -> Result<ContextAnswer, Fault> {
        let engine = self.0.wait();
        let kinds: Vec<Kind> = asked.pack.kinds.iter().filter_map(|word| Kind::from_name(word)).collect();
        let mandatory: Vec<String> = asked.pack.units.iter().map(|unit| unit.as_str().to_owned()).collect();
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let request = Request {
            task: &asked.query,
            budget_tokens: asked.pack.budget_tokens,
            vocabulary: vocabulary(engine, &asked.model),
            kinds: &kinds,
            paths: &asked.pack.scope,
            class: Some(&asked.class),
            model: Some(&asked.model),
            key: asked.key.as_deref(),
            mandatory: &mandatory,
            held_out: &[],
            today: Today(&today),
        };
        let compiled = engine.compile(&request).map_err(|error| refusal(&asked.name, &error))?;
        let eligible = eligible(engine, &compiled);
        let Some((place, drawn)) = hold_out(&eligible, asked.pack.hold_out, asked.draw, |id| id.as_str()) else {
            return Ok(answer(compiled, &[], None));
        };
        let Some(place) = place else { return Ok(answer(compiled, &eligible, Some(drawn))) };
        let left_out = [eligible[place].as_str()];
        let without = Request { held_out: &left_out, ..request };
        let compiled = engine.compile(&without).map_err(|error| refusal(&asked.name, &error))?;
        Ok(answer(compiled, &eligible, Some(drawn)))
    }
}

/// The vocabulary of the model where it is public, else the project's.
fn vocabulary(engine: &Engine, model: &str) -> Vocabulary {
    match Vocabulary::of_model(model) {
        (vocabulary, true) => vocabulary,
        (_, false) => engine.vocabulary(),
    }
}

/// Ids of units that were chosen and may be left out to learn what they are worth: no rule, no code, nothing marked safety. By id.
fn eligible(engine: &Engine, compiled: &Compilation) -> Vec<String> {
    let desk = engine.desk();
    let is_safety = |id: &str| desk.catalogue.unit(id).is_none_or(|unit: &Unit| unit.is_safety);
    let chosen = compiled.manifest.spans.iter().filter(|span| span.tier == Tier::Knowledge && !is_safety(&span.unit));
    let mut ids: Vec<String> = chosen.map(|span| span.unit.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn answer(compiled: Compilation, eligible: &[String], drawn: Option<jeton_ledger::HoldOut>) -> ContextAnswer {
    let manifest = compiled.manifest;
    let notes = manifest.embeddings.iter().map(|model| format!("the embeddings of {model} took part in ranking the context"));
    ContextAnswer {
        segments: compiled.segments.into_iter().map(|segment| ContextSegment { text: segment.text, breakpoint: segment.breakpoint }).collect(),
        tokens: manifest.tokens,
        manifest: ContextManifest {
            digest: manifest.digest.to_string(),
            snapshot: manifest.snapshot.to_string(),
            query_digest: manifest.task.to_string(),
            vocabulary: manifest.vocabulary.to_owned(),
            budget_tokens: manifest.budget_tokens,
            spans: manifest.spans.iter().map(|span| of_receipt(span, eligible)).collect(),
            hold_out: drawn,
        },
        notes: notes.chain(manifest.notes.clone()).collect(),
    }
}

fn of_receipt(span: &Span, eligible: &[String]) -> ContextSpan {
    ContextSpan {
        unit: span.unit.clone(),
        kind: span.kind.name().to_owned(),
        digest: span.digest.to_string(),
        path: span.place.path.to_string(),
        first_line: span.place.first_line,
        last_line: span.place.last_line,
        tokens: span.tokens,
        view: span.view.name().to_owned(),
        why: span.why.clone(),
        tier: span.tier.name().to_owned(),
        is_eligible: eligible.binary_search(&span.unit).is_ok(),
    }
}

fn refusal(pack: &str, error: &CompileError) -> Fault {
    match error {
        CompileError::TooSmall { needed_tokens, budget_tokens, units } => {
            let units: Vec<&str> = units.iter().map(|(id, _)| id.as_str()).collect();
            context_budget_exceeded(pack, *needed_tokens, *budget_tokens, &units)
        }
        CompileError::NoSuchUnit(id) => {
            Fault::new(FaultKind::InvalidRequest, format!("Pack `{pack}` must hold `{id}`, and no unit in scope that the caller may see is called so."))
                .code("context_unit_not_found")
                .param("jeton-context")
                .remedy(format!("`jeton context list` shows all ids; mend `packs.{pack}.units`. `jeton-context: none` sends the call without."))
        }
    }
}
