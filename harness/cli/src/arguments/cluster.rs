//! Arguments of `cluster`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Subcommand, ValueEnum, builder::BoolishValueParser};
use seccomp_conformance::inventory::KubernetesVersion;

use crate::{arguments::Format, duration};

/// Arguments of `cluster`.
#[derive(Args, Debug)]
pub(crate) struct ClusterArguments {
    #[command(subcommand)]
    pub(crate) command: ClusterCommand,
}

/// What to do with the clusters of the harness.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Make a kind cluster that runs with `--cluster kind --keep` find again, or find it.
    Create(CreateArguments),
    /// List the kind clusters of the harness, and what killed processes of it left behind.
    List(ListArguments),
    /// Delete kind clusters of the harness.
    Delete(DeleteArguments),
    /// Remove what nobody needs: clusters that have expired or whose process is gone, and what control planes left.
    Gc(GcArguments),
}

/// The kubelet's `seccompDefault`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Setting {
    /// Containers that name no profile run with the runtime's.
    On,
    /// They run unconfined.
    Off,
}

/// Arguments of `cluster create`.
#[derive(Args, Debug)]
pub(crate) struct CreateArguments {
    /// The Kubernetes version: `1.24`, or `1.24.17` for one release of it.
    #[arg(long, value_name = "VERSION", env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: KubernetesVersion,
    /// The node image; without it, one of that version on this machine, else kind's public one, pinned by digest.
    #[arg(long, value_name = "IMAGE", env = "SECCOMP_HARNESS_NODE_IMAGE")]
    pub(crate) node_image: Option<String>,
    /// A worker for each of these settings of the kubelet's `seccompDefault`; without it, for all that the version knows.
    #[arg(long, value_enum, value_name = "SETTINGS", value_delimiter = ',', env = "SECCOMP_HARNESS_SECCOMP_DEFAULT")]
    pub(crate) seccomp_default: Vec<Setting>,
    /// After what time `cluster gc` deletes the cluster: `90m`, `2h`.
    #[arg(long, default_value = "2h", value_parser = duration::parse, value_name = "DURATION", env = "SECCOMP_HARNESS_LIFETIME")]
    pub(crate) lifetime: Duration,
    /// A file for the cluster's kubeconfig; one that is not of an earlier cluster of the harness is not overwritten.
    #[arg(long, value_name = "PATH", env = "SECCOMP_HARNESS_KUBECONFIG")]
    pub(crate) kubeconfig: Option<Utf8PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}

/// Arguments of `cluster list`.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// The form of the list.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}

/// Arguments of `cluster delete`.
#[derive(Args, Debug)]
pub(crate) struct DeleteArguments {
    /// The names, as `cluster list` shows them; one that is gone already counts as deleted.
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) names: Vec<String>,
    /// Delete every kind cluster of the harness, in use or not.
    #[arg(long, env = "SECCOMP_HARNESS_ALL", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) all: bool,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}

/// Arguments of `cluster gc`.
#[derive(Args, Debug)]
pub(crate) struct GcArguments {
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}
