//! `gate`: are reports enough for a release?

use std::fs;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{Timestamp, tz::TimeZone};
use seccomp_report::{Catalogue, Judgement, NamedReport, Policy, Waiver, judge};
use seccomp_scenario::{ScenarioErrors, SuiteError};

use crate::{
    arguments::{Format, gate::GateArguments},
    command::{Context, report},
    end::End,
    error::Failure,
    files, terminal,
};

/// The file of waivers beside a policy.
const WAIVERS: &str = "waivers.yaml";

/// Judges, and prints a line a reason.
pub(crate) fn run(arguments: &GateArguments, context: &Context) -> Result<End, Failure> {
    let reports = arguments.reports.iter().map(|path| {
        let document = report::read(path)?;
        Ok(NamedReport { name: path.to_string(), document })
    });
    let reports = reports.collect::<Result<Vec<_>, Failure>>()?;
    let policy = policy(arguments, &Catalogue::of(reports.iter().map(|report| &report.document)))?;
    let today = arguments.today.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date());
    let judgement = judge(&policy, &reports, today);
    terminal::print(&match arguments.output {
        Format::Text => judgement.render(),
        Format::Json => {
            let json =
                serde_json::to_string_pretty(&judgement).map_err(|error| Failure::Infrastructure(error.into()))?;
            format!("{json}\n")
        }
    })?;
    if let Some(path) = &context.environment.github_step_summary {
        files::append(path, &format!("```\n{}```\n", judgement.render()))?;
    }
    Ok(end(&judgement, arguments.strict))
}

fn end(judgement: &Judgement, is_strict: bool) -> End {
    match (judgement.is_passed(), judgement.is_waived()) {
        (false, _) => End::Failed,
        (true, true) if is_strict => End::Waived,
        (true, _) => End::Passed,
    }
}

fn policy(arguments: &GateArguments, known: &Catalogue) -> Result<Policy, Failure> {
    let policy = Policy::read(&arguments.policy, &text(&arguments.policy)?, known).map_err(invalid)?;
    let beside = arguments.policy.with_file_name(WAIVERS);
    let files: Vec<Utf8PathBuf> = match &arguments.waivers[..] {
        [] if beside.is_file() => vec![beside],
        named => named.to_vec(),
    };
    let mut waivers = Vec::new();
    for file in &files {
        waivers.extend(Waiver::read_all(file, &text(file)?, known).map_err(invalid)?);
    }
    Ok(policy.with_waivers(waivers))
}

fn text(path: &Utf8Path) -> Result<String, Failure> {
    fs::read_to_string(path).with_context(|| format!("read {path}")).map_err(Failure::Usage)
}

fn invalid(errors: ScenarioErrors) -> Failure {
    Failure::Suite(SuiteError::Invalid(vec![errors]))
}
