//! Kubernetes clusters on [kind] for tests, as testcontainers gives containers.
//!
//! ```text
//! ClusterRequest -> start() -> Cluster -> shutdown()        Drop deletes as the last resort
//! ArchiveRequest -> write() -> ImageArchive -> Cluster::load_archive()
//! Inventory: list, delete, gc                               over what carries our mark, and nothing else
//! ```
//!
//! ```no_run
//! # async fn example() -> Result<(), kind_cluster::ClusterError> {
//! use kind_cluster::{ClusterRequest, NodeRequest};
//!
//! let cluster = ClusterRequest::new("1.36".parse()?)
//!     .with_node(NodeRequest::worker().with_seccomp_default(true))
//!     .with_node(NodeRequest::worker().with_label("disk", "slow"))
//!     .start()
//!     .await?;
//! let version = cluster.client().apiserver_version().await;
//! # let _ = version;
//! cluster.shutdown().await
//! # }
//! ```
//!
//! # What it keeps to
//!
//! - **Nothing but one's own is touched.** Every node carries a mark (owner, run, expiry, creator, settings) from the
//!   moment its container exists; see [`Mark`]. A cluster of kind without it is not seen.
//! - **The user's kubeconfig is never written.** Each cluster has a file of its own.
//! - **Conditions, not sleeps.** [`ClusterRequest::start`] returns when the API answers, every node is Ready and
//!   Pods can be created.
//! - **A process that is killed leaves nothing that [`Inventory::gc`] does not find**, a kind it started included.
//!
//! kind itself runs as a program, and Docker, Podman and nerdctl are reached through kind's own providers.
//!
//! [kind]: https://kind.sigs.k8s.io

mod archive;
mod cluster;
mod command;
mod config;
mod creator;
mod engine;
mod error;
mod folder;
#[cfg(unix)]
mod group;
mod guard;
mod hex;
mod image;
mod inotify;
mod inventory;
mod kind;
mod mark;
mod orphan;
mod readiness;
mod request;
mod reuse;
mod version;

pub use archive::{ArchiveError, ArchiveRequest, ImageArchive};
pub use cluster::{Cluster, LoadedArchive, Node};
pub use creator::{Creator, CreatorError};
pub use engine::Engine;
pub use error::{ClusterError, CommandError};
pub use image::{NODE_IMAGES, NodeImage};
pub use inotify::clusters_that_fit;
pub use inventory::{FoundCluster, GcReport, Inventory};
pub use mark::{Mark, Owner, OwnerError};
pub use request::{ClusterRequest, NodeRequest, RequestError, Role};
pub use version::{KubernetesVersion, VersionError};
