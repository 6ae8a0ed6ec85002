//! A provider's stream, event by event, in the canonical form: one small state machine for each dialect.

mod chat;
mod converse;
mod gemini;
mod messages;
mod responses;

pub(super) use gemini::GeminiReader;

use super::exact;
use super::loss::{Loss, Path};
use super::object::Object;
use super::read_reply::{as_broken, broken, settled};
use super::reply::StopReason;
use super::stream::Delta;
use crate::Endpoint;
use crate::error::read_embedded;
use jeton_core::Fault;

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard<'a> {
    /// The answer begins. Comes once, before everything else.
    Start {
        /// The provider's id of it.
        id: &'a str,
        /// The model that answers.
        model: &'a str,
        /// When it was begun, in seconds since 1970, where the dialect says so.
        created: Option<i64>,
    },
    /// The next piece of it.
    Delta(Delta<'a>),
    /// Why it ends.
    Stop(StopReason),
    /// The provider reports an error; nothing comes after it.
    Failed(Fault),
    /// The provider has said all.
    End,
}

/// Takes in what is heard.
pub(super) type Hear<'h> = dyn FnMut(Heard<'_>) + 'h;

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    ended: bool,
    has_called: bool,
    has_refused: bool,
}

#[derive(Debug)]
enum State {
    Chat(chat::ChatReader),
    Messages(messages::MessagesReader),
    Responses(responses::ResponsesReader),
    Gemini(gemini::GeminiReader),
    Converse(converse::ConverseReader),
}

impl Reader {
    /// A reader of the answers of `endpoint`; of none that do not stream.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let state = match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => State::Messages(messages::MessagesReader::default()),
            Endpoint::Responses => State::Responses(responses::ResponsesReader::default()),
            Endpoint::Generate => State::Gemini(gemini::GeminiReader::default()),
            Endpoint::Converse => State::Converse(converse::ConverseReader::default()),
            Endpoint::Chat | Endpoint::Embeddings => State::Chat(chat::ChatReader::default()),
        };
        Self { state, ended: false, has_called: false, has_refused: false }
    }

    /// Reads the data of one event. What comes behind the end, or behind an error, is passed over.
    ///
    /// # Errors
    /// Where the event is no JSON object, has no sense where it stands, or a part of it is of the wrong type.
    pub(super) fn read(&mut self, data: &[u8], loss: &mut Loss, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if self.ended || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            return self.end(hear);
        }
        let event = exact::parse(data).map_err(|error| broken(format!("an event is not valid JSON ({error})")))?;
        let mut event = Object::of(event, Path::Root).map_err(|fault| as_broken(&fault))?;
        if let Some(error) = event.take("error") {
            self.ended = true;
            hear(Heard::Failed(read_embedded(error.to_string().as_bytes()).to_fault()));
            return Ok(());
        }
        let hear = &mut watched(&mut self.has_called, &mut self.has_refused, hear);
        let read = match &mut self.state {
            State::Chat(reader) => reader.read(event, loss, hear),
            State::Messages(reader) => reader.read(event, loss, hear),
            State::Responses(reader) => reader.read(event, loss, hear),
            State::Gemini(reader) => reader.read(event, loss, hear),
            State::Converse(reader) => reader.read(event, loss, hear),
        };
        self.ended = read.map_err(|fault| if fault.code.is_some() { fault } else { as_broken(&fault) })?;
        Ok(())
    }

    /// The provider has said all. Some servers end a Chat stream without a word (case 3); that it said why it ended is enough there.
    ///
    /// # Errors
    /// Where the dialect has a last event and it did not come.
    pub(super) fn end(&mut self, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        let hear = &mut watched(&mut self.has_called, &mut self.has_refused, hear);
        match &mut self.state {
            State::Chat(reader) => reader.flush(hear),
            State::Gemini(reader) => reader.flush(hear)?,
            State::Messages(_) | State::Responses(_) | State::Converse(_) => return Err(broken("its stream ended before its end")),
        }
        hear(Heard::End);
        Ok(())
    }
}

/// Hands on what is heard, with what was said before the end as a part of why it ends ([`settled`]).
fn watched<'w>(has_called: &'w mut bool, has_refused: &'w mut bool, hear: &'w mut Hear<'_>) -> impl FnMut(Heard<'_>) + 'w {
    move |heard| {
        *has_called |= matches!(heard, Heard::Delta(Delta::ToolUse { .. }));
        *has_refused |= matches!(heard, Heard::Delta(Delta::Refusal(_)));
        hear(match heard {
            Heard::Stop(stop) => Heard::Stop(settled(stop, *has_called, *has_refused)),
            heard => heard,
        });
    }
}
