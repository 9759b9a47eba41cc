//! Runs scenarios on clusters: scenarios become cases, a case becomes an [`Outcome`], the outcome a [`Verdict`].
//!
//! ```text
//! scenarios -> plan -> cases -> execute (a Cluster, the webhook) -> Outcome -> expectations AND snapshot -> Verdict
//!                                                                                                            |
//!                                                                            reporters <- Event <- run <-----+
//! ```
//!
//! No terminal and no arguments here: whoever wants to know what happens reads [`Event`]s.

mod api;
mod artifacts;
mod case;
mod cluster;
mod coverage;
mod error;
mod event;
mod execute;
mod expectation;
pub mod fidelity;
mod folder;
mod hash;
mod image;
pub mod inventory;
mod needs;
mod outcome;
mod partition;
mod plan;
mod ports;
mod probe;
mod run;
mod snapshot;
mod suite;
mod verdict;
mod webhook;

pub use case::{Case, NodeSetting};
pub use cluster::{
    Observations,
    control_plane::{leftover::Leftovers, settings::ControlPlaneSettings, supervise::supervise},
    kind::request::{KindOptions, kind_request, node_of},
    kubeconfig::KubeconfigSettings,
};
pub use coverage::{Coverage, PreconditionCoverage, Preconditions, RequirementCoverage, ScenarioCoverage};
pub use event::{CaseFinished, ClusterDescription, EndedEarly, Event, Summary};
// Who reads events, or demands something of reports, needs no other crate.
pub use image::HarnessImage;
pub use kind_cluster::{NODE_IMAGES, NodeImage};
pub use kube_simulator::Minor;
pub use needs::{Lacking, LeftOut};
pub use outcome::{
    Answer, ContainerList, ContainerOutcome, Invocation, MadePod, ObjectOutcome, Outcome, Review, StepOutcome, Verb,
};
pub use partition::{Partition, PartitionError, PartitionKind, Shard};
pub use plan::PlanError;
pub use probe::{
    CallAnswer, LOCALHOST_PROFILE, ONCE_ARGUMENTS, PROBE_IMAGE, ProbeReport, REFUSED_BY_LOCALHOST,
    REFUSED_BY_RUNTIME_DEFAULT, SCENARIO_IMAGE, SimulatedProbe,
};
pub use run::{ClusterKind, KindSettings, Observed, RunError, RunOptions, WebhookKind, cases, observe, run};
pub use seccomp_scenario::{Configuration, ScenarioErrors, VersionRange, schema_of};
pub use snapshot::{SnapshotMode, accept as accept_snapshots, reject as reject_snapshots};
pub use suite::{Predicate, Selection, Suite};
pub use verdict::{Failure, Status, Verdict};
