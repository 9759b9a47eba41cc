//! Which scenarios, on which versions, from which folders.

use std::{collections::BTreeMap, str::FromStr};

use camino::Utf8PathBuf;
use clap::Args;
use regex::Regex;
use seccomp_scenario::VersionRange;

/// Which scenarios, on which versions; each kind of filter narrows what the others leave.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Selection {
    /// Scenario files, folders, areas (`preconditions`) or scenarios (`preconditions/skip_label`); without any, all.
    #[arg(value_name = "SCENARIO", help_heading = "Arguments")]
    pub(crate) names: Vec<String>,
    /// Only scenarios that test one of these requirements.
    #[arg(long, value_name = "ID", value_delimiter = ',', env = "SECCOMP_HARNESS_REQUIREMENT")]
    pub(crate) requirement: Vec<String>,
    /// Only these Kubernetes minors: `1.24`, `1.25..1.27`, `..1.24`, separated by commas.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: Vec<VersionRange>,
    /// Only these Gardener releases, written the same way: `1.149`, `1.118..1.132`.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_GARDENER")]
    pub(crate) gardener: Vec<VersionRange>,
    /// Only scenarios whose `area/name` matches this regular expression.
    #[arg(long, value_name = "REGEX", env = "SECCOMP_HARNESS_RUN")]
    pub(crate) run: Option<Regex>,
}

/// Where scenarios and snapshots are.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Folders")]
pub(crate) struct Folders {
    /// The folder of scenarios; without it, `scenarios` here or in the nearest folder above.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_SCENARIOS")]
    pub(crate) scenarios: Option<Utf8PathBuf>,
    /// The folder of snapshots; without it, `snapshots` beside the folder of scenarios.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_SNAPSHOTS")]
    pub(crate) snapshots: Option<Utf8PathBuf>,
}

/// Labels, read from `key=value,...`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Labels(pub(crate) BTreeMap<String, String>);

/// A text that is no list of labels.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse label `{label}`: expected `key=value`")]
pub(crate) struct LabelsError {
    label: String,
}

impl FromStr for Labels {
    type Err = LabelsError;

    fn from_str(text: &str) -> Result<Self, LabelsError> {
        let labels = text.split(',').filter(|label| !label.is_empty()).map(|label| {
            let (key, value) = label.split_once('=').ok_or_else(|| LabelsError { label: label.to_owned() })?;
            Ok((key.to_owned(), value.to_owned()))
        });
        labels.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_labels() {
        let labels: Labels = "gardener.cloud/role=shoot,empty=".parse().unwrap();
        assert_eq!(labels.0["gardener.cloud/role"], "shoot");
        assert_eq!(labels.0["empty"], "");
        assert_eq!("".parse::<Labels>().unwrap(), Labels::default());
        assert!("key".parse::<Labels>().is_err());
    }
}
