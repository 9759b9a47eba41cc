//! What `matrix` is told.

use clap::{Args, ValueEnum};
use seccomp_scenario::VersionRange;
use seccomp_webhook::GardenerRelease;

use crate::arguments::ClusterKind;

/// The form of the cells.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum MatrixFormat {
    /// What `fromJSON` makes a job's `strategy.matrix` of: one line.
    #[default]
    Github,
    /// For programs: one document, with the version of its schema.
    Json,
    /// A line a cell, `NAME=... KUBERNETES=...`, to be handed to `env`.
    Shell,
}

/// Arguments of `matrix`.
#[derive(Args, Debug)]
pub(crate) struct MatrixArguments {
    /// The form of the cells.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_MATRIX_FORMAT")]
    pub(crate) format: MatrixFormat,
    /// Kubernetes minors, as for `run`; real clusters have a cell for each, simulated ones one for all.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: Vec<VersionRange>,
    /// Kinds of cluster, separated by commas.
    #[arg(
        long,
        value_enum,
        default_value = "simulated",
        value_name = "KINDS",
        value_delimiter = ',',
        env = "SECCOMP_HARNESS_CLUSTER"
    )]
    pub(crate) cluster: Vec<ClusterKind>,
    /// Webhooks, separated by commas; `mutant:all` stands for every broken one.
    #[arg(
        long,
        default_value = "reference",
        value_name = "WEBHOOKS",
        value_delimiter = ',',
        env = "SECCOMP_HARNESS_WEBHOOK"
    )]
    pub(crate) webhook: Vec<String>,
    /// Gardener releases, separated by commas: a cell for each. Without it, each scenario runs on the releases that it is
    /// about.
    #[arg(long, value_name = "RELEASES", value_delimiter = ',', env = "SECCOMP_HARNESS_GARDENER")]
    pub(crate) gardener: Vec<GardenerRelease>,
    /// Into how many shards each of the others is cut.
    #[arg(long, default_value_t = 1, value_name = "N", env = "SECCOMP_HARNESS_SHARDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) shards: u32,
    /// Write the cells to the file that `GITHUB_OUTPUT` names, too, as the step's output of this name.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "matrix", env = "SECCOMP_HARNESS_GITHUB_OUTPUT")]
    pub(crate) github_output: Option<String>,
}
