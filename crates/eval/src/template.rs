//! Templates of prompts and graders: `{{name}}`, with Jinja's loops, conditions and filters. Values are data: what they hold is never read as
//! a template.

use minijinja::value::{Value as Inner, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Steps of one rendering: enough for a prompt with a thousand examples, and an end to loops in loops.
const STEPS_MAX: u64 = 1_000_000;

/// Renders `template` with `values`. A name without a value is an error where it is printed, and false where it is a condition. `null` prints
/// nothing; lists and objects print as JSON. Beside Jinja's own filters there are `tojson` and `dump` (JSON).
///
/// # Errors
/// What is wrong with the template, or which name has no value.
pub fn render(template: &str, values: &Map<String, Value>) -> Result<String, String> {
    if !is_template(template) {
        return Ok(template.to_owned());
    }
    ENVIRONMENT.render_str(template, values).map_err(|error| told(&error, template, values))
}

/// The names whose values the template may ask for.
///
/// # Errors
/// What is wrong with the template, with its line.
pub fn names(template: &str) -> Result<BTreeSet<String>, String> {
    if !is_template(template) {
        return Ok(BTreeSet::new());
    }
    let parsed = ENVIRONMENT.template_from_str(template).map_err(|error| told(&error, template, &Map::new()))?;
    let is_built_in = |name: &String| ENVIRONMENT.globals().any(|(global, _)| global == name) || name == "loop";
    Ok(parsed.undeclared_variables(false).into_iter().filter(|name| !is_built_in(name)).collect())
}

/// Whether the text holds anything that a template can say. Braces of JSON and of regular expressions are none.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || (text.contains("{#") && text.contains("#}"))
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_keep_trailing_newline(true);
    environment.set_fuel(Some(STEPS_MAX));
    environment.add_filter("tojson", json);
    environment.add_filter("dump", json);
    environment.set_formatter(|out, state, value| match value.kind() {
        ValueKind::None => Ok(()),
        ValueKind::Seq | ValueKind::Map => out.write_str(&json(value.clone())?).map_err(|_| ErrorKind::WriteFailure.into()),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment
});

#[allow(clippy::needless_pass_by_value)] // The shape of a filter.
fn json(value: Inner) -> Result<String, minijinja::Error> {
    serde_json::to_string(&value).map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// An error in words of ours: the name that has no value, else the engine's detail with its line.
fn told(error: &minijinja::Error, template: &str, values: &Map<String, Value>) -> String {
    if error.kind() == ErrorKind::UndefinedError {
        let missing: Vec<String> = names(template).unwrap_or_default().into_iter().filter(|name| !values.contains_key(name)).collect();
        return match missing.as_slice() {
            [] => "a part of a value that is asked for is not there".to_owned(),
            names => format!("there is no value for `{}`", names.join("`, `")),
        };
    }
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    error.line().map_or_else(|| what.clone(), |line| format!("line {line}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, expected: Result<&str, &str>) {
        let values = json!({"input": "{{secret}} <b>", "n": 3, "f": 0.5, "none": null, "list": ["a", "b"], "o": {"z": 1, "a": [true]}});
        let rendered = render(template, values.as_object().unwrap());
        assert_eq!(rendered.as_deref().map_err(String::as_str), expected, "{template}");
    }

    #[test]
    fn values_are_data() {
        check("Q: {{input}}\n", Ok("Q: {{secret}} <b>\n"));
        check("{{n}} {{ f }} [{{none}}] {{list}} {{o}}", Ok("3 0.5 [] [\"a\",\"b\"] {\"z\":1,\"a\":[true]}"));
        check("{% for x in list %}{{loop.index}}{{x}}{% endfor %} {{o | dump}} {{list | join('-')}}", Ok("1a2b {\"z\":1,\"a\":[true]} a-b"));
        check("{\"a\": 1} {# x", Ok("{\"a\": 1} {# x"));
        check("{% if gone %}x{% else %}y{% endif %}", Ok("y"));
    }

    #[test]
    fn mistakes_are_told() {
        check("{{gone}} {{n}}", Err("there is no value for `gone`"));
        check("{{o.gone.x}}", Err("a part of a value that is asked for is not there"));
        check("a\n{{ b", Err("line 2: unexpected end of input, expected end of variable block"));
        check("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", Err("line 1: engine ran out of fuel"));
    }

    #[test]
    fn the_names_that_are_asked_for() {
        let names = names("{{a.b}} {% for x in list %}{{x}}{{loop.index}}{% endfor %}{% set y = range(n) %}{{y}}").unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "list", "n"]);
        assert!(super::names("{{ a").is_err());
    }
}
