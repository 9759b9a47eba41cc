//! The commands, one file each.

mod check;
mod cluster;
mod explain;
mod gate;
mod list;
mod matrix;
mod probe;
mod report;
mod run;
mod schema;
mod simulator;
mod snapshot;
mod verify;
mod version;
mod webhook;

use clap::CommandFactory as _;
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::{Arguments, Command, CompletionArguments},
    diagnostics,
    end::End,
    error::Failure,
    terminal::{self, Environment, Terminal},
};

/// What every command may know of its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// How to write.
    pub(crate) terminal: Terminal,
    /// The variables that many tools share.
    pub(crate) environment: Environment,
    /// Cancelled by the first signal.
    pub(crate) cancellation: CancellationToken,
}

/// Runs a command to its end, and tells why where it cannot.
pub(crate) async fn execute(command: Command, context: Context) -> End {
    let ended = match command {
        Command::Run(arguments) => run::run(*arguments, &context).await,
        Command::List(arguments) => list::run(&arguments, &context),
        Command::Check(arguments) => check::run(&arguments, &context),
        Command::Explain(arguments) => explain::run(arguments, &context).await,
        Command::Verify(arguments) => verify::run(arguments, &context).await,
        Command::Cluster(arguments) => cluster::run(arguments.command, &context).await,
        Command::Report(arguments) => report::run(arguments, &context),
        Command::Gate(arguments) => gate::run(&arguments, &context),
        Command::Matrix(arguments) => matrix::run(&arguments, &context),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments.decision),
        Command::Webhook(arguments) => webhook::run(arguments, &context).await,
        Command::Probe(arguments) => probe::run(&arguments).await,
        Command::Version(arguments) => version::run(&arguments),
        Command::Completion(arguments) => complete(&arguments),
        Command::Simulator(arguments) => simulator::run(arguments, &context).await,
    };
    ended.unwrap_or_else(|failure| {
        diagnostics::report(&failure, context.terminal);
        failure.end()
    })
}

/// Prints a completion script.
fn complete(arguments: &CompletionArguments) -> Result<End, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "seccomp-harness", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(End::Passed)
}
