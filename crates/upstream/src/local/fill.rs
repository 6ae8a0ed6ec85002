//! A JSON schema filled from what the context states, or not at all.

use crate::local::answer::answer;
use crate::local::coerce::scalar;
use crate::local::facts::{Fact, Facts, Given, Grid, Place, facts};
use crate::local::material::Material;
use crate::local::{Extraction, Passage, THRESHOLD};
use jeton_text::terms;
use serde_json::{Map, Value};

/// From this likeness of names on, a fact is taken for the member asked for.
const ALIKE: f64 = 0.5;
/// The likeness of a fact whose key has words of the member's description only.
const BY_DESCRIPTION: f64 = 0.6;
/// Two facts nearer than this that say different things leave the member open: choosing would be guessing.
const TIE: f64 = 0.05;
/// Schemas may refer to themselves.
const DEPTH_MOST: usize = 16;

/// Members that ask for the answer itself.
const ANSWER_MEMBERS: &[&str] = &["answer", "response", "reply", "quote", "evidence", "citation", "passage"];

/// What became of a part of the schema.
enum Part {
    Filled(Value),
    /// Not found. Says which member and why.
    Missing(String),
}

struct Filler<'a> {
    root: &'a Value,
    material: &'a Material,
    facts: Facts,
    question: Vec<String>,
    /// Likeness of each filled member.
    scores: Vec<f64>,
    /// Members that could be left open.
    open: usize,
    places: Vec<Place>,
}

/// Fills the schema. Members that are not found become `null` or are left out where the schema allows it; else the whole answer is abstained
/// from. The confidence is the mean likeness of the members' names to what was found, times the share of members found.
pub(crate) fn fill(schema: &Value, material: &Material) -> Extraction {
    let facts = facts(&material.sources);
    let mut filler = Filler { root: schema, material, facts, question: terms(&material.question), scores: Vec::new(), open: 0, places: Vec::new() };
    let outcome = filler.part(schema, &[], "", 0);
    #[allow(clippy::cast_precision_loss)]
    let confidence = filler.scores.iter().sum::<f64>() / (filler.scores.len() as f64 + 0.5 * filler.open as f64).max(1.0);
    let passages = filler.passages();
    match outcome {
        Part::Missing(reason) => Extraction::abstained(&reason, unused(passages), confidence.min(THRESHOLD)),
        Part::Filled(_) if filler.scores.is_empty() => Extraction::abstained("no member of the schema is stated in the context", unused(passages), 0.0),
        Part::Filled(_) if confidence < THRESHOLD => {
            Extraction::abstained("too few members of the schema are stated in the context", unused(passages), confidence)
        }
        Part::Filled(value) => {
            let reason = format!("{} values were found in the context, {} left open", filler.scores.len(), filler.open);
            Extraction { answer: Some(value.to_string()), confidence: confidence.clamp(0.0, 1.0), passages, reason }
        }
    }
}

fn unused(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.iter_mut().for_each(|passage| passage.used = false);
    passages
}

impl<'a> Filler<'a> {
    fn passages(&self) -> Vec<Passage> {
        let mut places = self.places.clone();
        places.sort_by_key(|(source, range)| (*source, range.start, range.end));
        places.dedup();
        places.into_iter().map(|(source, range)| Passage::new(&self.material.sources[source], range, 1.0, true)).collect()
    }

    /// Fills one part; `name` are the terms of the member that holds it, `shown` its path.
    fn part(&mut self, schema: &'a Value, name: &[String], shown: &str, depth: usize) -> Part {
        if depth > DEPTH_MOST {
            return Part::Missing(format!("the schema of `{shown}` is nested too deeply"));
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return match target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) {
                Some(found) => self.part(found, name, shown, depth + 1),
                None => Part::Missing(format!("the schema of `{shown}` refers to {target}, which is not in it")),
            };
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            if let Some(choices) = schema.get(word).and_then(Value::as_array) {
                return self.first_of(choices, name, shown, depth);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, shown, depth),
            "array" => self.array(schema, name, shown, depth),
            kind => self.scalar(kind, schema, name, shown),
        }
    }

    fn first_of(&mut self, choices: &'a [Value], name: &[String], shown: &str, depth: usize) -> Part {
        let mut last = Part::Missing(format!("`{shown}` has no form that can be filled"));
        for choice in choices.iter().filter(|choice| kind(choice) != "null") {
            let before = (self.scores.len(), self.open, self.places.len());
            last = self.part(choice, name, shown, depth + 1);
            if matches!(last, Part::Filled(_)) {
                return last;
            }
            self.scores.truncate(before.0);
            self.open = before.1;
            self.places.truncate(before.2);
        }
        last
    }

    fn object(&mut self, schema: &'a Value, shown: &str, depth: usize) -> Part {
        let mut object = Map::new();
        let required: Vec<&str> = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (member, part) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = if shown.is_empty() { member.clone() } else { format!("{shown}.{member}") };
            let before = (self.scores.len(), self.open, self.places.len());
            match self.part(part, &terms(member), &path, depth + 1) {
                Part::Filled(value) => {
                    object.insert(member.clone(), value);
                    continue;
                }
                Part::Missing(reason) if !is_nullable(self.root, part, 0) && required.contains(&member.as_str()) => return Part::Missing(reason),
                Part::Missing(_) => {}
            }
            // What was found of a member that is then left open is not in the answer.
            self.scores.truncate(before.0);
            self.places.truncate(before.2);
            self.open = before.1 + 1;
            if is_nullable(self.root, part, 0) {
                object.insert(member.clone(), Value::Null);
            }
        }
        Part::Filled(Value::Object(object))
    }

    fn scalar(&mut self, kind: &str, schema: &Value, name: &[String], shown: &str) -> Part {
        let described = described(schema);
        let found = self.facts.facts.iter().filter_map(|fact| {
            let alike = alike(fact, name, &described);
            let value = (alike >= ALIKE).then(|| scalar(kind, schema, &fact.given)).flatten()?;
            Some((alike + self.asked_for(fact), value, fact.place.clone()))
        });
        let found: Vec<(f64, Value, Place)> = found.collect();
        match self.decide(found) {
            Decision::Found(value) => Part::Filled(value),
            Decision::Tie => Part::Missing(format!("the context states different values for `{shown}`")),
            Decision::Nothing => self.answer_member(kind, name).unwrap_or_else(|| Part::Missing(format!("`{shown}` is not stated in the context"))),
        }
    }

    /// A bonus where the question names what the fact belongs to: the row of a table, the object of JSON, the subject of a statement.
    #[allow(clippy::cast_precision_loss)]
    fn asked_for(&self, fact: &Fact) -> f64 {
        let about: Vec<&String> = fact.subject.iter().chain(&fact.key).collect();
        let asked = self.question.iter().filter(|term| about.contains(term)).count();
        0.3 * asked as f64 / self.question.len().max(1) as f64
    }

    fn decide(&mut self, mut found: Vec<(f64, Value, Place)>) -> Decision {
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((score, value, place)) = found.first().cloned() else { return Decision::Nothing };
        if found.iter().any(|(other, said, _)| score - other < TIE && *said != value) {
            return Decision::Tie;
        }
        self.scores.push(score.min(1.0));
        self.places.push(place);
        Decision::Found(value)
    }

    /// A text member called `answer` gets the best passage.
    fn answer_member(&mut self, kind: &str, name: &[String]) -> Option<Part> {
        let asked = ANSWER_MEMBERS.iter().any(|member| terms(member) == name);
        let found = (kind == "string" && asked).then(|| answer(&self.material.question, &self.material.sources))?;
        let text = found.answer?;
        self.scores.push(found.confidence);
        for passage in found.passages.into_iter().filter(|passage| passage.used) {
            let source = self.material.sources.iter().position(|source| source.message == passage.message)?;
            self.places.push((source, passage.start..passage.end));
        }
        Some(Part::Filled(Value::String(text)))
    }

    fn array(&mut self, schema: &'a Value, name: &[String], shown: &str, depth: usize) -> Part {
        let Some(items) = schema.get("items").map(|items| self.resolved(items)) else {
            return Part::Missing(format!("the schema of `{shown}` says nothing of its items"));
        };
        let part = if kind(items) == "object" { self.rows(items, shown, depth) } else { self.list(items, name, shown) };
        let Part::Filled(Value::Array(values)) = &part else { return part };
        let bound = |word: &str| schema.get(word).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        if bound("minItems").is_some_and(|least| values.len() < least) || bound("maxItems").is_some_and(|most| values.len() > most) {
            return Part::Missing(format!("the context has {} items for `{shown}`, which the schema does not allow", values.len()));
        }
        part
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        schema.get("$ref").and_then(Value::as_str).and_then(|target| self.root.pointer(target.strip_prefix('#')?)).unwrap_or(schema)
    }

    /// Scalars: a list, a JSON array, a text with commas, or a table's column.
    fn list(&mut self, items: &Value, name: &[String], shown: &str) -> Part {
        let kind = kind(items);
        let mut found: Vec<(f64, Value, Place)> = Vec::new();
        for fact in &self.facts.facts {
            let alike = alike(fact, name, &[]);
            let given: Vec<Given> = match &fact.given {
                Given::List(items) => items.iter().cloned().map(Given::Text).collect(),
                Given::Json(Value::Array(items)) => items.iter().cloned().map(Given::Json).collect(),
                Given::Text(text) => split_list(text).into_iter().map(Given::Text).collect(),
                Given::Json(_) => continue,
            };
            let values: Option<Vec<Value>> = given.iter().map(|given| scalar(kind, items, given)).collect();
            if let Some(values) = values.filter(|values| alike >= ALIKE && !values.is_empty()) {
                // A true list tells more than a text that was cut.
                let sure = if matches!(fact.given, Given::Text(_)) { 0.0 } else { 2.0 * TIE };
                found.push((alike + sure + self.asked_for(fact), Value::Array(values), fact.place.clone()));
            }
        }
        if let Some(column) = self.column(kind, items, name) {
            found = vec![column];
        }
        match self.decide(found) {
            Decision::Found(value) => Part::Filled(value),
            Decision::Tie => Part::Missing(format!("the context states different lists for `{shown}`")),
            Decision::Nothing => Part::Missing(format!("no list for `{shown}` is in the context")),
        }
    }

    /// A column of a table of several rows whose header names the list.
    fn column(&self, kind: &str, items: &Value, name: &[String]) -> Option<(f64, Value, Place)> {
        self.facts.grids.iter().filter(|grid| grid.rows.len() > 1).find_map(|grid| {
            let place = (0..grid.columns.len()).find(|&at| likeness(name, &grid.columns[at], &[]) >= 0.8)?;
            let values: Option<Vec<Value>> = grid.rows.iter().map(|row| scalar(kind, items, row[place].as_ref()?)).collect();
            let (source, first) = grid.places.first()?.clone();
            let end = grid.places.last().map_or(first.end, |(_, last)| last.end);
            Some((1.0, Value::Array(values?), (source, first.start..end)))
        })
    }

    /// Objects: the rows of the table that has most of the members. A row that cannot be filled spoils the table: none is dropped in silence.
    fn rows(&mut self, items: &Value, shown: &str, depth: usize) -> Part {
        let members: Vec<(&String, &Value)> = items.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
        let mut best: Option<(f64, Grid, Vec<Option<usize>>)> = None;
        for grid in &self.facts.grids {
            let (score, columns) = columns_of(grid, &members);
            if score >= ALIKE && best.as_ref().is_none_or(|(other, ..)| score > *other) {
                best = Some((score, grid.clone(), columns));
            }
        }
        let Some((score, grid, columns)) = best.filter(|_| depth < DEPTH_MOST) else {
            return Part::Missing(format!("no table for `{shown}` is in the context"));
        };
        let required: Vec<&str> = items.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut rows = Vec::new();
        for row in &grid.rows {
            let mut object = Map::new();
            for ((member, schema), column) in members.iter().zip(&columns) {
                let (nullable, schema) = (is_nullable(self.root, schema, 0), self.form(schema));
                let given = column.and_then(|at| row[at].as_ref());
                match given.and_then(|given| scalar(kind(schema), schema, given)) {
                    Some(value) => object.insert((*member).clone(), value),
                    None if nullable => object.insert((*member).clone(), Value::Null),
                    None if required.contains(&member.as_str()) => return Part::Missing(format!("a row has no fitting value for `{shown}.{member}`")),
                    None => None,
                };
            }
            rows.push(Value::Object(object));
        }
        if let (Some((source, first)), Some((_, last))) = (grid.places.first(), grid.places.last()) {
            self.places.push((*source, first.start..last.end));
        }
        self.scores.push(score);
        Part::Filled(Value::Array(rows))
    }

    /// The schema itself or what it refers to; of several forms the first that is not null.
    fn form<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| self.root.pointer(target.strip_prefix('#')?)).unwrap_or(schema);
        let choices = ["anyOf", "oneOf", "allOf"].iter().find_map(|word| target.get(word).and_then(Value::as_array));
        choices.and_then(|choices| choices.iter().find(|choice| kind(choice) != "null")).unwrap_or(target)
    }
}

enum Decision {
    Found(Value),
    Tie,
    Nothing,
}

/// The schema's type; the first that is not null where it names several. A schema with members is an object, one of words a string.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn is_nullable(root: &Value, schema: &Value, depth: usize) -> bool {
    let inner = |schema: &Value| depth < DEPTH_MOST && is_nullable(root, schema, depth + 1);
    let typed = match schema.get("type") {
        Some(Value::String(kind)) => kind == "null",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        _ => false,
    };
    let chosen = ["anyOf", "oneOf"].iter().filter_map(|word| schema.get(word).and_then(Value::as_array)).flatten().any(inner);
    let referred = schema.get("$ref").and_then(Value::as_str).and_then(|target| root.pointer(target.strip_prefix('#')?)).is_some_and(inner);
    typed || chosen || referred
}

/// Terms of what the schema says of a member in words.
fn described(schema: &Value) -> Vec<String> {
    ["title", "description"].iter().filter_map(|word| schema.get(word).and_then(Value::as_str)).flat_map(terms).collect()
}

/// How well a fact's key names the member: the share of the member's words in the key (or, for less, in what the key belongs to), lowered by
/// further words of the key; or the words of its description where the names share nothing.
fn alike(fact: &Fact, name: &[String], described: &[String]) -> f64 {
    let alike = likeness(name, &fact.key, &fact.subject);
    let by_words = if alike < ALIKE && fact.key.iter().all(|term| described.contains(term)) { BY_DESCRIPTION } else { 0.0 };
    alike.max(by_words) * fact.strength
}

/// How well `key` (with what it belongs to) names `name`, 0 to 1.
#[allow(clippy::cast_precision_loss)]
fn likeness(name: &[String], key: &[String], subject: &[String]) -> f64 {
    let shared = key.iter().filter(|term| name.contains(term)).count();
    if shared == 0 {
        return 0.0;
    }
    let named: f64 = name
        .iter()
        .map(|term| {
            if key.contains(term) {
                1.0
            } else if subject.contains(term) {
                0.8
            } else {
                0.0
            }
        })
        .sum();
    named / name.len() as f64 * (0.6 + 0.4 * shared as f64 / key.len() as f64)
}

/// The items of a text such as `nuts, bolts and oil`.
fn split_list(text: &str) -> Vec<String> {
    let commas = text.split([',', ';', '、', '，']).map(|item| item.trim().strip_prefix("and ").unwrap_or(item.trim()));
    let mut items: Vec<String> = commas.filter(|item| !item.is_empty()).map(str::to_owned).collect();
    if let Some((before, after)) = items.last().and_then(|last| last.split_once(" and ")).map(|(before, after)| (before.to_owned(), after.to_owned())) {
        items.pop();
        items.extend([before, after]);
    }
    if let Some(last) = items.last_mut() {
        last.truncate(last.trim_end_matches('.').len());
    }
    items
}

/// For each member the column that names it best, and the mean likeness.
#[allow(clippy::cast_precision_loss)]
fn columns_of(grid: &Grid, members: &[(&String, &Value)]) -> (f64, Vec<Option<usize>>) {
    let mut total = 0.0;
    let mut columns = Vec::new();
    for (member, _) in members {
        let name = terms(member);
        let best = (0..grid.columns.len()).map(|at| (likeness(&name, &grid.columns[at], &[]), at)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let column = best.filter(|(alike, _)| *alike >= ALIKE);
        total += column.map_or(0.0, |(alike, _)| alike);
        columns.push(column.map(|(_, at)| at));
    }
    (total / members.len().max(1) as f64, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::extract;
    use jeton_wire::Endpoint;
    use jeton_wire::canonical::{Message, Request, ResponseFormat, Role};
    use serde_json::json;

    fn filled(context: &str, question: &str, properties: Value, required: Value) -> Extraction {
        let mut request = Request::new(Endpoint::Chat, "local/extract");
        request.messages = vec![Message::text(Role::System, context), Message::text(Role::User, question)];
        let schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            "$defs": { "Money": { "type": "number" } } });
        request.response_format = Some(ResponseFormat::JsonSchema { name: "x".into(), description: None, schema, strict: true });
        extract(&request)
    }

    fn check(context: &str, question: &str, properties: Value, expected: Option<Value>) {
        let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
        let found = filled(context, question, properties.clone(), json!(required));
        let answer = found.answer.as_deref().map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(answer, expected, "{context:?}: {}", found.reason);
    }

    #[test]
    fn lines_of_key_and_value() {
        let order = "Order number: 5512\nCustomer name: Mara Lind\nTotal: EUR 1,250.50\nPaid: yes\nStatus: Shipped on Monday\nOrdered on: 5 March 2024";
        let properties = json!({
            "order_number": { "type": "integer" }, "customerName": { "type": "string" }, "total": { "$ref": "#/$defs/Money" },
            "paid": { "type": "boolean" }, "status": { "enum": ["open", "shipped"] },
            "date": { "type": "string", "format": "date", "description": "The day it was ordered on" },
        });
        let expected = json!({ "order_number": 5512, "customerName": "Mara Lind", "total": 1250.5, "paid": true, "status": "shipped", "date": "2024-03-05" });
        check(order, "Read the order.", properties, Some(expected));
    }

    #[test]
    fn what_is_not_stated_is_null_or_the_whole_is_abstained_from() {
        let string = json!({ "type": "string" });
        check("Name: Tea", "Read.", json!({ "name": string, "colour": string }), None);
        check("Name: Tea", "Read.", json!({ "name": string, "colour": { "type": ["string", "null"] } }), Some(json!({ "name": "Tea", "colour": null })));
        let optional = json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] });
        check("Name: Tea", "Read.", json!({ "name": string, "size": optional }), Some(json!({ "name": "Tea", "size": null })));
        check("Name: Tea\nSize: 3 to 5", "Read.", json!({ "name": string, "size": optional }), Some(json!({ "name": "Tea", "size": null })));
        check("Nothing here.", "Read.", json!({ "size": optional }), None);
        let left_out = filled("Name: Tea", "Read.", json!({ "name": string, "colour": string }), json!(["name"]));
        assert_eq!(left_out.answer.as_deref(), Some("{\"name\":\"Tea\"}"));
    }

    #[test]
    fn different_values_for_one_member_are_no_value() {
        check("Price: 4\n\nPrice: 5", "Read.", json!({ "price": { "type": "integer" } }), None);
        check("Price: 4\n\nPrice: 4", "Read.", json!({ "price": { "type": "integer" } }), Some(json!({ "price": 4 })));
    }

    const PLANS: &str = "| Plan | Price | Seats |\n|---|---|---|\n| Starter | $9 | 3 |\n| Team | $49 | 20 |";

    #[test]
    fn tables_give_rows_columns_and_cells() {
        let row = json!({ "type": "object", "properties": { "plan": { "type": "string" }, "price": { "type": "number" }, "seats": { "type": "integer" } },
            "required": ["plan", "price", "seats"] });
        let rows = json!({ "plans": [{ "plan": "Starter", "price": 9, "seats": 3 }, { "plan": "Team", "price": 49, "seats": 20 }] });
        check(PLANS, "List the plans.", json!({ "plans": { "type": "array", "items": row } }), Some(rows));
        check(PLANS, "List the seats.", json!({ "seats": { "type": "array", "items": { "type": "integer" } } }), Some(json!({ "seats": [3, 20] })));
        let cell = json!({ "price": { "type": "number" }, "seats": { "type": "integer" } });
        check(PLANS, "What does the Team plan offer?", cell.clone(), Some(json!({ "price": 49, "seats": 20 })));
        check(PLANS, "What does a plan offer?", cell, None);
        let key_value = "| Field | Value |\n|--|--|\n| Colour | red |\n| Height | 12 cm |";
        check(key_value, "Read.", json!({ "height": { "type": "integer" }, "colour": { "type": "string" } }), Some(json!({ "height": 12, "colour": "red" })));
    }

    #[test]
    fn json_lists_and_statements() {
        let json_text = "The reply was {\"user\": {\"name\": \"Oda\", \"age\": 31}, \"tags\": [\"a\", \"b\"]}.";
        let properties = json!({ "user_name": { "type": "string" }, "age": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } } });
        check(json_text, "Read.", properties, Some(json!({ "user_name": "Oda", "age": 31, "tags": ["a", "b"] })));
        let nested = json!({ "user": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] } });
        check(json_text, "Read.", nested, Some(json!({ "user": { "name": "Oda" } })));
        let prose = "The capital of Norland is Osk. Its colours are red, white and blue.\n\nRivers:\n- Sella\n- Mire";
        let list = json!({ "type": "array", "items": { "type": "string" } });
        let expected = json!({ "capital": "Osk", "colours": ["red", "white", "blue"], "rivers": ["Sella", "Mire"] });
        check(prose, "Read.", json!({ "capital": { "type": "string" }, "colours": list, "rivers": list }), Some(expected));
    }

    #[test]
    fn a_member_called_answer_gets_the_best_passage() {
        let text = "The lamp costs 40 euros. It is red.";
        check(text, "How much does the lamp cost?", json!({ "answer": { "type": "string" } }), Some(json!({ "answer": "The lamp costs 40 euros." })));
        check(text, "Who invented the telegraph?", json!({ "answer": { "type": "string" } }), None);
    }

    #[test]
    fn the_values_are_quoted_with_their_places() {
        let found = filled("Name: Tea\nSize: 3", "Read.", json!({ "size": { "type": "integer" } }), json!(["size"]));
        let shown: Vec<(&str, usize, bool)> = found.passages.iter().map(|passage| (passage.text.as_str(), passage.start, passage.used)).collect();
        assert_eq!(shown, [("Size: 3", 10, true)]);
        assert!(found.confidence > 0.9);
    }
}
