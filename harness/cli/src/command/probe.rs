//! `probe`: says what the kernel lets this process do.

use std::io;

use seccomp_conformance::ProbeReport;

use crate::{arguments::ProbeArguments, end::End, error::Failure, signals::Signals, terminal};

/// Prints the report, and waits for a signal unless it is told not to.
///
/// A signal is what it waits for, and so no early end: as the first process of a container, it ends well and at once.
pub(crate) async fn run(arguments: &ProbeArguments) -> Result<End, Failure> {
    // Before the report, so that whoever reads it can end the process: without a handler, a container's first process
    // never sees a signal.
    let mut signals = Signals::install()?;
    let report = report()?;
    // Numbers and strings always serialise.
    terminal::print(&(serde_json::to_string(&report).unwrap_or_default() + "\n"))?;
    if !arguments.once {
        signals.next().await;
    }
    Ok(End::Passed)
}

#[cfg(target_os = "linux")]
fn report() -> io::Result<ProbeReport> {
    ProbeReport::of_this_process()
}

#[cfg(not(target_os = "linux"))]
fn report() -> io::Result<ProbeReport> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "seccomp is Linux's: probe in a container"))
}
