//! What a compilation is asked for, read from a body or a form.

use super::Now;
use crate::route::printable;
use crate::state::Access;
use jeton_context::Kind;
use jeton_context::compile::{CompileError, Request, Today};
use jeton_core::{Fault, FaultKind, nearest};
use jeton_text::Vocabulary;
use serde_json::{Map, Value};

/// The longest task, in bytes.
pub(crate) const TASK_BYTES_MAX: usize = 64 * 1024;
/// The largest budget, in tokens.
pub(crate) const BUDGET_TOKENS_MAX: u64 = 200_000;
/// The budget where neither the request nor a pack states one, in tokens.
pub(crate) const BUDGET_TOKENS: u64 = 8_192;
const GLOBS_MAX: usize = 64;
const KNOWN: [&str; 9] = ["task", "budget_tokens", "pack", "class", "model", "vocabulary", "kinds", "paths", "key"];

/// What is wanted, with everything that it borrows elsewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) task: String,
    pub(crate) budget_tokens: u64,
    pub(crate) pack: Option<String>,
    class: Option<String>,
    model: Option<String>,
    vocabulary: Vocabulary,
    kinds: Vec<Kind>,
    paths: Vec<String>,
    mandatory: Vec<String>,
    key: Option<String>,
}

fn wrong(param: &str, message: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message).param(param)
}

fn text(members: &Map<String, Value>, name: &str, bytes_max: usize) -> Result<Option<String>, Fault> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() > bytes_max => Err(wrong(name, format!("`{name}` is longer than {bytes_max} bytes."))),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, format!("`{name}` must be a string."))),
    }
}

fn texts(members: &Map<String, Value>, name: &str) -> Result<Vec<String>, Fault> {
    let Some(value) = members.get(name).filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let items = value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>());
    let items = items.ok_or_else(|| wrong(name, format!("`{name}` must be a list of strings.")))?;
    if items.len() > GLOBS_MAX || items.iter().any(|item| item.len() > 256) {
        return Err(wrong(name, format!("`{name}` takes at most {GLOBS_MAX} strings of at most 256 bytes.")));
    }
    Ok(items)
}

impl Wish {
    /// The wish of a JSON body.
    ///
    /// # Errors
    /// Where a member is unknown, of the wrong type or beyond its bounds, or a name means nothing.
    pub(crate) fn of_body(body: &Value, access: &Access, now: &Now) -> Result<Self, Fault> {
        let Value::Object(members) = body else {
            return Err(wrong("body", "The body must be an object such as {\"task\": \"…\", \"budget_tokens\": 8000}.".into()));
        };
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let shown = printable(unknown);
            return Err(wrong(&shown, format!("There is no member `{shown}`; known: {}.", KNOWN.join(", "))));
        }
        let task = text(members, "task", TASK_BYTES_MAX)?.ok_or_else(|| wrong("task", "`task` is missing: what the model is to do, in words.".into()))?;
        let budget = match members.get("budget_tokens") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| wrong("budget_tokens", "`budget_tokens` must be a whole number.".into()))?),
        };
        let mut wish = Self { task, ..Self::default() };
        (wish.class, wish.model) = (text(members, "class", 256)?, text(members, "model", 256)?);
        (wish.paths, wish.kinds) = (texts(members, "paths")?, kinds(&texts(members, "kinds")?)?);
        wish.key = whose(text(members, "key", 256)?, access)?;
        wish.vocabulary = vocabulary(text(members, "vocabulary", 64)?.as_deref(), wish.model.as_deref(), now)?;
        wish.with_pack(text(members, "pack", 256)?, budget, now)
    }

    /// The wish of the page's form.
    ///
    /// # Errors
    /// As [`Wish::of_body`].
    pub(crate) fn of_form(task: &str, budget: Option<u64>, pack: Option<&str>, class: Option<&str>, now: &Now) -> Result<Self, Fault> {
        let wish = Self { task: task.to_owned(), class: class.map(str::to_owned), vocabulary: now.engine.vocabulary(), ..Self::default() };
        wish.with_pack(pack.map(str::to_owned), budget, now)
    }

    /// What the pack says, where the request says nothing: the named pack, or that of the class.
    fn with_pack(mut self, pack: Option<String>, budget: Option<u64>, now: &Now) -> Result<Self, Fault> {
        if self.task.trim().is_empty() {
            return Err(wrong("task", "`task` is empty: say what the model is to do, in words.".into()));
        }
        let of_class = || self.class.as_ref().and_then(|class| now.snapshot.classes.get(class)).and_then(|class| class.pack.clone());
        self.pack = pack.or_else(of_class);
        let mut allowed = BUDGET_TOKENS;
        if let Some(name) = &self.pack {
            let found = now.snapshot.packs.get(name).ok_or_else(|| no_pack(name, now))?;
            allowed = found.budget_tokens;
            self.mandatory = found.units.iter().map(|pattern| pattern.as_str().to_owned()).collect();
            if self.paths.is_empty() {
                self.paths.clone_from(&found.scope);
            }
            if self.kinds.is_empty() {
                self.kinds = kinds(&found.kinds)?;
            }
        }
        self.budget_tokens = budget.unwrap_or(allowed);
        if self.budget_tokens == 0 || self.budget_tokens > BUDGET_TOKENS_MAX {
            return Err(wrong("budget_tokens", format!("`budget_tokens` must be a whole number from 1 to {BUDGET_TOKENS_MAX}, not {}.", self.budget_tokens)));
        }
        Ok(self)
    }

    /// The request, on the day that `now` has.
    pub(crate) fn request<'a>(&'a self, now: &'a Now) -> Request<'a> {
        Request {
            task: &self.task,
            budget_tokens: self.budget_tokens,
            vocabulary: self.vocabulary,
            kinds: &self.kinds,
            paths: &self.paths,
            class: self.class.as_deref(),
            model: self.model.as_deref(),
            key: self.key.as_deref(),
            mandatory: &self.mandatory,
            held_out: &[],
            today: Today(&now.today),
        }
    }
}

/// A key sees what it may see; the admin may look through the eyes of any key.
fn whose(asked: Option<String>, access: &Access) -> Result<Option<String>, Fault> {
    match (access, asked) {
        (Access::Key(name), None) => Ok(Some(name.to_string())),
        (Access::Key(name), Some(asked)) if *asked == **name => Ok(Some(asked)),
        (Access::Key(name), Some(_)) => {
            Err(Fault::new(FaultKind::Forbidden, format!("The key `{name}` compiles in its own name only.")).param("key").remedy("Leave `key` out."))
        }
        (_, asked) => Ok(asked),
    }
}

fn kinds(names: &[String]) -> Result<Vec<Kind>, Fault> {
    let kind = |name: &String| {
        let all = || Kind::ALL.map(Kind::name).join(", ");
        Kind::from_name(name).ok_or_else(|| wrong("kinds", format!("There is no kind `{}`; known: {}.", printable(name), all())))
    };
    names.iter().map(kind).collect()
}

fn vocabulary(name: Option<&str>, model: Option<&str>, now: &Now) -> Result<Vocabulary, Fault> {
    match (name, model) {
        (Some(name), _) => Vocabulary::from_name(name).ok_or_else(|| {
            let all = Vocabulary::ALL.map(Vocabulary::name).join(", ");
            wrong("vocabulary", format!("There is no vocabulary `{}`; known: {all}.", printable(name)))
        }),
        (None, Some(model)) => Ok(Vocabulary::of_model(model).0),
        (None, None) => Ok(now.engine.vocabulary()),
    }
}

fn no_pack(name: &str, now: &Now) -> Fault {
    let fault = wrong("pack", format!("There is no pack `{}`.", printable(name)));
    let near = nearest(name, now.snapshot.packs.keys().map(String::as_str), 1);
    let first = || "Packs stand in `jeton.toml` as `[packs.NAME]`, or in `context/packs/NAME.toml`.".to_owned();
    fault.remedy(near.first().map_or_else(first, |near| format!("Did you mean `{near}`?")))
}

/// Why there is no context, as the caller sees it.
pub(crate) fn compile_fault(error: &CompileError) -> Fault {
    let message = error.to_string();
    let mut sentence = message.clone();
    sentence[..message.chars().next().map_or(0, char::len_utf8)].make_ascii_uppercase();
    match error {
        CompileError::TooSmall { needed_tokens, .. } => {
            let remedy = format!("Allow at least {needed_tokens} tokens, or make fewer units mandatory.");
            wrong("budget_tokens", format!("{sentence}.")).remedy(remedy)
        }
        CompileError::NoSuchUnit(_) => wrong("pack", format!("{sentence}.")).remedy("Mend `units` of the pack, or ask with a key that may see it."),
    }
}
