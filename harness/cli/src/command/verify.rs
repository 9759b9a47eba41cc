//! `verify`: the simulator against real API servers.

use std::{
    fmt::Write as _,
    fs,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use camino::Utf8Path;
use seccomp_conformance::{
    Suite,
    fidelity::{self, Certificate, FidelityError, Found, ListedDifferences, Progress, Verified, VerifyOptions},
};
use seccomp_scenario::{Suite as Files, SuiteError};

use crate::{
    arguments::verify::{Stage, VerifyArguments},
    command::Context,
    end::End,
    error::Failure,
    files,
    folders::Found as Folders,
    selection, terminal,
};

/// Compares, and tells every difference that is not listed.
pub(crate) async fn run(arguments: VerifyArguments, context: &Context) -> Result<End, Failure> {
    let folders = arguments.folders.find()?;
    let options = options(&arguments, &folders, context)?;
    let seen = Mutex::new(Vec::new());
    let tell = |progress: Progress| match progress {
        Progress::StageFinished { minor, stage, counts, elapsed } => terminal::note(&format!(
            "{minor} {stage}: {} cases, {} requests, {} unlisted, {} listed, in {:.1} s",
            counts.cases,
            counts.requests,
            counts.differences,
            counts.listed.values().sum::<usize>(),
            elapsed.as_secs_f64()
        )),
        Progress::Differs(found) => {
            tracing::info!(minor = found.minor, kind = found.difference.kind(), "differs");
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(*found);
        }
        _ => {}
    };
    let verified = match fidelity::verify(&options, &tell).await {
        Ok(verified) => verified,
        Err(error @ FidelityError::NothingSelected { .. }) => {
            terminal::note(&error.to_string());
            return Ok(End::NothingSelected);
        }
        Err(error) => {
            // What was seen until then is no less true.
            terminal::print(&differences(&seen.into_inner().unwrap_or_else(PoisonError::into_inner)))?;
            return Err(Failure::Infrastructure(error.into()));
        }
    };
    terminal::print(&text(&verified))?;
    // One of a part would pass for one of the whole.
    if let Some(path) = arguments.certificate.as_ref().filter(|_| verified.is_complete) {
        write(path, &verified.certificate)?;
    }
    Ok(if verified.certificate.unlisted_differences == 0 { End::Passed } else { End::Failed })
}

fn options(arguments: &VerifyArguments, folders: &Folders, context: &Context) -> Result<VerifyOptions, Failure> {
    let stage = |stage: &Stage| match stage {
        Stage::Scenarios => fidelity::Stage::Scenarios,
        Stage::Pods => fidelity::Stage::Pods,
        Stage::Registrations => fidelity::Stage::Registrations,
        Stage::Sequences => fidelity::Stage::Sequences,
    };
    let stages = if arguments.stages.is_empty() {
        fidelity::Stage::ALL.to_vec()
    } else {
        arguments.stages.iter().map(stage).collect()
    };
    Ok(VerifyOptions {
        assets: context.environment.envtest.assets(&arguments.assets)?,
        settings: context.environment.envtest.settings(&arguments.assets)?,
        minors: if arguments.kubernetes.is_empty() { Vec::new() } else { selection::minors(&arguments.kubernetes)? },
        seed: arguments.seed,
        requests: arguments.requests,
        stages,
        suite: Suite::from(Files::read(&folders.scenarios)?),
        listed: listed(arguments, &folders.scenarios)?,
        record: arguments.record.clone(),
        again: arguments.record_again.clone(),
        date: jiff::Zoned::now().date().to_string(),
        simulator: env!("CARGO_PKG_VERSION").to_owned(),
        cancellation: context.cancellation.clone(),
    })
}

/// The listed differences; none where no file is named and the usual one is not there.
fn listed(arguments: &VerifyArguments, scenarios: &Utf8Path) -> Result<ListedDifferences, Failure> {
    let usual = scenarios.parent().unwrap_or(Utf8Path::new("")).join("ci/differences.yaml");
    let path = match &arguments.differences {
        Some(path) => path.clone(),
        None if usual.is_file() => usual,
        None => return Ok(ListedDifferences::default()),
    };
    let text = fs::read_to_string(&path).map_err(|error| Failure::usage(format!("read `{path}`: {error}")))?;
    let object = seccomp_scenario::read_object(&path, &text)
        .map_err(|errors| Failure::Suite(SuiteError::Invalid(vec![errors])))?;
    serde_json::from_value(object).map_err(|error| Failure::usage(format!("read `{path}`: {error}")))
}

fn write(path: &Utf8Path, certificate: &Certificate) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(certificate).map_err(|error| Failure::Infrastructure(error.into()))?;
    files::write_whole(path, &(text + "\n")).with_context(|| format!("write {path}")).map_err(Failure::Infrastructure)
}

fn text(verified: &Verified) -> String {
    let mut text = differences(&verified.found);
    let certificate = &verified.certificate;
    for proven in &certificate.kubernetes {
        let stages = proven.stages.iter().map(|(stage, counts)| {
            let seconds = verified.durations.get(&(proven.minor.clone(), *stage));
            let seconds = seconds.map_or(0.0, std::time::Duration::as_secs_f64);
            format!("{stage} {} ({seconds:.1} s)", counts.requests)
        });
        let stages = stages.collect::<Vec<_>>().join(", ");
        let _ =
            writeln!(text, "{} against {}: {} requests: {stages}", proven.minor, proven.git_version, proven.requests());
    }
    for (name, reason) in &certificate.listed {
        let cases = certificate.kubernetes.iter().flat_map(|proven| proven.stages.values());
        let cases = cases.filter_map(|counts| counts.listed.get(name)).sum::<usize>();
        let _ = writeln!(text, "listed: {name}, {cases} cases: {reason}");
    }
    let verdict = match certificate.unlisted_differences {
        0 if !verified.is_complete => "interrupted: until then, nothing differed that is not listed".to_owned(),
        0 => "passed: nothing differs that is not listed".to_owned(),
        count => format!("failed: {count} cases differ, in {} ways", verified.found.len()),
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn differences(all: &[Found]) -> String {
    let mut text = String::new();
    for found in all {
        // A string takes all that is written to it.
        let _ = describe(&mut text, found);
    }
    text
}

fn describe(text: &mut String, found: &Found) -> std::fmt::Result {
    writeln!(text, "DIFFERS on {} ({}), {} cases", found.minor, found.stage, found.cases)?;
    writeln!(text, "{}", found.difference)?;
    for line in found.case.lines() {
        writeln!(text, "    {line}")?;
    }
    if let Some(path) = &found.recorded {
        writeln!(text, "  recorded in {path}")?;
    }
    writeln!(text)
}
