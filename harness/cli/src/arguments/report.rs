//! Reports, and where they are written.

use std::str::FromStr;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use seccomp_report::JunitFlavor;

/// Which reports to write.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportingArguments {
    /// Write a report, whatever becomes of the run: `junit=PATH`, `json=PATH` or `markdown=PATH`; repeat it for more. Where
    /// `ARTIFACTS` names a folder, JUnit is written there without being asked for.
    #[arg(long = "report", value_name = "FORM=PATH", value_delimiter = ',', env = "SECCOMP_HARNESS_REPORT")]
    pub(crate) targets: Vec<ReportTarget>,
    /// For whom JUnit is written.
    #[arg(long, value_enum, value_name = "READER", env = "SECCOMP_HARNESS_JUNIT_FLAVOR")]
    pub(crate) junit_flavor: Option<Flavor>,
}

/// Whose dialect of JUnit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Flavor {
    /// No properties of single cases, and no point in a minor.
    Jenkins,
    /// Title and requirements as properties of each case.
    Testgrid,
    /// The file of each case.
    Gitlab,
    /// File, line and properties of each case.
    Surefire,
}

impl From<Flavor> for JunitFlavor {
    fn from(flavor: Flavor) -> Self {
        match flavor {
            Flavor::Jenkins => Self::Jenkins,
            Flavor::Testgrid => Self::Testgrid,
            Flavor::Gitlab => Self::Gitlab,
            Flavor::Surefire => Self::Surefire,
        }
    }
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// For CI systems.
    Junit,
    /// For programs: the whole.
    Json,
    /// For a page that people read.
    Markdown,
}

/// A report's form, and its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ReportTarget {
    pub(crate) form: Form,
    pub(crate) path: Utf8PathBuf,
}

/// A text that names no report.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse report `{text}`: expected `junit=PATH`, `json=PATH` or `markdown=PATH`")]
pub(crate) struct ReportTargetError {
    text: String,
}

impl FromStr for ReportTarget {
    type Err = ReportTargetError;

    fn from_str(text: &str) -> Result<Self, ReportTargetError> {
        let form = |name| match name {
            "junit" => Some(Form::Junit),
            "json" => Some(Form::Json),
            "markdown" => Some(Form::Markdown),
            _ => None,
        };
        let parsed = text.split_once('=').and_then(|(name, path)| Some((form(name)?, path)));
        match parsed {
            Some((form, path)) if !path.is_empty() => Ok(Self { form, path: path.into() }),
            _ => Err(ReportTargetError { text: text.to_owned() }),
        }
    }
}

/// Arguments of `report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    #[command(subcommand)]
    pub(crate) command: ReportCommand,
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Merge the JSON reports of shards into that of the whole run.
    Merge(MergeArguments),
    /// Write a JSON report in other forms.
    Convert(ConvertArguments),
}

/// Arguments of `report merge`.
#[derive(Args, Debug)]
pub(crate) struct MergeArguments {
    /// The JSON reports of the shards.
    #[arg(value_name = "REPORT.json", required = true)]
    pub(crate) reports: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) reporting: ReportingArguments,
}

/// Arguments of `report convert`.
#[derive(Args, Debug)]
pub(crate) struct ConvertArguments {
    /// The JSON report.
    #[arg(value_name = "REPORT.json")]
    pub(crate) report: Utf8PathBuf,
    #[command(flatten)]
    pub(crate) reporting: ReportingArguments,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn reads_a_target() {
        let target: ReportTarget = "junit=out/a=b.xml".parse().unwrap();
        assert_eq!(target, ReportTarget { form: Form::Junit, path: "out/a=b.xml".into() });
    }

    #[rstest]
    fn rejects_what_is_no_target(#[values("", "junit", "junit=", "html=x", "=x")] text: &str) {
        assert!(text.parse::<ReportTarget>().is_err());
    }
}
