//! How data is shown: a table for people, JSON for programs.

pub(crate) use jeton_context::audit::grouped as count;

use jeton_context::audit::visible;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use jeton_core::{Certainty, Cost, Nanousd};
use serde::Serialize;

/// A text of a model, a provider or a file for a terminal: it keeps its lines and tabs, and nothing in it can steer the terminal. The joiners
/// that some scripts are written with stay, too.
pub(crate) fn plain(text: &str) -> String {
    let tame = |c: char| if matches!(c, '\n' | '\t' | '\u{200C}' | '\u{200D}') { c } else { visible(c) };
    text.replace("\r\n", "\n").chars().map(tame).collect()
}

/// The same on one line.
pub(crate) fn line(text: &str) -> String {
    plain(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Prints `data` as one JSON document. What could steer a terminal is written by its number: to whoever reads JSON it is the same.
pub(crate) fn json(data: &impl Serialize) {
    match serde_json::to_string_pretty(data) {
        Ok(text) => println!("{}", escaped(&text)),
        Err(error) => eprintln!("error: the data cannot be written as JSON: {error}"),
    }
}

/// JSON with everything but line ends by its number that a terminal would not show. Such characters stand within its texts only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || visible(c) == c {
            text.push(c);
        } else {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    text
}

/// Prints a table without lines, its numbers to the right. `right` says which columns hold numbers.
pub(crate) fn table(heads: &[&str], right: &[usize], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(heads.iter().map(|head| head.to_uppercase()));
    table.add_rows(rows.into_iter().map(|row| row.iter().map(|cell| line(cell)).collect::<Vec<_>>()));
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.lines() {
        println!("{}", line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()));
    }
}

/// A cost; unknown stays unknown, and an estimate is marked.
pub(crate) fn cost(cost: &Cost, certainty: Certainty, is_simulated: bool) -> String {
    let shown = match cost {
        Cost::Known(amount) => format!("{}{amount}", if certainty == Certainty::Estimated { "~" } else { "" }),
        Cost::Unknown(_) => "unknown".to_owned(),
    };
    if is_simulated { format!("{shown} sim") } else { shown }
}

/// A count that may be unknown.
pub(crate) fn known(number: Option<u64>) -> String {
    number.map_or_else(|| "–".to_owned(), count)
}

/// A span in the unit that reads best.
pub(crate) fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..100_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{} s", us / 1_000_000),
    }
}

/// A sum of money beside the number of calls whose cost is unknown.
pub(crate) fn money(amount: Nanousd, unknown_calls: u64) -> String {
    if unknown_calls == 0 { amount.to_string() } else { format!("{amount} + {unknown_calls} unknown") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_steers_no_terminal() {
        let nasty = "a\u{1b}[2Jb\r\nc\rd\u{9b}31m\u{202e}e\tf\u{7f}";
        assert_eq!(plain(nasty), "a\u{fffd}[2Jb\nc\u{fffd}d\u{fffd}31m\u{fffd}e\tf\u{fffd}");
        assert_eq!(line("a\nb\tc\u{1b}"), "a b c\u{fffd}");
        assert_eq!(plain("می\u{200c}روم"), "می\u{200c}روم", "a joiner belongs to its word");
        let json = serde_json::to_string_pretty(&[nasty]).unwrap();
        let told = escaped(&json);
        assert!(told.chars().all(|c| c == '\n' || visible(c) == c), "{told:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&told).unwrap(), [nasty], "and says the same");
    }

    #[test]
    fn figures_read_well() {
        assert_eq!([span(7), span(1_540), span(250_000), span(61_000_000)], ["7 µs", "1.5 ms", "250 ms", "61 s"]);
        assert_eq!(cost(&Cost::Known(Nanousd(10_000)), Certainty::Estimated, true), "~$0.00001 sim");
        assert_eq!(cost(&Cost::Unknown("why".into()), Certainty::Unknown, false), "unknown");
    }
}
