//! `jeton config`: what is set, and what is wrong with it.

use crate::cli::ConfigCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_project::Origin;

pub(crate) fn run(context: &Context, command: &ConfigCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => check(context, is_json),
        ConfigCommand::Schema => {
            output::json(&jeton_project::schema());
            Ok(())
        }
        ConfigCommand::Reference => {
            print!("{}", jeton_project::reference());
            Ok(())
        }
        ConfigCommand::Show { effective } => show(context, *effective, is_json),
    }
}

fn check(context: &Context, is_json: bool) -> Result<(), Failure> {
    let snapshot = match context.snapshot() {
        Ok(snapshot) => snapshot,
        Err(Failure::Config(report)) => {
            if is_json {
                output::json(&serde_json::json!({ "ok": false, "diagnostics": report.diagnostics }));
            } else {
                println!("{report}");
            }
            return Err(Failure::No);
        }
        Err(other) => return Err(other),
    };
    if is_json {
        output::json(&serde_json::json!({ "ok": true, "digest": snapshot.digest, "notes": snapshot.notes }));
        return Ok(());
    }
    let file = context.project.file();
    let what = if file.is_file() { format!("{} is good", file.display()) } else { "There is no jeton.toml: every default holds".to_owned() };
    println!("{what} (digest {}).", snapshot.digest);
    for note in &snapshot.notes {
        println!("  note: {note}");
    }
    Ok(())
}

fn show(context: &Context, is_effective: bool, is_json: bool) -> Result<(), Failure> {
    let settings = context.snapshot()?.effective();
    let shown: Vec<_> = settings.into_iter().filter(|setting| is_effective || setting.origin != Origin::Default).collect();
    if is_json {
        output::json(&shown);
        return Ok(());
    }
    if shown.is_empty() {
        println!("Nothing is set; every default holds. `jeton config show --effective` shows them.");
        return Ok(());
    }
    let rows = shown.iter().map(|setting| vec![setting.path.clone(), setting.value.to_string(), setting.origin.to_string()]).collect();
    output::table(&["setting", "value", "from"], &[], rows);
    Ok(())
}
