//! `jeton cost`: who spent what on what.

use crate::cli::{By, CostArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_ledger::{CostQuery, CostRow, Dimension, Records, Sums};

pub(crate) fn run(context: &Context, args: &CostArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::store(context)?;
    let query = CostQuery {
        by: dimension(args.by),
        since: Some(super::moment(&args.since)?),
        until: args.until.as_deref().map(super::moment).transpose()?,
        timezone: None,
    };
    let rows = store.cost(&query)?;
    let (real, simulated) = store.totals(query.since, query.until)?;
    if is_json {
        output::json(
            &serde_json::json!({ "by": query.by.name(), "since": query.since, "until": query.until, "rows": rows, "total": { "real": real, "simulated": simulated } }),
        );
        return Ok(());
    }
    if rows.is_empty() {
        println!("No calls since {}. Point a client at the gateway (`jeton up` shows how), or look further back with --since 30d.", args.since);
        return Ok(());
    }
    show(&rows, query.by, &real, &simulated);
    Ok(())
}

/// Prints the table.
pub(crate) fn show(rows: &[CostRow], by: Dimension, real: &Sums, simulated: &Sums) {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in rows {
        for (sums, is_simulated) in [(&row.real, false), (&row.simulated, true)] {
            if sums.calls > 0 {
                lines.push(line(&row.name, sums, is_simulated));
            }
        }
    }
    for (sums, name, is_simulated) in [(real, "total", false), (simulated, "total simulated", true)] {
        if sums.calls > 0 {
            lines.push(line(name, sums, is_simulated));
        }
    }
    output::table(&[by.name(), "cost", "calls", "failed", "refused", "input", "cached", "output", ""], &[1, 2, 3, 4, 5, 6, 7], lines);
    if matches!(by, Dimension::Account | Dimension::Tag) {
        println!("A call counts once in each {}, so the rows do not sum to the total.", by.name());
    }
}

fn line(name: &str, sums: &Sums, is_simulated: bool) -> Vec<String> {
    vec![
        name.to_owned(),
        output::money(sums.cost, sums.unknown_calls),
        output::count(sums.calls),
        output::count(sums.failures()),
        output::count(sums.refused),
        output::count(sums.tokens.input),
        output::count(sums.tokens.cache_read),
        output::count(sums.tokens.output),
        if is_simulated { "simulated".to_owned() } else { String::new() },
    ]
}

const fn dimension(by: By) -> Dimension {
    match by {
        By::Model => Dimension::Model,
        By::Provider => Dimension::Provider,
        By::Class => Dimension::Class,
        By::Outcome => Dimension::Outcome,
        By::Key => Dimension::Key,
        By::Account => Dimension::Account,
        By::Tag => Dimension::Tag,
        By::Day => Dimension::Day,
        By::Status => Dimension::Status,
    }
}
