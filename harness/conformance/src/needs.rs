//! What a case needs of its cluster besides an API server, and which clusters have it.

use std::{fmt, sync::Arc};

use seccomp_scenario::{Action, Instance};

use crate::case::{Case, NodeSetting};

/// What a case needs of its cluster besides an API server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a need by itself, and any of them may come with any other")]
pub(crate) struct Needs {
    /// Controllers that make a workload's Pods.
    pub(crate) controllers: bool,
    /// The node itself: the folder that its kubelet takes static Pods from, the kubelet's own settings.
    pub(crate) node: bool,
    /// The node for itself: what the case does to it touches every Pod there, those of other cases too.
    pub(crate) exclusive_node: bool,
    /// Files in the node's folder of seccomp profiles.
    pub(crate) profiles: bool,
    /// A node whose kubelet's `seccompDefault` is on.
    pub(crate) seccomp_default: bool,
    /// A namespace with a name of its own, which may be there already and somebody's.
    pub(crate) named_namespace: bool,
}

impl Needs {
    /// What `instance` needs on a node with `setting`.
    pub(crate) fn of(instance: &Instance, setting: NodeSetting) -> Self {
        let profiles = !instance.given.node.localhost_profiles.is_empty();
        let named_namespace = instance.given.namespace.name.is_some();
        let mut needs = Self { profiles, seccomp_default: setting.seccomp_default, named_namespace, ..Self::default() };
        for step in &instance.when {
            match &step.action {
                Action::Create(object) => {
                    needs.controllers |= step.action.is_workload();
                    needs.named_namespace |= object.get("kind").is_some_and(|kind| kind == "Namespace");
                }
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
#[expect(clippy::struct_excessive_bools, reason = "each answers one of the needs")]
pub(crate) struct Abilities {
    /// Controllers that make a workload's Pods.
    pub(crate) controllers: bool,
    /// Nodes whose files and kubelets the harness can change.
    pub(crate) node: bool,
    /// Nodes that have the seccomp profiles which scenarios name, or no nodes that would look for them.
    pub(crate) profiles: bool,
    /// Whether there is a node with the kubelet's `seccompDefault` off, and on; both where there are no nodes.
    pub(crate) seccomp_default: [bool; 2],
    /// Whether namespaces with any name may be made and changed.
    pub(crate) named_namespace: bool,
}

impl Abilities {
    /// All that a case may need.
    pub(crate) const ALL: Self =
        Self { controllers: true, node: true, profiles: true, seccomp_default: [true, true], named_namespace: true };
    /// What an API server does by itself.
    pub(crate) const API_SERVER: Self = Self { controllers: false, node: false, ..Self::ALL };

    /// The first thing that `needs` ask for and that is not there.
    pub(crate) fn lacking(self, needs: Needs) -> Option<Lacking> {
        if needs.controllers && !self.controllers {
            Some(Lacking::Controllers)
        } else if (needs.node || needs.exclusive_node) && !self.node {
            Some(Lacking::Node)
        } else if needs.named_namespace && !self.named_namespace {
            Some(Lacking::Namespace)
        } else if needs.profiles && !self.profiles {
            Some(Lacking::Profiles)
        } else if !self.seccomp_default[usize::from(needs.seccomp_default)] {
            Some(if needs.seccomp_default { Lacking::SeccompDefaultOn } else { Lacking::SeccompDefaultOff })
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
    /// The seccomp profiles that scenarios name, in the nodes' folder.
    Profiles,
    /// A node whose kubelet's `seccompDefault` is off.
    SeccompDefaultOff,
    /// A node where it is on.
    SeccompDefaultOn,
    /// The right to a namespace that may be somebody's.
    Namespace,
}

impl Lacking {
    /// The same as one word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Controllers => "controllers",
            Self::Node => "node",
            Self::Profiles => "profiles",
            Self::SeccompDefaultOff => "seccompDefaultOff",
            Self::SeccompDefaultOn => "seccompDefaultOn",
            Self::Namespace => "namespace",
        }
    }
}

impl fmt::Display for Lacking {
    /// What is lacking, as it goes on after "left out: ".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Controllers => "no controllers make the Pods of workloads there",
            Self::Node => "the harness cannot change a node's files and its kubelet there",
            Self::Profiles => "the harness cannot put seccomp profiles onto the nodes there",
            Self::SeccompDefaultOff => "no node's kubelet has seccompDefault off there",
            Self::SeccompDefaultOn => "no node's kubelet has seccompDefault on there",
            Self::Namespace => "the harness keeps to namespaces of its own there",
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn mk_needs(controllers: bool, node: bool) -> Needs {
        Needs { controllers, node, ..Needs::default() }
    }

    #[rstest]
    #[case::nothing(Needs::default(), None)]
    #[case::workload(mk_needs(true, false), Some(Lacking::Controllers))]
    #[case::static_pod(mk_needs(false, true), Some(Lacking::Node))]
    #[case::both(mk_needs(true, true), Some(Lacking::Controllers))]
    fn an_api_server_alone_does_for_some(#[case] needs: Needs, #[case] lacking: Option<Lacking>) {
        assert_eq!(Abilities::API_SERVER.lacking(needs), lacking);
        assert_eq!(Abilities::ALL.lacking(needs), None);
    }

    #[rstest]
    #[case::profiles(Needs { profiles: true, ..Needs::default() }, Some(Lacking::Profiles))]
    #[case::off(Needs::default(), None)]
    #[case::namespace(Needs { named_namespace: true, ..Needs::default() }, Some(Lacking::Namespace))]
    #[case::on(Needs { seccomp_default: true, ..Needs::default() }, Some(Lacking::SeccompDefaultOn))]
    fn a_cluster_that_exists_is_taken_as_it_is(#[case] needs: Needs, #[case] lacking: Option<Lacking>) {
        let seccomp_default = [true, false];
        let abilities = Abilities { profiles: false, named_namespace: false, seccomp_default, ..Abilities::ALL };
        assert_eq!(abilities.lacking(needs), lacking);
    }
}
