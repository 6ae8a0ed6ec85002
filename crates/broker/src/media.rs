//! Media within a request, and the models that read them (case 75).

use crate::call::Call;
use crate::catalogue::Resolved;
use jeton_core::{Fault, FaultKind, Modalities};
use jeton_wire::canonical::{Media, MediaKind, Part, Piece, Request};

/// Models that are named as those that can, the newest.
const NAMED_MAX: usize = 3;

/// Refuses media of a kind that the model is known not to read.
///
/// # Errors
/// An invalid-request fault with the place of the first of them and the models that read it.
pub(crate) fn refuse_unread(call: &Call, request: &Request, resolved: &Resolved) -> Result<(), Fault> {
    let Some(reads) = resolved.entry.reads else { return Ok(()) };
    let Some((piece, media)) = media(request).find(|(_, media)| !can_read(reads, media.kind)) else { return Ok(()) };
    let path = piece.place.path();
    let message = format!("`{path}` is {}, which `{}` does not read.", word(media.kind), resolved.full_name());
    let fault = Fault::new(FaultKind::InvalidRequest, message).code("not_translatable").param(path);
    Err(with_takers(call, request, fault.remedy("Leave it out, or name a model that reads it.")))
}

/// A refusal of media with the models that read them in its remedy.
pub(crate) fn with_takers(call: &Call, request: &Request, fault: Fault) -> Fault {
    let Some((_, refused)) = media(request).find(|(piece, _)| fault.param.as_deref() == Some(piece.place.path())) else { return fault };
    let catalogue = call.live.catalogue();
    let readers = catalogue.models().filter(|model| !model.entry.is_simulated && model.entry.reads.is_some_and(|reads| can_read(reads, refused.kind)));
    let mut readers: Vec<Resolved> = readers.collect();
    readers.sort_by(|one, next| next.entry.released.cmp(&one.entry.released));
    let named: Vec<String> = readers.iter().take(NAMED_MAX).map(|model| format!("`{}`", model.full_name())).collect();
    if named.is_empty() {
        return fault;
    }
    let remedy = format!("{} Models here that read {}: {}.", fault.remedy.as_deref().unwrap_or_default(), word(refused.kind), named.join(", "));
    fault.remedy(remedy.trim().to_owned())
}

/// All media of the conversation, those within results of tools among them.
fn media(request: &Request) -> impl Iterator<Item = (&Piece, &Media)> {
    request.messages.iter().flat_map(|message| &message.parts).flat_map(within).filter_map(|piece| match &piece.part {
        Part::Media(media) => Some((piece, media)),
        _ => None,
    })
}

/// The piece, or what stands in it where it is the result of a tool.
fn within(piece: &Piece) -> &[Piece] {
    if let Part::ToolResult { content, .. } = &piece.part { content } else { std::slice::from_ref(piece) }
}

/// What is published of PDFs is patchy: a model that sees is shown their pages.
fn can_read(reads: Modalities, kind: MediaKind) -> bool {
    match kind {
        MediaKind::Image => reads.contains("image"),
        MediaKind::Audio => reads.contains("audio"),
        MediaKind::File => reads.contains("pdf") || reads.contains("image"),
    }
}

const fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "an image",
        MediaKind::Audio => "audio",
        MediaKind::File => "a file",
    }
}
