//! Arguments of `verify`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use seccomp_scenario::VersionRange;

use super::ASSETS_DELIMITER;
use crate::arguments::selection::Folders;

/// Where what is compared comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Stage {
    /// The scenarios' own requests.
    Scenarios,
    /// Generated Pods.
    Pods,
    /// Generated registrations of webhooks, and requests that they are asked about.
    Registrations,
    /// Generated sequences of requests about one object.
    Sequences,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArguments {
    /// A folder with etcd and kube-apiserver of one version; repeat it for more versions. Without it, the folder that
    /// `KUBEBUILDER_ASSETS` names.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_ASSETS", value_delimiter = ASSETS_DELIMITER)]
    pub(crate) assets: Vec<Utf8PathBuf>,
    /// Only these Kubernetes minors of those folders.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: Vec<VersionRange>,
    /// The seed of what is generated: the same seed gives the same requests.
    #[arg(long, default_value_t = 1, value_name = "NUMBER", env = "SECCOMP_HARNESS_SEED")]
    pub(crate) seed: u64,
    /// How many generated requests each version gets, at least.
    #[arg(long, default_value_t = 5000, value_name = "N", env = "SECCOMP_HARNESS_REQUESTS")]
    pub(crate) requests: usize,
    /// What is compared; without it, everything.
    #[arg(long, value_enum, value_name = "STAGES", value_delimiter = ',', env = "SECCOMP_HARNESS_STAGES")]
    pub(crate) stages: Vec<Stage>,
    /// The differences that are known, by name and reason; without it, `ci/differences.yaml` beside the scenarios.
    #[arg(long, value_name = "PATH", env = "SECCOMP_HARNESS_DIFFERENCES")]
    pub(crate) differences: Option<Utf8PathBuf>,
    /// Write the certificate there, whatever it says; where a signal ends the comparison there is none.
    #[arg(long, value_name = "PATH", env = "SECCOMP_HARNESS_CERTIFICATE")]
    pub(crate) certificate: Option<Utf8PathBuf>,
    /// Write each difference there as a case that tests replay, with what every version answers.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_RECORD")]
    pub(crate) record: Option<Utf8PathBuf>,
    /// Record the cases of this folder anew, with what the versions answer that are compared now.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_RECORD_AGAIN")]
    pub(crate) record_again: Option<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) folders: Folders,
}
