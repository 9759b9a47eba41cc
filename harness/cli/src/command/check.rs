//! `check`: reads everything, runs nothing.

use seccomp_scenario::Suite;

use crate::{arguments::CheckArguments, command::Context, diagnostics, end::End, error::Failure, terminal};

/// Reads all files; a file that is wrong is the command's failure.
pub(crate) fn run(arguments: &CheckArguments, context: &Context) -> Result<End, Failure> {
    let folders = arguments.folders.find()?;
    let suite = Suite::read(&folders.scenarios)?;
    if suite.scenarios.is_empty() {
        terminal::note(&format!("there is no scenario in {}", folders.scenarios));
        return Ok(End::NothingSelected);
    }
    if !context.terminal.quiet {
        terminal::print(&format!(
            "{} and {} well written ({})\n",
            diagnostics::count(suite.scenarios.len(), "scenario"),
            diagnostics::count(suite.requirements.iter().len(), "requirement"),
            folders.scenarios
        ))?;
    }
    Ok(End::Passed)
}
