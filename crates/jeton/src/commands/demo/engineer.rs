//! The systems engineer's story: a server is started, asked, killed and started again, and every figure that is printed comes from its ledger.

use super::client::Client;
use super::project::DemoProject;
use super::server::DemoServer;
use crate::commands;
use crate::failure::Failure;
use jeton_core::CallId;
use jeton_ledger::sqlite::SqliteStore;
use jeton_ledger::{CallFilter, CostQuery, Dimension, Records};

/// Calls of the class that a failing and a healthy twin serve, and of the one that `local/extract` serves.
const SUPPORT_CALLS: usize = 24;
const DOCS_CALLS: usize = 12;

/// What the story came to.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Outcome {
    asked: usize,
    answered: usize,
    rescued_by_the_second_model: usize,
    interrupted_by_the_kill: usize,
    recorded: u64,
    ledger_holds: bool,
    pub(super) ok: bool,
}

/// Tells the story.
pub(super) fn run(is_json: bool) -> Result<Outcome, Failure> {
    let say = super::voice(is_json);
    let project = DemoProject::new()?;
    say("1. A project with two kinds of work. support.reply goes to a provider that fails, then to one that is healthy;");
    say("   docs.answer goes to local/extract, which answers from the given context, word for word, for nothing.");
    let mut server = DemoServer::start(project.dir())?;
    say(&format!("   The gateway listens on {}.\n", server.address()));
    let mut outcome = Outcome::default();
    say(&format!("2. A client in the shape of the vendors' SDKs sends {SUPPORT_CALLS} + {DOCS_CALLS} calls, streamed and whole, in two dialects."));
    work(&server.client(), &mut outcome, 0..SUPPORT_CALLS / 2, 0..DOCS_CALLS / 2)?;
    say("3. In the middle of a stream the server is killed (SIGKILL) and started again.");
    let cut = server.client().begin_stream("slow/tortoise", "support.reply")?;
    let address = server.kill()?;
    drop(cut);
    server = DemoServer::start(project.dir())?;
    say(&format!("   {address} is gone; the new one listens on {}.", server.address()));
    work(&server.client(), &mut outcome, SUPPORT_CALLS / 2..SUPPORT_CALLS, DOCS_CALLS / 2..DOCS_CALLS)?;
    say(&format!("   {} of {} calls were answered.\n", outcome.answered, outcome.asked));
    server.stop()?;
    report(&project, &mut outcome, is_json)?;
    Ok(outcome)
}

/// Sends the numbered calls of both classes.
fn work(client: &Client, outcome: &mut Outcome, support: std::ops::Range<usize>, docs: std::ops::Range<usize>) -> Result<(), Failure> {
    for number in support {
        outcome.asked += 1;
        let reply = if number % 3 == 0 { client.messages("reliable", number, true)? } else { client.chat("reliable", number, number % 2 == 0)? };
        outcome.answered += usize::from(reply);
    }
    for number in docs {
        outcome.asked += 1;
        outcome.answered += usize::from(client.extract(number)?);
    }
    Ok(())
}

fn report(project: &DemoProject, outcome: &mut Outcome, is_json: bool) -> Result<(), Failure> {
    let store = SqliteStore::open(&project.ledger())?;
    let verified = store.verify()?;
    let calls = store.calls(&CallFilter { limit: 1_000, ..CallFilter::default() })?;
    outcome.recorded = verified.calls;
    outcome.rescued_by_the_second_model = calls.iter().filter(|call| call.tries > 1 && call.status == jeton_ledger::CallStatus::Ok).count();
    outcome.interrupted_by_the_kill = calls.iter().filter(|call| call.status == jeton_ledger::CallStatus::Interrupted).count();
    outcome.ledger_holds = verified.is_good();
    outcome.ok = outcome.answered == outcome.asked
        && outcome.ledger_holds
        && outcome.rescued_by_the_second_model == SUPPORT_CALLS
        && outcome.interrupted_by_the_kill == 1
        && outcome.recorded == outcome.asked as u64 + 1;
    if !is_json {
        println!("4. The books: {}", commands::ledger_summary(&verified));
        println!("   The call that the kill cut off is charged at what was held for it, and marked so.\n");
        println!("5. What each kind of work cost (jeton cost --by class):\n");
        let cost = store.cost(&CostQuery::all(Dimension::Class))?;
        let (real, simulated) = store.totals(None, None)?;
        commands::show_costs(&cost, Dimension::Class, &real, &simulated);
        println!("\n6. One receipt (jeton call show):\n");
        print!("{}", receipt(&store, calls.iter().find(|call| call.tries > 1).map(|call| call.id))?);
        println!("\n{}", if outcome.ok { "All of it held." } else { "NOT all of it held; run with --json for the figures." });
        println!("The project stays in {} to look around: jeton --project {0} call list", project.dir().display());
    }
    Ok(())
}

fn receipt(store: &SqliteStore, id: Option<CallId>) -> Result<String, Failure> {
    let detail = id.map(|id| store.call(id)).transpose()?.flatten();
    Ok(detail.map_or_else(String::new, |detail| commands::call_receipt(&detail)))
}
