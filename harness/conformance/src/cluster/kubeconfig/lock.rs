//! One run at a time has the cluster.

use kind_cluster::Creator;
use serde_json::{Value, json};

use super::leftover;
use crate::{
    api::{Api, Call, MERGE_PATCH, expect_success},
    cluster::{ClusterError, names::CONFIGURATION},
};

const NAMESPACES: &str = "/api/v1/namespaces";
/// The namespace that is the lock.
const LOCK: &str = "seccomp-harness-lock";
/// The annotation that says which process has it.
const CREATOR: &str = "seccomp-harness/creator";

/// The path of the lock.
pub(super) fn path() -> String {
    format!("{NAMESPACES}/{LOCK}")
}

/// Takes the lock; that of a process which has ended on this machine is taken over, and what it left is removed.
pub(super) async fn take(api: &Api, is_bare: bool) -> Result<(), ClusterError> {
    let creator = Creator::this_process().to_string();
    let metadata = json!({"name": LOCK, "annotations": {CREATOR: creator}});
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    let answer = api.call(Call::post(NAMESPACES, object)).await?;
    if answer.code != 409 {
        expect_success(|| format!("create namespace `{LOCK}`, by which one run at a time has the cluster"), answer)?;
        return Ok(());
    }
    let standing = api.call(Call::get(path())).await?;
    let text = |pointer: &str| standing.body.pointer(pointer).and_then(Value::as_str);
    let owner = text("/metadata/annotations/seccomp-harness~1creator").and_then(|owner| owner.parse::<Creator>().ok());
    if !owner.is_some_and(|owner| owner.is_gone()) {
        return Err(ClusterError::Locked { namespace: LOCK });
    }
    // Who reads the same version loses.
    let version = text("/metadata/resourceVersion").unwrap_or_default();
    let patch = json!({"metadata": {"resourceVersion": version, "annotations": {CREATOR: creator}}});
    let answer = api.call(Call::patch(path(), MERGE_PATCH, patch)).await?;
    expect_success(|| format!("take over namespace `{LOCK}` of a run that was killed"), answer)?;
    tracing::warn!("a run that was killed left something in the cluster, which is removed");
    leftover::remove_all(api, is_bare).await
}

/// That nothing is registered under Gardener's name: it would be somebody else's, and is not ours to remove.
pub(super) async fn refuse_registered(api: &Api) -> Result<(), ClusterError> {
    let answer = api.call(Call::get(CONFIGURATION)).await?;
    match answer.code {
        404 => Ok(()),
        200..300 => Err(ClusterError::Occupied),
        _ => Ok(expect_success(|| "look for a registered webhook".to_owned(), answer).map(drop)?),
    }
}
