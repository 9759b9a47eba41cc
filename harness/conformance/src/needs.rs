//! What a case needs of its cluster besides an API server, and which clusters have it.

use std::{fmt, sync::Arc};

use seccomp_scenario::{Action, Instance};

use crate::case::Case;

/// What a case needs of its cluster besides an API server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Needs {
    /// Controllers that make a workload's Pods.
    pub(crate) controllers: bool,
    /// The node itself: the folder that its kubelet takes static Pods from, the kubelet's own settings.
    pub(crate) node: bool,
    /// The node for itself: what the case does to it touches every Pod there, those of other cases too.
    pub(crate) exclusive_node: bool,
}

impl Needs {
    /// What the steps of `instance` need.
    pub(crate) fn of(instance: &Instance) -> Self {
        let mut needs = Self::default();
        for step in &instance.when {
            match &step.action {
                Action::Create(_) => needs.controllers |= step.action.is_workload(),
                Action::StaticPod(_) => needs.node = true,
                Action::Kubelet { .. } => {
                    needs.node = true;
                    needs.exclusive_node = true;
                }
                _ => {}
            }
        }
        needs
    }
}

/// What a cluster has besides its API server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Abilities {
    /// Controllers that make a workload's Pods.
    pub(crate) controllers: bool,
    /// Nodes whose files and kubelets the harness can change.
    pub(crate) node: bool,
}

impl Abilities {
    /// All that a case may need.
    pub(crate) const ALL: Self = Self { controllers: true, node: true };

    /// The first thing that `needs` ask for and that is not there.
    pub(crate) fn lacking(self, needs: Needs) -> Option<Lacking> {
        if needs.controllers && !self.controllers {
            Some(Lacking::Controllers)
        } else if (needs.node || needs.exclusive_node) && !self.node {
            Some(Lacking::Node)
        } else {
            None
        }
    }
}

/// A case that was selected and is not run, since the cluster has not what it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// The case.
    pub case: Arc<Case>,
    /// What it needs and the cluster lacks.
    pub lacking: Lacking,
}

/// What a cluster lacks.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Lacking {
    /// Controllers that make a workload's Pods.
    Controllers,
    /// Nodes whose files and kubelets the harness can change.
    Node,
}

impl Lacking {
    /// The same as one word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Controllers => "controllers",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for Lacking {
    /// What is lacking, as it goes on after "left out: ".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Controllers => "no controllers make the Pods of workloads there",
            Self::Node => "the harness cannot change a node's files and its kubelet there",
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOTHING: Needs = Needs { controllers: false, node: false, exclusive_node: false };

    #[rstest]
    #[case::nothing(NOTHING, None)]
    #[case::workload(Needs { controllers: true, ..NOTHING }, Some(Lacking::Controllers))]
    #[case::static_pod(Needs { node: true, ..NOTHING }, Some(Lacking::Node))]
    #[case::both(Needs { controllers: true, node: true, exclusive_node: true }, Some(Lacking::Controllers))]
    fn an_api_server_alone_does_for_some(#[case] needs: Needs, #[case] lacking: Option<Lacking>) {
        assert_eq!(Abilities { controllers: false, node: false }.lacking(needs), lacking);
        assert_eq!(Abilities::ALL.lacking(needs), None);
    }
}
