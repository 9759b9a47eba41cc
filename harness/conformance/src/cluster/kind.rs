//! Real clusters on kind: nodes with and without the kubelet's `seccompDefault`, and our image on each of them.

pub(crate) mod request;

use std::collections::{BTreeMap, BTreeSet};

use kind_cluster::{ImageArchive, KubernetesVersion, Role};
use kube_simulator::Minor;

use self::request::{KindOptions, kind_request, node_of};
use super::{
    ClusterError, failed,
    live::{LiveCluster, LiveNode},
};
use crate::{api::Api, probe::LOCALHOST_PROFILE};

/// The folder of seccomp profiles on a node.
const PROFILES: &str = "/var/lib/kubelet/seccomp";
/// How many workers a cluster has: one for each setting of `seccompDefault`.
const WORKERS: usize = 2;
/// Writes `$2` to the file `$1`.
const WRITE: &str = r#"mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1""#;

/// The simulator's name of a version's minor.
pub(crate) fn minor_of(version: KubernetesVersion) -> Option<Minor> {
    u8::try_from(version.minor()).ok().and_then(Minor::new)
}

/// How many clusters of a run the kernel has room for beside those that there are, and one at least, which may be kept.
pub(crate) fn at_once() -> usize {
    kind_cluster::clusters_that_fit(WORKERS).map_or(usize::MAX, |fit| fit.max(1))
}

/// Makes the cluster of `version`, or takes a kept one, and gives its nodes what cases need there: the harness's own image
/// and its Localhost profile under the names in `profiles`.
pub(crate) async fn start(
    version: KubernetesVersion,
    options: &KindOptions,
    archive: &ImageArchive,
    profiles: &BTreeSet<String>,
    run: &str,
) -> Result<LiveCluster, ClusterError> {
    let request = kind_request(version, options).with_run(run);
    let cluster = request.start().await.map_err(failed("make a cluster on kind"))?;
    cluster.load_archive(archive).await.map_err(failed("load the harness's image into the nodes"))?;
    let workers = cluster.nodes().iter().filter(|node| node.role == Role::Worker);
    let mut nodes = BTreeMap::new();
    for worker in workers {
        for profile in profiles {
            let file = format!("{PROFILES}/{profile}");
            let command = ["sh", "-euc", WRITE, "sh", &file, LOCALHOST_PROFILE];
            cluster.exec(&worker.name, command).await.map_err(failed("write a seccomp profile"))?;
        }
        let label = node_of(worker.seccomp_default).to_owned();
        nodes.insert(worker.seccomp_default, LiveNode { name: worker.name.clone(), label, baseline: None });
    }
    // A version that kind-cluster knows is one that the simulator knows; the gate's minor is all that is asked of it.
    let minor = minor_of(version).unwrap_or(Minor::NEWEST);
    let mut live = LiveCluster::new(Api::new(cluster.client()), minor, nodes, run);
    let is_reused = cluster.is_reused();
    live.kind = Some(cluster);
    if is_reused {
        // What a killed run left, before anything is made anew.
        live.forget_killed_runs().await?;
    }
    live.measure().await?;
    Ok(live)
}

/// Gives the nodes an image that this machine has; what it has not, they pull themselves.
pub(crate) async fn load_image(live: &LiveCluster, image: &str) -> Result<(), ClusterError> {
    match &live.kind {
        Some(cluster) => cluster.load_image(image).await.map(drop).map_err(failed("load the webhook's image")),
        None => Ok(()),
    }
}
