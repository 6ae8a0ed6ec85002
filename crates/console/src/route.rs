//! One table describes every route: the router serves it, the OpenAPI document is written from it, and requests are
//! checked against it. So none of the three can say anything else than the others.

use crate::state::Console;
use crate::{period, state::Access};
use bytes::Bytes;
use jeton_core::{Fault, FaultKind, Timestamp, nearest};
use serde_json::Value;
use std::collections::BTreeMap;

/// A method that the console knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anybody: it tells nothing.
    Open,
    /// The admin credential, or loopback without keys.
    Admin,
    /// Those, and a key for the calls that it made.
    Caller,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// At most 256 bytes.
    Text,
    /// At most so many bytes.
    Long(usize),
    Integer {
        least: u64,
        most: u64,
    },
    /// See [`period::parse_moment`].
    Moment,
    Choice(&'static [&'static str]),
}

/// One parameter of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What holds where it is left out; `None` where it then does nothing.
    pub(crate) default: Option<&'static str>,
    pub(crate) about: &'static str,
}

/// What a route answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gives {
    /// JSON by a named schema of the document.
    Schema(&'static str),
    /// JSON of any shape.
    Json,
    /// Something else, by content type.
    Content(&'static str),
}

/// One route.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    /// With `{id}` for what varies.
    pub(crate) path: &'static str,
    /// Name of the operation in the document.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) reach: Reach,
    pub(crate) params: &'static [Param],
    /// Schema of the body, where one is read.
    pub(crate) takes: Option<&'static str>,
    /// Whether the body is that of a form of a page, not JSON.
    pub(crate) is_form: bool,
    /// The largest body that is read, in bytes.
    pub(crate) body_bytes_max: usize,
    pub(crate) gives: Gives,
    /// Statuses other than 200 that the route itself can answer with.
    pub(crate) refusals: &'static [u16],
    pub(crate) handler: fn(&Console, &Ask) -> Result<Answer, Fault>,
}

/// The largest body that most routes read, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request that agrees with its route's description.
pub(crate) struct Ask {
    pub(crate) access: Access,
    pub(crate) now: Timestamp,
    pub(crate) id: String,
    pub(crate) body: Option<Value>,
    values: BTreeMap<&'static str, String>,
    moments: BTreeMap<&'static str, Timestamp>,
}

impl Ask {
    /// A request with the raw `query`, checked against `params`.
    pub(crate) fn read(console: &Console, params: &'static [Param], query: Vec<(String, String)>, access: Access) -> Result<Self, Fault> {
        let now = console.clock.now();
        let mut ask = Self { access, now, id: String::new(), body: None, values: BTreeMap::new(), moments: BTreeMap::new() };
        for (name, value) in query {
            let Some(param) = params.iter().find(|param| param.name == name) else { return Err(unknown_parameter(&name, params)) };
            if value.is_empty() {
                continue; // `?class=` as forms send it: not asked for
            }
            if ask.values.insert(param.name, value).is_some() {
                return Err(Fault::new(FaultKind::InvalidRequest, format!("`{name}` is given twice.")).param(name));
            }
        }
        for param in params {
            if let Some(value) = ask.values.get(param.name).cloned().or_else(|| param.default.map(str::to_owned)) {
                ask.check(console, param, &value)?;
                ask.values.insert(param.name, value);
            }
        }
        Ok(ask)
    }

    fn check(&mut self, console: &Console, param: &Param, value: &str) -> Result<(), Fault> {
        let wrong = |message: String| Err(Fault::new(FaultKind::InvalidRequest, message).param(param.name));
        match param.kind {
            Kind::Text if value.len() > 256 => wrong(format!("`{}` is longer than 256 bytes.", param.name)),
            Kind::Long(most) if value.len() > most => wrong(format!("`{}` is longer than {most} bytes.", param.name)),
            Kind::Text | Kind::Long(_) => Ok(()),
            Kind::Integer { least, most } => match value.parse::<u64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                _ => wrong(format!("`{}` must be a whole number from {least} to {most}, not `{value}`.", param.name)),
            },
            Kind::Choice(names) if names.contains(&value) => Ok(()),
            Kind::Choice(names) => wrong(format!("`{}` cannot be `{value}`; it is one of: {}.", param.name, names.join(", "))),
            Kind::Moment => match period::parse_moment(value, self.now, &console.zone) {
                Ok(moment) => {
                    self.moments.insert(param.name, moment);
                    Ok(())
                }
                Err(message) => wrong(format!("{message}.")),
            },
        }
    }

    /// The value of a parameter, where it was given or has a default.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a parameter that holds a moment.
    pub(crate) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.moments.get(name).copied()
    }

    /// The value of a parameter that holds a number.
    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
    }
}

fn unknown_parameter(name: &str, params: &[Param]) -> Fault {
    let fault = Fault::new(FaultKind::InvalidRequest, format!("There is no parameter `{}` here.", printable(name))).param(printable(name));
    let near = nearest(name, params.iter().map(|param| param.name), 1);
    match near.first() {
        Some(near) => fault.remedy(format!("Did you mean `{near}`? Known: {}.", params.iter().map(|param| param.name).collect::<Vec<_>>().join(", "))),
        None => fault.remedy("This path takes no parameters."),
    }
}

/// Foreign text for a message: short and without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    /// Whether a browser may keep it: true only for the page's own files.
    pub(crate) keep: bool,
    /// Where the browser is to go on; with 303, so that loading the page again sends no form twice.
    pub(crate) location: Option<String>,
}

impl Answer {
    /// JSON.
    pub(crate) fn json(value: &impl serde::Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_vec(value).map_err(|error| Fault::new(FaultKind::Internal, format!("The answer could not be written: {error}.")))?;
        Ok(Self { content_type: "application/json", body: body.into(), keep: false, location: None })
    }

    /// A page or a part of one.
    pub(crate) fn html(text: String) -> Self {
        Self { content_type: "text/html; charset=utf-8", body: text.into(), keep: false, location: None }
    }

    /// What follows a form: the page at `path`.
    pub(crate) fn see(path: String) -> Self {
        Self { content_type: "text/plain; charset=utf-8", body: Bytes::new(), keep: false, location: Some(path) }
    }

    /// Any other text.
    pub(crate) fn text(content_type: &'static str, text: impl Into<Bytes>) -> Self {
        Self { content_type, body: text.into(), keep: false, location: None }
    }

    /// Lets browsers keep the answer.
    pub(crate) fn kept(mut self) -> Self {
        self.keep = true;
        self
    }
}
