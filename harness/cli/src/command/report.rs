//! `report`: reports of shards become one, and one becomes another.

use std::fs;

use anyhow::Context as _;
use camino::Utf8Path;
use seccomp_report::{Document, merge};

use crate::{
    arguments::report::{ReportArguments, ReportCommand, ReportingArguments},
    command::Context,
    end::End,
    error::Failure,
    reporting::Reporting,
    terminal,
};

/// Merges or converts; without a form, the whole goes to standard output as JSON.
pub(crate) fn run(arguments: ReportArguments, context: &Context) -> Result<End, Failure> {
    match arguments.command {
        ReportCommand::Merge(arguments) => {
            let reports = arguments.reports.iter().map(|path| Ok((path.to_string(), read(path)?)));
            let reports = reports.collect::<Result<Vec<_>, Failure>>()?;
            let merged = merge(reports).map_err(|error| Failure::Usage(error.into()))?;
            write(&arguments.reporting, &merged)?;
            // The shards have told their findings beside the lines; the page of the whole is new.
            Reporting::new(&ReportingArguments::default(), &context.environment).publish_page(&merged)?;
            Ok(End::Passed)
        }
        ReportCommand::Convert(arguments) => {
            write(&arguments.reporting, &read(&arguments.report)?)?;
            Ok(End::Passed)
        }
    }
}

/// Reads the JSON report of a run.
///
/// # Errors
/// There is none, or of another version.
pub(crate) fn read(path: &Utf8Path) -> Result<Document, Failure> {
    let text = fs::read_to_string(path).with_context(|| format!("read report {path}")).map_err(Failure::Usage)?;
    Document::read(&text).with_context(|| format!("read report {path}")).map_err(Failure::Usage)
}

fn write(arguments: &ReportingArguments, document: &Document) -> Result<(), Failure> {
    let reporting = Reporting::asked_for(arguments);
    if reporting.is_empty() {
        let json = document.to_json().map_err(|error| Failure::Infrastructure(error.into()))?;
        return Ok(terminal::print(&json)?);
    }
    reporting.write(document)?;
    Ok(())
}
