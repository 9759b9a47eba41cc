//! The scenarios that there are, and which of their cases are wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use seccomp_scenario::{Requirement, Scenario, VersionRange};

use crate::{case::Case, partition::Partition};

/// The scenarios of a run, and the requirements that they are to test.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// The scenarios, in the order of their files.
    pub scenarios: Vec<Arc<Scenario>>,
    /// What each requirement says, by its id; those that no scenario names are uncovered.
    pub requirements: BTreeMap<String, String>,
    /// Those of them that are about what the kernel enforces.
    pub kernel_requirements: BTreeSet<String>,
}

impl From<seccomp_scenario::Suite> for Suite {
    fn from(suite: seccomp_scenario::Suite) -> Self {
        let statement = |requirement: &Requirement| (requirement.id.clone(), requirement.statement.clone());
        Self {
            requirements: suite.requirements.iter().map(statement).collect(),
            kernel_requirements: suite
                .requirements
                .iter()
                .filter(|requirement| requirement.is_about_kernel)
                .map(|requirement| requirement.id.clone())
                .collect(),
            scenarios: suite.scenarios.into_iter().map(Arc::new).collect(),
        }
    }
}

/// Which cases of all scenarios run; an empty list selects all.
#[derive(Clone, Default)]
pub struct Selection {
    /// Files or folders below the scenarios' folder.
    pub paths: Vec<Utf8PathBuf>,
    /// Requirement ids; a scenario is selected when it names one of them.
    pub requirements: Vec<String>,
    /// Kubernetes minors.
    pub minors: Vec<Minor>,
    /// The ranges in which they were named; a run has a cluster for each of these, or is none.
    pub ranges: Vec<VersionRange>,
    /// Gardener releases, `1.149`; without any, each scenario runs on the releases that it is about.
    pub gardener: Vec<String>,
    /// What else must hold of a case.
    pub predicate: Option<Predicate>,
    /// Which share of all that is left; without it, the whole.
    pub partition: Option<Partition>,
}

/// Says of a case whether it is wanted.
pub type Predicate = Arc<dyn Fn(&Case) -> bool + Send + Sync>;

impl fmt::Debug for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Selection")
            .field("paths", &self.paths)
            .field("requirements", &self.requirements)
            .field("minors", &self.minors)
            .field("ranges", &self.ranges)
            .field("gardener", &self.gardener)
            .field("predicate", &self.predicate.is_some())
            .field("partition", &self.partition)
            .finish()
    }
}
