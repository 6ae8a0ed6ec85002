//! Values of settings: the right type, the right range, the right words.

use crate::decode::{Decoder, Slot, closest, kind_of, one_of, sample_of};
use crate::describe::{Definition, Kind};
use crate::diagnostic::Code;
use crate::forms::{TextForm, is_header_name, quoted};
use crate::tree::{Span, Value};
use crate::{PackQuery, secrets};
use jeton_core::{Nanousd, Rate};
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// The value, where it fits its definition; otherwise the mistake is among the findings.
pub(crate) fn decode(decoder: &mut Decoder<'_>, slot: &Slot<'_>, value: &Spanned<DeValue<'_>>) -> Option<Value> {
    match (slot.definition.kind, value.get_ref()) {
        (Kind::Flag, DeValue::Boolean(flag)) | (Kind::FlagOr(_), DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
        (Kind::Whole { least, most }, DeValue::Integer(number)) => match whole(number) {
            Some(number) if (least..=most).contains(&number) => Some(Value::Whole(number)),
            _ => bad(decoder, slot, value.span(), &format!("`{number}` is out of range")),
        },
        (Kind::Usd, number @ (DeValue::Integer(_) | DeValue::Float(_))) => match decimal(number).and_then(|text| Nanousd::parse_usd(&text)) {
            Ok(amount) if amount >= Nanousd::ZERO => Some(Value::Usd(amount)),
            Ok(_) => bad(decoder, slot, value.span(), "is negative"),
            Err(why) => bad(decoder, slot, value.span(), &format!("is no amount of money: {why}")),
        },
        (Kind::Rate, number @ (DeValue::Integer(_) | DeValue::Float(_))) => match decimal(number).and_then(|text| Rate::parse_usd_per_million(&text)) {
            Ok(rate) => Some(Value::Rate(rate)),
            Err(why) => bad(decoder, slot, value.span(), &format!("is no price: {why}")),
        },
        (Kind::Fraction { most }, number @ (DeValue::Integer(_) | DeValue::Float(_))) => match decimal(number).ok().and_then(|text| text.parse::<f64>().ok()) {
            Some(fraction) if (0.0..=most).contains(&fraction) => Some(Value::Fraction(fraction)),
            _ => bad(decoder, slot, value.span(), "is out of range"),
        },
        (Kind::Choice(words) | Kind::FlagOr(words), DeValue::String(text)) => choice(decoder, slot, words, text, value.span()),
        (Kind::Text(form), DeValue::String(text)) => fits(decoder, slot, form, text, value.span()).then(|| Value::Text(text.as_ref().to_owned())),
        (Kind::Choices(words), DeValue::Array(items)) => Some(Value::Texts(choices(decoder, slot, words, items.iter()))),
        (Kind::Texts(form), DeValue::Array(items)) => Some(Value::Texts(texts(decoder, slot, form, items.iter()))),
        (Kind::Secret, _) => secrets::reference(decoder, slot, value).map(Value::Secret),
        (Kind::Headers, _) => secrets::headers(decoder, slot, value),
        (Kind::Query, DeValue::String(_) | DeValue::Table(_)) => query(decoder, slot, value).map(Value::Query),
        (Kind::UnknownPrice, _) => unknown_price(decoder, slot, value),
        (Kind::Json, DeValue::Table(_)) => {
            json(value.get_ref()).map(Value::Json).or_else(|| bad(decoder, slot, value.span(), "holds a number that JSON cannot"))
        }
        (_, other) => {
            let message = format!("{} is {}", slot.name(), kind_of(other));
            if other.as_str().is_some_and(secrets::looks_confidential) {
                secrets::mask_all(value, &mut decoder.findings.masks);
            }
            let remedy = measured(slot.definition, other).unwrap_or_else(|| sample_of(slot.definition));
            decoder.findings.add(Code::WrongType, Some(value.span()), message, expected(slot.definition), remedy);
            None
        }
    }
}

fn bad(decoder: &mut Decoder<'_>, slot: &Slot<'_>, span: Span, why: &str) -> Option<Value> {
    decoder.findings.add(Code::BadValue, Some(span), sentence(slot, why), expected(slot.definition), sample_of(slot.definition));
    None
}

/// What is wrong with a setting. A reason that begins with a quoted value is a sentence of its own.
fn sentence(slot: &Slot<'_>, why: &str) -> String {
    let separator = if why.starts_with('`') { ": " } else { " " };
    format!("{}{separator}{why}", slot.name())
}

/// What a definition asks for, after "expected".
pub(crate) fn expected(definition: &Definition) -> String {
    match definition.kind {
        Kind::Section | Kind::Named(_) => "a table".into(),
        Kind::Rules => "a table, or a list of tables".into(),
        Kind::Flag => "`true` or `false`".into(),
        Kind::Whole { least, most } => format!("a whole number{} from {least} to {most}", definition.unit()),
        Kind::Usd => "an amount in USD, at least 0, with at most nine decimals".into(),
        Kind::Rate => "a price in USD per million tokens, at least 0, with at most nine decimals".into(),
        Kind::Fraction { most } => format!("a number from 0 to {most}"),
        Kind::Choice(words) => one_of(words),
        Kind::Choices(words) => format!("a list, each item {}", one_of(words)),
        Kind::FlagOr(words) => format!("`true`, `false` or {}", one_of(words)),
        Kind::Text(form) => form.expected.into(),
        Kind::Texts(form) => format!("a list, each item {}", form.expected),
        Kind::Secret => "a reference: `{ env = \"NAME\" }` or `{ file = \"PATH\" }`".into(),
        Kind::Headers => "a table of header names".into(),
        Kind::UnknownPrice => "`\"refuse\"` or `{ usd_per_million_tokens = PRICE }`".into(),
        Kind::Query => "`\"last_user\"`, `{ header = \"NAME\" }` or `{ text = \"TEXT\" }`".into(),
        Kind::Json => "a table".into(),
    }
}

fn whole(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix()).ok()
}

/// The decimal text of a number, as written but for underscores.
fn decimal(number: &DeValue<'_>) -> Result<String, String> {
    let text = match number {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Integer(number) => whole(number).map(|number| number.to_string()).ok_or("the number is too large")?,
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => String::new(),
    };
    // Powers of ten beyond any amount of money need not be worked out.
    let power = text.split_once(['e', 'E']).map(|(_, power)| power.parse::<i32>().unwrap_or(i32::MAX));
    if power.is_some_and(|power| !(-30..=30).contains(&power)) {
        return Err(format!("`{text}` is out of range"));
    }
    Ok(text)
}

fn choice(decoder: &mut Decoder<'_>, slot: &Slot<'_>, words: &'static [&'static str], text: &str, span: Span) -> Option<Value> {
    if words.contains(&text) {
        return Some(Value::Text(text.to_owned()));
    }
    // A word that is nothing like a word is shown to nobody: a quote left out may have put a key here.
    let private = secrets::looks_confidential(text) || text.len() > 32 || text.contains(char::is_whitespace);
    if private {
        decoder.findings.masks.push(span.clone());
    }
    let message = sentence(slot, &if private { "is none of its values".to_owned() } else { format!("{} is none of its values", quoted(text)) });
    let remedy = format!("did you mean `{}`?", closest(text, words));
    decoder.findings.add(Code::BadValue, Some(span), message, expected(slot.definition), remedy);
    None
}

fn fits(decoder: &mut Decoder<'_>, slot: &Slot<'_>, form: &TextForm, text: &str, span: Span) -> bool {
    let Err(complaint) = (form.check)(text) else { return true };
    let private = complaint.private || secrets::looks_confidential(text);
    if private {
        decoder.findings.masks.push(span.clone());
    }
    // The complaint of a form that knows nothing of credentials may quote the text.
    let why = if private && !complaint.private { "does not fit" } else { complaint.message.as_str() };
    let message = sentence(slot, why);
    let remedy = complaint.remedy.unwrap_or_else(|| sample_of(slot.definition));
    decoder.findings.add(complaint.code, Some(span), message, form.expected, remedy);
    false
}

fn texts<'v, 'i: 'v>(decoder: &mut Decoder<'_>, slot: &Slot<'_>, form: &TextForm, items: impl Iterator<Item = &'v Spanned<DeValue<'i>>>) -> Vec<String> {
    let mut kept = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::String(text) => {
                // An item that does not fit is kept, so that the places of the others stay theirs; the reading fails anyway.
                fits(decoder, slot, form, text, item.span());
                kept.push(text.as_ref().to_owned());
            }
            other => {
                let message = format!("an item of {} is {}", slot.name(), kind_of(other));
                decoder.findings.add(Code::WrongType, Some(item.span()), message, expected(slot.definition), sample_of(slot.definition));
                kept.push(String::new());
            }
        }
    }
    kept
}

fn choices<'v, 'i: 'v>(
    decoder: &mut Decoder<'_>,
    slot: &Slot<'_>,
    words: &'static [&'static str],
    items: impl Iterator<Item = &'v Spanned<DeValue<'i>>>,
) -> Vec<String> {
    let mut kept = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::String(text) => {
                if let Some(Value::Text(word)) = choice(decoder, slot, words, text, item.span()) {
                    kept.push(word);
                }
            }
            other => {
                let message = format!("an item of {} is {}", slot.name(), kind_of(other));
                decoder.findings.add(Code::WrongType, Some(item.span()), message, expected(slot.definition), sample_of(slot.definition));
            }
        }
    }
    kept
}

/// What a pack looks for: the word `last_user`, the name of a header, or a text.
fn query(decoder: &mut Decoder<'_>, slot: &Slot<'_>, value: &Spanned<DeValue<'_>>) -> Option<PackQuery> {
    match value.get_ref() {
        DeValue::String(text) => return choice(decoder, slot, &["last_user"], text, value.span()).map(|_| PackQuery::LastUser),
        DeValue::Table(table) if table.len() == 1 => match table.iter().next().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref())) {
            Some(("header", DeValue::String(name))) if is_header_name(name) => return Some(PackQuery::Header(name.to_ascii_lowercase())),
            Some(("text", DeValue::String(text))) if !text.trim().is_empty() => return Some(PackQuery::Text(text.as_ref().to_owned())),
            _ => {}
        },
        _ => {}
    }
    bad(decoder, slot, value.span(), "is none of its forms");
    None
}

fn unknown_price(decoder: &mut Decoder<'_>, slot: &Slot<'_>, value: &Spanned<DeValue<'_>>) -> Option<Value> {
    match value.get_ref() {
        DeValue::String(text) if text == "refuse" => return Some(Value::UnknownPrice(None)),
        DeValue::Table(table) if table.len() == 1 => {
            if let Some(number @ (DeValue::Integer(_) | DeValue::Float(_))) = table.get("usd_per_million_tokens").map(Spanned::get_ref) {
                return match decimal(number).and_then(|text| Rate::parse_usd_per_million(&text)) {
                    Ok(rate) => Some(Value::UnknownPrice(Some(rate))),
                    Err(why) => bad(decoder, slot, value.span(), &format!("is no price: {why}")),
                };
            }
        }
        _ => {}
    }
    bad(decoder, slot, value.span(), "is neither of its forms")
}

/// The same as JSON; none where a number is no JSON number.
fn json(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok()?.into(),
        DeValue::Float(number) => serde_json::Number::from_f64(number.as_str().parse().ok()?)?.into(),
        DeValue::Array(items) => serde_json::Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Option<_>>()?),
        DeValue::Table(table) => serde_json::Value::Object(
            table.iter().map(|(key, value)| Some((key.get_ref().as_ref().to_owned(), json(value.get_ref())?))).collect::<Option<_>>()?,
        ),
    })
}

/// For a number with a unit written as text (`"60s"`, `"32 MiB"`): how it is written here.
fn measured(definition: &Definition, value: &DeValue<'_>) -> Option<String> {
    let Kind::Whole { least, most } = definition.kind else { return None };
    let text = value.as_str()?.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match (definition.leaf().rsplit('_').next()?, text[digits..].trim()) {
        (_, "") | ("ms", "ms") | ("bytes", "b") => 1,
        ("ms", "s" | "sec") => 1_000,
        ("ms", "m" | "min") => 60_000,
        ("ms", "h") => 3_600_000,
        ("bytes", "k" | "kb" | "kib") => 1 << 10,
        ("bytes", "m" | "mb" | "mib") => 1 << 20,
        ("bytes", "g" | "gb" | "gib") => 1 << 30,
        _ => return None,
    };
    let number = number.checked_mul(factor).filter(|number| (least..=most).contains(number))?;
    Some(format!("write `{} = {number}`", definition.leaf()))
}
