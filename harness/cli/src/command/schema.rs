//! `schema`: the JSON schema of scenario files.

use crate::{end::End, error::Failure, terminal};

/// Prints the schema.
pub(crate) fn run() -> Result<End, Failure> {
    terminal::print(&format!("{:#}\n", seccomp_scenario::schema()))?;
    Ok(End::Passed)
}
