//! `schema`: the JSON schemas of the files that are read and written.

use seccomp_report::{Document, Policy, Waiver};

use crate::{
    arguments::{SchemaArguments, SchemaOf},
    end::End,
    error::Failure,
    terminal,
};

/// Prints a schema.
pub(crate) fn run(arguments: &SchemaArguments) -> Result<End, Failure> {
    let schema = match arguments.of {
        SchemaOf::Scenario => seccomp_scenario::schema(),
        SchemaOf::Report => Document::schema(),
        SchemaOf::Policy => Policy::schema(),
        SchemaOf::Waivers => Waiver::schema(),
    };
    terminal::print(&format!("{schema:#}\n"))?;
    Ok(End::Passed)
}
