//! Context for the call: which pack, what it looks for, and the request with what was compiled. Everything after this stage
//! sees the request as if the caller had sent the context itself, so the hold pays for it. A call without a pack passes by.

use crate::buffers::memory_full;
use crate::call::Call;
use crate::context::{ContextAnswer, ContextRequest};
use crate::stages::admit;
use jeton_core::{Fault, FaultKind};
use jeton_ledger::{ContextAsker, ContextReceipt};
use jeton_project::{Pack, PackPlace, PackQuery};
use jeton_wire::{ContextPlace, Endpoint};
use std::sync::Arc;

/// The longest text that is looked for, in bytes; what lies behind it is left out.
const QUERY_BYTES_MAX: usize = 32 << 10;

/// The word in the header that switches the pack of a class off.
const NO_PACK: &str = "none";

/// A pack that a call is to have.
struct Asked {
    name: Arc<str>,
    pack: Arc<Pack>,
    by: ContextAsker,
}

/// Attaches the context that the header `jeton-context` asks for, else that of the class.
///
/// # Errors
/// Where the header names no pack, or no context can be served; where the source or the form of the request refuses.
pub(crate) async fn attach(call: &mut Call) -> Result<(), Fault> {
    let Some(asked) = asked(call)? else { return Ok(()) };
    let Some(source) = call.broker.context().map(Arc::clone) else { return not_served(call, &asked) };
    if call.inbound.endpoint == Endpoint::Embeddings {
        return no_embeddings(call, &asked);
    }
    // A call that no model may serve is refused by the next stage, which says why.
    let Some(model) = admit::first_model(call) else { return Ok(()) };
    let request = ContextRequest {
        query: query(call, &asked.pack.query),
        name: Arc::clone(&asked.name),
        pack: Arc::clone(&asked.pack),
        class: Arc::clone(&call.attribution.class),
        key: call.attribution.key.clone(),
        model,
        draw: call.id.to_i64().unsigned_abs(),
    };
    // A compilation may take milliseconds, in which the other calls of this thread go on.
    let answer = tokio::task::spawn_blocking(move || source.attach(&request)).await.map_err(|_| broken(&asked.name))??;
    put_in(call, &asked, answer)
}

/// The pack that header or class ask for.
fn asked(call: &mut Call) -> Result<Option<Asked>, Fault> {
    let of_class = call.class.as_ref().and_then(|class| class.pack.clone());
    let header = call.inbound.header("jeton-context").map(str::to_owned);
    let (name, by) = match (header, of_class) {
        (None, None) => return Ok(None),
        (Some(header), of_class) if header == NO_PACK => {
            if let Some(pack) = of_class {
                call.decided("attach", format!("pack `{pack}` of the class is switched off by the header"));
            }
            return Ok(None);
        }
        (Some(header), _) => (header, ContextAsker::Header),
        (None, Some(pack)) => (pack, ContextAsker::Class),
    };
    match call.live.pack(&name) {
        Some(pack) => Ok(Some(Asked { name: name.into(), pack, by })),
        None => Err(unknown(call, &name)),
    }
}

fn unknown(call: &Call, name: &str) -> Fault {
    let nearest = jeton_core::nearest(name, call.live.pack_names(), 3).join(", ");
    Fault::new(FaultKind::InvalidRequest, format!("There is no pack `{}`.", name.chars().take(128).collect::<String>()))
        .code("pack_not_found")
        .param("jeton-context")
        .remedy(if nearest.is_empty() { "No packs are configured.".into() } else { format!("The nearest packs are: {nearest}.") })
}

/// This server compiles nothing: who asked for context is told, and a class's pack is left out.
fn not_served(call: &mut Call, asked: &Asked) -> Result<(), Fault> {
    if asked.by == ContextAsker::Header {
        return Err(Fault::new(FaultKind::InvalidRequest, "The header `jeton-context` asks for a pack of context, and this server serves none.")
            .code("context_not_served")
            .param("jeton-context")
            .remedy("Leave the header out and send the context in the request."));
    }
    call.decided("attach", format!("pack `{}` of the class is not attached: this server serves no context", asked.name));
    Ok(())
}

fn no_embeddings(call: &mut Call, asked: &Asked) -> Result<(), Fault> {
    if asked.by == ContextAsker::Header {
        return Err(jeton_wire::NotAttachable::Endpoint.fault(call.inbound.endpoint));
    }
    call.decided("attach", format!("pack `{}` of the class is not attached: embeddings have no place for it", asked.name));
    Ok(())
}

/// What is looked for. Where the request has nothing that could serve, nothing is.
fn query(call: &mut Call, query: &PackQuery) -> String {
    match query {
        PackQuery::Text(text) => text.clone(),
        PackQuery::LastUser => jeton_wire::last_user_text(call.inbound.endpoint, &call.inbound.body, QUERY_BYTES_MAX).unwrap_or_default(),
        PackQuery::Header(name) => match call.inbound.headers.get(name.as_str()) {
            Some(value) => String::from_utf8_lossy(value.as_bytes()).trim().chars().take(QUERY_BYTES_MAX / 4).collect(),
            None => {
                call.decided("attach", format!("the request lacks the header `{name}`, which says what the pack looks for: nothing is looked for"));
                String::new()
            }
        },
    }
}

/// Puts the compilation into the request, and reads it again.
fn put_in(call: &mut Call, asked: &Asked, answer: ContextAnswer) -> Result<(), Fault> {
    let endpoint = call.inbound.endpoint;
    let place = match asked.pack.place {
        PackPlace::System => ContextPlace::System,
        PackPlace::User => ContextPlace::User,
    };
    answer.notes.iter().for_each(|note| call.decided("attach", note.as_str()));
    let attached = jeton_wire::attach_context(endpoint, &call.inbound.body, &answer.segments, place).map_err(|refusal| refusal.fault(endpoint))?;
    let body = attached.edits.apply(&call.inbound.body);
    let bytes = body.len().saturating_sub(call.inbound.body.len()) as u64;
    if bytes > 0 {
        if !call.inbound.reserved.grow(bytes) {
            return Err(memory_full());
        }
        call.facts = Some(call.inbound.facts(&body)?);
        call.inbound.body = body;
    }
    call.context = Some(Box::new(receipt(asked, answer, bytes, attached.breakpoints, attached.breakpoints_dropped)));
    Ok(())
}

fn receipt(asked: &Asked, answer: ContextAnswer, bytes: u64, breakpoints: u64, breakpoints_dropped: u64) -> ContextReceipt {
    let manifest = answer.manifest;
    ContextReceipt {
        pack: asked.name.to_string(),
        asked_by: asked.by,
        digest: manifest.digest,
        snapshot: manifest.snapshot,
        query_digest: manifest.query_digest,
        vocabulary: manifest.vocabulary,
        tokens: answer.tokens,
        budget_tokens: manifest.budget_tokens,
        bytes,
        breakpoints,
        breakpoints_dropped,
        spans: manifest.spans,
        hold_out: manifest.hold_out,
    }
}

fn broken(pack: &str) -> Fault {
    Fault::new(FaultKind::Internal, format!("Jeton met a bug of its own while it compiled pack `{pack}`."))
        .remedy("Please report it with the id of the call; `jeton-context: none` sends the call without context.")
}
