//! jeton.toml read whole or not at all: discovery, diagnostics with places, immutable snapshots.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accounts;
mod assemble;
mod decode;
mod describe;
mod diagnostic;
mod effective;
mod environment;
mod forms;
mod leaf;
mod load;
mod pack;
mod packs;
mod pattern;
mod project;
mod reference;
mod references;
mod schema;
mod secret;
mod secrets;
mod settings;
mod snapshot;
mod source;
mod syntax;
mod tree;
mod watch;

pub use diagnostic::{Code, Diagnostic, Excerpt, Report};
pub use effective::{Origin, Setting};
pub use load::{PackText, load, load_with_packs};
pub use pack::{ContextCommands, ContextSettings, Pack, PackPlace, PackQuery};
pub use pattern::{Network, Pattern};
pub use project::{FILE_NAME, PACK_DIR, Project};
pub use reference::reference;
pub use schema::schema;
pub use secret::{HeaderValue, Secret, SecretRef};
pub use snapshot::{
    Account, Allow, Api, Aws, Budget, BudgetRules, Class, ClassLimits, CredentialSource, Declared, Durability, Gateway, HeaderMatch, Log, LogFormat, LogLevel,
    MatchRule, Model, OnCancel, OutputLimitField, Prices, Provider, Quality, Route, Snapshot, Store, StreamOptions, TimeoutOverrides, Timeouts, Tls,
    UnknownPrice, Window,
};
pub use watch::{FileStamp, ProjectStamp};
