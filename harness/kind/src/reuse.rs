//! Retained clusters: who uses one, and taking one that nobody uses.
//!
//! A link in the control plane's container names the process that uses the cluster. It is made when the cluster is
//! complete, so that its absence tells a creation that was cut off.

use std::time::{Duration, SystemTime};

use crate::{creator::Creator, engine::Engine, error::ClusterError, guard::control_plane, inventory::FoundCluster};

const LINK: &str = "/kind-cluster/user";
const LOCK: &str = "/kind-cluster/lock";
const FREE: &str = "free";
/// A cluster with less time left than this is not begun with.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// Who uses a retained cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum User {
    /// It was never completed, or does not run.
    Incomplete,
    /// Nobody.
    Nobody,
    /// A process, living or not.
    Process(Creator),
}

impl User {
    fn is_replaceable(&self) -> bool {
        match self {
            Self::Incomplete => false,
            Self::Nobody => true,
            Self::Process(process) => process.is_gone(),
        }
    }
}

fn text(user: &User) -> String {
    match user {
        User::Incomplete | User::Nobody => FREE.to_owned(),
        User::Process(process) => process.to_string(),
    }
}

/// Who uses the cluster with this control plane.
pub(crate) async fn user(engine: &Engine, control_plane: &str) -> Result<User, ClusterError> {
    let command = engine.exec(control_plane, "ask who uses the cluster").arguments(["readlink", LINK]);
    match command.output().await {
        Ok(link) if link.trim() == FREE => Ok(User::Nobody),
        Ok(link) => Ok(link.trim().parse().map_or(User::Incomplete, User::Process)),
        // There is no such link, or no running container.
        Err(ClusterError::Command(_)) => Ok(User::Incomplete),
        Err(error) => Err(error),
    }
}

/// Says that the cluster is complete and that this process uses it.
pub(crate) async fn complete(engine: &Engine, control_plane: &str) -> Result<(), ClusterError> {
    let this = Creator::this_process().to_string();
    let command = engine.exec(control_plane, "note that the cluster is complete");
    command.arguments(["ln", "-s", &this, LINK]).output().await.map(drop)
}

/// Takes the cluster from `user`; false where somebody else was faster.
async fn take(engine: &Engine, control_plane: &str, user: &User) -> Result<bool, ClusterError> {
    let script = r#"test "$(readlink "$1")" = "$2" && ln -sfn "$3" "$1" && echo taken"#;
    let (old, new) = (text(user), Creator::this_process().to_string());
    let command = engine.exec(control_plane, "take a retained cluster");
    let command = command.arguments(["flock", LOCK, "sh", "-c", script, "sh", LINK, &old, &new]);
    Ok(command.output_whatever_status().await?.trim() == "taken")
}

/// Says that nobody uses the cluster any more.
pub(crate) async fn release(engine: &Engine, control_plane: &str) -> Result<(), ClusterError> {
    let command = engine.exec(control_plane, "release the cluster");
    command.arguments(["ln", "-sfn", FREE, LINK]).output().await.map(drop)
}

/// The same for a destructor; where it fails, the process's end releases the cluster.
pub(crate) fn blocking_release(engine: &Engine, control_plane: &str) {
    let released = engine.blocking_exec(control_plane).args(["ln", "-sfn", FREE, LINK]).output();
    tracing::debug!(control_plane, ?released, "released as the last resort");
}

/// Takes one of `clusters` that is retained, has these settings and time left, and that no living process uses.
pub(crate) async fn take_one(
    engine: &Engine,
    clusters: Vec<FoundCluster>,
    settings: &str,
    lifetime: Duration,
) -> Result<Option<FoundCluster>, ClusterError> {
    let until = SystemTime::now() + MARGIN.min(lifetime / 2);
    for cluster in clusters {
        if !cluster.mark.is_retained || cluster.mark.settings != settings || cluster.mark.is_expired(until) {
            continue;
        }
        let node = control_plane(&cluster.name);
        let user = user(engine, &node).await?;
        if user.is_replaceable() && take(engine, &node, &user).await? {
            return Ok(Some(cluster));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_a_living_process_uses_is_not_taken() {
        assert!(User::Nobody.is_replaceable());
        assert!(!User::Incomplete.is_replaceable());
        assert!(!User::Process(Creator::this_process()).is_replaceable());
    }
}
