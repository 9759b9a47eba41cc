//! One case: a scenario with everything that is varied, fixed.

use std::{collections::BTreeMap, fmt};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use serde_json::Value;

/// A scenario on one Kubernetes minor, with one Gardener release, one set of parameters and one node setting.
///
/// # Shape
/// `scenario`: `<area>/<behaviour>`, as [`seccomp_scenario::Scenario::id`]. `gardener`: `1.149`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The scenario's id.
    pub scenario: String,
    /// The scenario's file, as it was named when it was read.
    pub file: Utf8PathBuf,
    /// The scenario's title.
    pub title: String,
    /// The requirements that the scenario names.
    pub requirements: Vec<String>,
    /// The value of each parameter.
    pub parameters: BTreeMap<String, Value>,
    /// The Kubernetes minor.
    pub minor: Minor,
    /// The Gardener release whose registration and handler are in force.
    pub gardener: String,
    /// The node that the case's Pods run on.
    pub node: NodeSetting,
}

impl Case {
    /// The folder of the scenario: what it is about; empty at the top.
    pub fn area(&self) -> &str {
        self.scenario.rsplit_once('/').map_or("", |(area, _)| area)
    }

    /// The parameters as one line, `key="x", value=true`; empty when there are none.
    pub fn parameters_label(&self) -> String {
        let pairs = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Case {
    /// The case in one line: `area/name [value="true"] on Kubernetes 1.24, Gardener 1.149, node seccompDefault=false`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.scenario)?;
        if !self.parameters.is_empty() {
            write!(formatter, " [{}]", self.parameters_label())?;
        }
        write!(formatter, " on Kubernetes {}, Gardener {}, node {}", self.minor, self.gardener, self.node)
    }
}

/// The kubelet's setting that changes what containers without a profile get.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeSetting {
    /// The kubelet's `seccompDefault`.
    pub seccomp_default: bool,
}

impl fmt::Display for NodeSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "seccompDefault={}", self.seccomp_default)
    }
}
