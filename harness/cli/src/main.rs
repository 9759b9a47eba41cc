//! The command.

mod arguments;
mod command;
mod diagnostics;
mod duration;
mod end;
mod envtest;
mod error;
mod files;
mod folders;
mod reporting;
mod selection;
mod signals;
mod supervised;
mod terminal;
mod webhook_choice;

use std::{env, io, process::ExitCode};

use clap::Parser as _;
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::{
    arguments::{Arguments, Command},
    command::Context,
    end::End,
    error::Failure,
    terminal::{Environment, Terminal},
};

/// Thousands of cases make and drop small JSON values on every thread, which costs a third less with this allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if supervised::failed(env::args_os()) {
        return End::Infrastructure.into();
    }
    let environment = Environment::read();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed stream leaves nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { End::Usage } else { End::Passed }.into();
        }
    };
    let terminal = Terminal::detect(arguments.output.color(), arguments.output.quiet, &environment);
    run(arguments, environment, terminal)
        .unwrap_or_else(|failure| {
            diagnostics::report(&failure, terminal);
            failure.end()
        })
        .into()
}

fn run(arguments: Arguments, environment: Environment, terminal: Terminal) -> Result<End, Failure> {
    log_to_stderr(&arguments.output.log, terminal)
        .map_err(|error| Failure::usage(format!("read --log `{}`: {error}", arguments.output.log)))?;
    let cancellation = CancellationToken::new();
    let context = Context { terminal, environment, cancellation: cancellation.clone() };
    if matches!(arguments.command, Command::Probe(_)) {
        // Many containers run it; one thread is enough, and a signal is how it ends well.
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        return Ok(runtime.block_on(command::execute(arguments.command, context)));
    }
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let end = runtime.block_on(signals::drive(command::execute(arguments.command, context), cancellation));
    // What a second signal left behind is not waited for.
    runtime.shutdown_background();
    Ok(end?)
}

fn log_to_stderr(directives: &str, terminal: Terminal) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(directives)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(terminal.color_stderr)
        .with_target(true)
        .init();
    Ok(())
}
