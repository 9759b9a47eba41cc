//! `check`: reads everything, runs nothing.

use seccomp_scenario::Suite;

use crate::{arguments::CheckArguments, command::Context, end::End, error::Failure, terminal};

/// Reads all files; a file that is wrong is the command's failure.
pub(crate) fn run(arguments: &CheckArguments, context: &Context) -> Result<End, Failure> {
    let folders = arguments.folders.find()?;
    let suite = Suite::read(&folders.scenarios)?;
    if !context.terminal.quiet {
        terminal::print(&format!(
            "{} scenarios and {} requirements are well written ({})\n",
            suite.scenarios.len(),
            suite.requirements.iter().len(),
            folders.scenarios
        ))?;
    }
    Ok(End::Passed)
}
