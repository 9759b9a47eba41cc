//! What can go wrong with a cluster, and what to do about it.

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::{archive::ArchiveError, request::RequestError};

/// A failure to make, use, find or delete a cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No cluster can meet the request.
    #[error("invalid request")]
    Request(#[from] RequestError),
    /// The version asked for is none.
    #[error("invalid version")]
    Version(#[from] crate::version::VersionError),
    /// An image archive could not be written or read.
    #[error("image archive")]
    Archive(#[from] ArchiveError),
    /// A program could not be started.
    #[error("run `{program}`; is it installed and in the path?")]
    Program {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No container engine that kind can use was found.
    #[error("find Docker, Podman or nerdctl, which kind needs; install one, and see that it is in the path")]
    NoEngine,
    /// `KIND_EXPERIMENTAL_PROVIDER` names what kind does not know.
    #[error("use the container engine `{name}`; kind knows docker, podman, nerdctl, nerdctl.lima and finch")]
    UnknownEngine {
        /// The name given.
        name: String,
    },
    /// A program ended with a failure.
    #[error(transparent)]
    Command(#[from] Box<CommandError>),
    /// Something that was waited for did not come.
    #[error("{what} of cluster `{cluster}` within {limit:?}; at last: {last}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The cluster.
        cluster: String,
        /// For how long.
        limit: Duration,
        /// What was seen last.
        last: String,
    },
    /// The API of the cluster failed.
    #[error("{what} (cluster `{cluster}`)")]
    Api {
        /// What was asked of it.
        what: String,
        /// The cluster.
        cluster: String,
        /// What the client said.
        #[source]
        source: Box<kube::Error>,
    },
    /// The kubeconfig that kind wrote could not be used.
    #[error("read the kubeconfig of cluster `{cluster}`")]
    Kubeconfig {
        /// The cluster.
        cluster: String,
        /// What is wrong with it.
        #[source]
        source: Box<kube::config::KubeconfigError>,
    },
    /// The file for the kubeconfig is somebody else's.
    #[error("write a kubeconfig to `{file}`: the file exists and was not written by kind-cluster; name another one")]
    ForeignKubeconfig {
        /// The file.
        file: Utf8PathBuf,
    },
    /// A file could not be written or read.
    #[error("{what} `{file}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What a container engine said could not be read.
    #[error("read what `{command}` printed")]
    Output {
        /// The command line.
        command: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The cluster carries no mark of this owner, so that it is left alone.
    #[error(
        "touch cluster `{cluster}`: it carries no mark of `{owner}`; delete it with `kind delete cluster --name {cluster}` if it is yours"
    )]
    NotOurs {
        /// The cluster.
        cluster: String,
        /// Whose clusters are looked after.
        owner: String,
    },
    /// A node's container has got another address since the cluster was made, as a restarted engine gives them.
    #[error(
        "use cluster `{cluster}`: it knows node `{node}` by the address {known}, and the node has {} now, as after a restart of the container engine; delete the cluster",
        now.join(" and ")
    )]
    AddressChanged {
        /// The cluster.
        cluster: String,
        /// The node.
        node: String,
        /// The address that the API server calls its kubelet by.
        known: String,
        /// The addresses of its container.
        now: Vec<String>,
    },
    /// The kernel does not let the nodes watch files, so that their kubelets would not come up.
    #[error(
        "make a cluster: its nodes need {needed} inotify instances, and {used} of this machine's {limit} are in use; delete clusters, or run `sysctl fs.inotify.max_user_instances=1024` as root"
    )]
    InotifyInstances {
        /// How many its nodes need.
        needed: u64,
        /// How many are in use, as far as it can be seen.
        used: u64,
        /// How many there may be.
        limit: u64,
    },
    /// Containers of a cluster are there still after its deletion.
    #[error("delete cluster `{cluster}`: {} still there", containers.join(", "))]
    StillThere {
        /// The cluster.
        cluster: String,
        /// Its containers.
        containers: Vec<String>,
    },
    /// The cluster has no such node.
    #[error("find node `{node}` in cluster `{cluster}`")]
    NoSuchNode {
        /// The cluster.
        cluster: String,
        /// The node asked for.
        node: String,
    },
}

/// A program that kind-cluster ran, and that ended with a failure.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what} (cluster `{cluster}`): `{command}` ended with {status}: {stderr}{}", help_line(help.as_deref()))]
#[non_exhaustive]
pub struct CommandError {
    /// What it was run for.
    pub what: String,
    /// The cluster it was run for; `-` where it was for none.
    pub cluster: String,
    /// The command line.
    pub command: String,
    /// Its exit status.
    pub status: String,
    /// The last lines it wrote to its standard error.
    pub stderr: String,
    /// What to do.
    pub help: Option<String>,
}

fn help_line(help: Option<&str>) -> String {
    help.map(|help| format!("\nhelp: {help}")).unwrap_or_default()
}

/// What to do about a failure that kind reports with `stderr`.
pub(crate) fn help(stderr: &str, kind_release: Option<&str>) -> Option<String> {
    let says = |text: &str| stderr.contains(text);
    let known = if says("failed to pull image") {
        Some("the node image is not on this machine and could not be pulled; load it, or name one that is there")
    } else if says("Cannot connect to the Docker daemon") || says("cannot connect to Podman") {
        Some("the container engine does not answer; start it, and see that you may use it")
    } else if says("could not find a log line that matches") {
        Some(
            "the node did not boot; see whether its image fits this machine (processor, cgroup version, inotify limits)",
        )
    } else if says("failed to init node with kubeadm") || says("failed to join node with kubeadm") {
        Some(
            "kubeadm gave up; a setting the kubelet does not know, or a node image that needs another cgroup version, are the usual reasons",
        )
    } else {
        None
    };
    let release = kind_release
        .map(|release| format!("this node image was published with kind {release}; another kind may not fit it"));
    let parts: Vec<_> = known.map(str::to_owned).into_iter().chain(release).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_kind_release_that_an_image_needs() {
        let help = help("ERROR: failed to create cluster: failed to init node with kubeadm: exit 1", Some("v0.16.0"));
        let help = help.expect("help");
        assert!(help.contains("kubeadm gave up") && help.contains("v0.16.0"), "{help}");
    }

    #[test]
    fn says_nothing_where_it_knows_nothing() {
        assert_eq!(help("ERROR: something", None), None);
    }
}
