//! Cache marks within what providers take (case 43): of Anthropic's documentation on prompt caching ("up to 4 cache breakpoints",
//! "cache entries with longer TTL must appear before shorter TTLs"), and the same at Bedrock.

use super::loss::{Loss, Place};
use super::part::{CacheLife, Part, Piece};
use super::request::{Request, Role};
use std::borrow::Cow;

/// The most marks of one request.
const MARKS_MAX: usize = 4;

/// The request with the marks that the provider takes. Of too many, the first stays, because what stands before it changes least,
/// and the last ones, because they save most. Where a long life follows a short one, it is a short one too.
pub(super) fn within_limits<'r>(request: &'r Request, loss: &mut Loss) -> Cow<'r, Request> {
    let mut lives = Vec::new();
    let mut copy = None;
    // Nearly every request is as it should be, and copied by nobody.
    each_life(request, &mut |life| lives.push(life));
    let is_late = |at: usize| lives[at] == CacheLife::OneHour && lives[..at].contains(&CacheLife::FiveMinutes);
    if lives.len() > MARKS_MAX || (0..lives.len()).any(is_late) {
        let mut kept = request.clone();
        let (count, mut at, mut had_short) = (lives.len(), 0, false);
        each_mark(&mut kept, &mut |mark, place| {
            let is_kept = at == 0 || at + MARKS_MAX > count || count <= MARKS_MAX;
            at += 1;
            if !is_kept {
                loss.dropped(place.member("cache_control"), format!("at most {MARKS_MAX} marks of the cache are taken"));
                *mark = None;
            } else if had_short && *mark == Some(CacheLife::OneHour) {
                loss.approximated(place.member("cache_control"), "a mark of an hour may not follow one of five minutes");
                *mark = Some(CacheLife::FiveMinutes);
            }
            had_short |= *mark == Some(CacheLife::FiveMinutes);
        });
        copy = Some(kept);
    }
    copy.map_or(Cow::Borrowed(request), Cow::Owned)
}

/// Every mark's life in the order in which providers cache: tools, instructions, conversation.
fn each_life(request: &Request, see: &mut impl FnMut(CacheLife)) {
    fn within(pieces: &[Piece], see: &mut impl FnMut(CacheLife)) {
        for piece in pieces {
            if let Part::ToolResult { content, .. } = &piece.part {
                content.iter().filter_map(|inner| inner.cache).for_each(&mut *see);
            }
            piece.cache.into_iter().for_each(&mut *see);
        }
    }
    request.tools.iter().filter_map(|tool| tool.cache).for_each(&mut *see);
    for is_system in [true, false] {
        let turns = request.messages.iter().filter(|message| (message.role == Role::System) == is_system);
        turns.for_each(|message| within(&message.parts, see));
    }
}

/// As [`each_life`], to be changed, with the place of what is marked.
fn each_mark(request: &mut Request, change: &mut impl FnMut(&mut Option<CacheLife>, &Place)) {
    fn one(mark: &mut Option<CacheLife>, place: &Place, change: &mut impl FnMut(&mut Option<CacheLife>, &Place)) {
        if mark.is_some() {
            change(mark, place);
        }
    }
    request.tools.iter_mut().for_each(|tool| one(&mut tool.cache, &tool.place, change));
    for is_system in [true, false] {
        for message in request.messages.iter_mut().filter(|message| (message.role == Role::System) == is_system) {
            for piece in &mut message.parts {
                if let Part::ToolResult { content, .. } = &mut piece.part {
                    content.iter_mut().for_each(|inner| one(&mut inner.cache, &inner.place, change));
                }
                one(&mut piece.cache, &piece.place, change);
            }
        }
    }
}
