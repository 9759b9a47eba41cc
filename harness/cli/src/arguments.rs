//! The command line.

pub(crate) mod cluster;
pub(crate) mod gate;
pub(crate) mod matrix;
pub(crate) mod partition;
pub(crate) mod real;
pub(crate) mod report;
pub(crate) mod selection;
pub(crate) mod verify;
pub(crate) mod webhook;

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::{
    ArgAction, Args, Parser, Subcommand, ValueEnum,
    builder::{
        BoolishValueParser, Styles,
        styling::{AnsiColor, Effects},
    },
};
use clap_complete::Shell;
use kube_simulator::Minor;
use seccomp_scenario::VersionRange;
use seccomp_webhook::GardenerRelease;

use crate::{
    arguments::{
        cluster::ClusterArguments,
        gate::GateArguments,
        matrix::MatrixArguments,
        partition::PartitionArguments,
        real::RealClusters,
        report::{ReportArguments, ReportingArguments},
        selection::{Folders, Labels, Selection},
        verify::VerifyArguments,
        webhook::WebhookArguments,
    },
    terminal::ColorChoice,
    webhook_choice::{TestedWebhook, WebhookChoice},
};

/// The exit codes, as `--help` shows them.
const EXIT_CODES: &str = "\
Exit codes: 0 passed, 1 a scenario failed, 2 wrong usage or scenario file, 3 something on this machine broke, \
4 nothing selected, 5 passed but waived (with --strict), 6 snapshots pending, 7 something was left behind, \
130 and 143 ended by a signal.";

/// What is logged by default; the client's own errors are told where they matter, and expected while a server starts.
const LOG: &str = "warn,kube_client::client::builder=off";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

/// Shows what Gardener's seccomp-profile webhook does, for each Kubernetes minor and Gardener release, and fails where
/// that is not what its documentation promises.
#[derive(Debug, Parser)]
#[command(name = "seccomp-harness", version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How to write.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// When to use colours; `NO_COLOR`, `CLICOLOR_FORCE`, `CARGO_TERM_COLOR` and `TERM=dumb` are honoured.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", env = "SECCOMP_HARNESS_COLOR")]
    color: ColorChoice,
    /// The same as `--color never`.
    #[arg(long, global = true, env = "SECCOMP_HARNESS_NO_COLOR", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    no_color: bool,
    /// Write only what went wrong, and draw no progress.
    #[arg(short, long, global = true, env = "SECCOMP_HARNESS_QUIET", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// What to log to standard error, as tracing's directives: `info`, `seccomp_webhook=debug`, ...
    #[arg(long, global = true, default_value = LOG, value_name = "DIRECTIVES", env = "SECCOMP_HARNESS_LOG")]
    pub(crate) log: String,
}

impl OutputArguments {
    /// The choice of colours; the short flag is the stronger one.
    pub(crate) fn color(&self) -> ColorChoice {
        if self.no_color { ColorChoice::Never } else { self.color }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios, and compare what happens with expectations and snapshots.
    Run(Box<RunArguments>),
    /// List the scenarios that a selection names.
    List(ListArguments),
    /// Read all scenario files and requirements, and report everything that is wrong in them.
    Check(CheckArguments),
    /// Say whether the webhook mutates a Pod and why, and what each container's kernel would enforce, by minor.
    Explain(ExplainArguments),
    /// Compare the simulator with real API servers: every scenario's requests, and generated ones.
    Verify(VerifyArguments),
    /// Merge reports of shards, or write a report in other forms.
    Report(ReportArguments),
    /// Say whether reports are enough for a release, by a policy; a line a reason.
    Gate(GateArguments),
    /// Print the cells of a CI pipeline.
    Matrix(MatrixArguments),
    /// Print the JSON schema of scenario files, or of another file.
    Schema(SchemaArguments),
    /// Serve a simulated cluster and write a kubeconfig for it, until Ctrl-C.
    Simulator(SimulatorArguments),
    /// Make, list, delete and collect the kind clusters of the harness, and what killed processes of it left.
    Cluster(ClusterArguments),
    /// Decide on snapshots that a run left pending.
    Snapshot(SnapshotArguments),
    /// Serve the webhook with a certificate, until Ctrl-C.
    Webhook(WebhookArguments),
    /// Print what the kernel refuses to this process, as one line of JSON, and wait for a signal.
    Probe(ProbeArguments),
    /// Print versions of the harness and of what it models.
    Version(VersionArguments),
    /// Print a completion script.
    Completion(CompletionArguments),
}

/// The form of what goes to standard output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one document, with the version of its schema.
    Json,
}

/// Which kind of cluster.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum ClusterKind {
    /// Kubernetes modelled in this process; needs nothing.
    #[default]
    Simulated,
    /// Real etcd and kube-apiserver, from the folders of `--assets`.
    ControlPlane,
    /// Real clusters with nodes, made by kind; needs kind and a container engine.
    Kind,
    /// A cluster that exists, as `--kubeconfig` and `--context` name it; everything is taken away from it again.
    Kubeconfig,
}

impl ClusterKind {
    /// As the command line names it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What a difference to a snapshot does; the words are those of `INSTA_UPDATE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SnapshotUpdate {
    /// Leave it pending beside the snapshot; in CI, only compare.
    Auto,
    /// Leave it pending beside the snapshot; so does insta's `unseen`.
    #[value(alias = "unseen")]
    New,
    /// Write the snapshot.
    #[value(alias = "force")]
    Always,
    /// Only compare.
    No,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// The form of the report.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
    /// On what to run.
    #[arg(long, value_enum, default_value_t, value_name = "KIND", env = "SECCOMP_HARNESS_CLUSTER")]
    pub(crate) cluster: ClusterKind,
    /// A folder with etcd and kube-apiserver of one version, for `--cluster control-plane`; repeat it for more versions.
    /// Without it, the folder that `KUBEBUILDER_ASSETS` names.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_ASSETS", value_delimiter = ASSETS_DELIMITER)]
    pub(crate) assets: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) real: RealClusters,
    /// A folder for what helps to understand failures on real clusters: logs of a failed case and of its API server.
    /// Without it, the folder that `ARTIFACTS` names.
    #[arg(long, value_name = "DIR", env = "SECCOMP_HARNESS_ARTIFACTS")]
    pub(crate) artifacts: Option<Utf8PathBuf>,
    /// The webhook under test: `reference`, `gardener-resource-manager`, `url` for any server, or `mutant:NAME` for one that
    /// is broken on purpose.
    #[arg(long, default_value = "reference", value_name = "WEBHOOK", env = "SECCOMP_HARNESS_WEBHOOK")]
    pub(crate) webhook: TestedWebhook,
    /// Stop at the first case that fails.
    #[arg(long, env = "SECCOMP_HARNESS_FAIL_FAST", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) fail_fast: bool,
    /// How many cases to run at a time; without it, two a processor, and four where kubelets are waited for.
    #[arg(short = 'j', long, value_name = "N", env = "SECCOMP_HARNESS_PARALLEL", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) parallel: Option<u16>,
    /// What to do about a difference to a snapshot; without it as `INSTA_UPDATE` says, else `auto`.
    #[arg(long, value_enum, value_name = "WHEN", env = "SECCOMP_HARNESS_UPDATE_SNAPSHOTS")]
    pub(crate) update_snapshots: Option<SnapshotUpdate>,
    #[command(flatten)]
    pub(crate) reporting: ReportingArguments,
    #[command(flatten)]
    pub(crate) partition: PartitionArguments,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) folders: Folders,
}

impl RunArguments {
    /// The flags by which scenarios, clusters and webhook are reached, as `--name=value`; `--cluster` and `--webhook` apart.
    pub(crate) fn reached_by(&self) -> Vec<String> {
        let assets = self.assets.iter().filter(|_| self.cluster == ClusterKind::ControlPlane);
        let folders = [("scenarios", &self.folders.scenarios), ("snapshots", &self.folders.snapshots)];
        let folders = folders.into_iter().filter_map(|(name, folder)| Some(format!("--{name}={}", folder.as_ref()?)));
        let assets = assets.map(|folder| format!("--assets={folder}"));
        assets.chain(self.real.reached_by()).chain(folders).collect()
    }
}

/// Between two folders in one variable, as in PATH.
pub(crate) const ASSETS_DELIMITER: char = if cfg!(windows) { ';' } else { ':' };

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub(crate) struct SchemaArguments {
    /// Of which files.
    #[arg(value_enum, default_value_t, value_name = "FILES")]
    pub(crate) of: SchemaOf,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Scenario files.
    #[default]
    Scenario,
    /// The document of a run, `run --report json=PATH`.
    Report,
    /// What must hold before a release, `gate --policy FILE`.
    Policy,
    /// What need not hold for now, `gate --waivers FILE`.
    Waivers,
}

/// Arguments of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// The form of the list.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) partition: PartitionArguments,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    /// A Pod as YAML or JSON; `-` reads standard input.
    #[arg(value_name = "POD.yaml")]
    pub(crate) file: Utf8PathBuf,
    /// The namespace's name; without it the Pod's own, else one that is no special one.
    #[arg(short, long, value_name = "NAME", env = "SECCOMP_HARNESS_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// The namespace's labels, `key=value,...`.
    #[arg(
        long,
        default_value = "gardener.cloud/role=shoot",
        value_name = "LABELS",
        env = "SECCOMP_HARNESS_NAMESPACE_LABELS"
    )]
    pub(crate) namespace_labels: Labels,
    /// Whether the gardenlet's feature gate `DefaultSeccompProfile` is on.
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL", env = "SECCOMP_HARNESS_FEATURE_GATE")]
    pub(crate) feature_gate: bool,
    /// Kubernetes minors, as for `run`.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: Vec<VersionRange>,
    /// Gardener releases; without it, every release from which the webhook behaves differently.
    #[arg(long, value_name = "RANGES", value_delimiter = ',', env = "SECCOMP_HARNESS_GARDENER")]
    pub(crate) gardener: Vec<VersionRange>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}

/// Arguments of `simulator`.
#[derive(Args, Debug)]
pub(crate) struct SimulatorArguments {
    /// The cluster's Kubernetes minor.
    #[arg(long, default_value_t = Minor::NEWEST, value_name = "MINOR", env = "SECCOMP_HARNESS_KUBERNETES")]
    pub(crate) kubernetes: Minor,
    /// The kubeconfig to write; a file that exists is not touched.
    #[arg(long, default_value = "seccomp-harness.kubeconfig", value_name = "PATH", env = "SECCOMP_HARNESS_KUBECONFIG")]
    pub(crate) kubeconfig: Utf8PathBuf,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS", env = "SECCOMP_HARNESS_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Turn the kubelets' `seccompDefault` on.
    #[arg(long, env = "SECCOMP_HARNESS_SECCOMP_DEFAULT", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) seccomp_default: bool,
    /// Register this webhook: `reference` or `mutant:NAME`.
    #[arg(long, value_name = "WEBHOOK", env = "SECCOMP_HARNESS_WEBHOOK")]
    pub(crate) webhook: Option<WebhookChoice>,
    /// The Gardener release whose registration the webhook gets; without it the newest known.
    #[arg(long, value_name = "RELEASE", requires = "webhook", env = "SECCOMP_HARNESS_GARDENER")]
    pub(crate) gardener: Option<GardenerRelease>,
    /// The seed of names and uids: the same seed gives the same ones.
    #[arg(long, default_value_t = 0, value_name = "NUMBER", env = "SECCOMP_HARNESS_SEED")]
    pub(crate) seed: u64,
}

/// Arguments of `snapshot`.
#[derive(Args, Debug)]
pub(crate) struct SnapshotArguments {
    #[command(subcommand)]
    pub(crate) decision: SnapshotDecision,
}

/// What to do with pending snapshots.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotDecision {
    /// Pending snapshots take the place of the recorded ones.
    Accept(Folders),
    /// Pending snapshots are removed.
    Reject(Folders),
}

/// Arguments of `probe`.
#[derive(Args, Debug)]
pub(crate) struct ProbeArguments {
    /// End when the line is printed, as an init container must.
    #[arg(long, env = "SECCOMP_HARNESS_ONCE", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) once: bool,
}

/// Arguments of `version`.
#[derive(Args, Debug)]
pub(crate) struct VersionArguments {
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}

/// Arguments of `completion`.
#[derive(Args, Debug)]
pub(crate) struct CompletionArguments {
    /// The shell that shall complete.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_variable() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
                let builtin = ["help", "version"].contains(&argument.get_id().as_str());
                assert!(builtin || argument.get_env().is_some(), "{}: {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
