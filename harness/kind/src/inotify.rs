//! Whether the kernel lets another cluster's nodes watch files: without that a kubelet does not come up, and says so nowhere
//! but in its node's journal.

use std::{fs, path::Path};

use crate::error::ClusterError;

/// How many inotify instances a user may have. A node's processes are root's, whoever started it.
///
/// # Source
/// Linux v6.18 `Documentation/admin-guide/sysctl/fs.rst`; <https://kind.sigs.k8s.io/docs/user/known-issues/>
const LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";
/// How many a node has: kubelet 7, systemd 4, containerd 1. Counted on v1.24.17, v1.25.16, v1.31.14 and v1.36.3.
const NODE: u64 = 12;
/// How many a control plane has besides: kube-controller-manager 7, kube-apiserver 6. Counted on the same.
const CONTROL_PLANE: u64 = 13;
/// What a descriptor of an instance is a link to.
const INSTANCE: &str = "anon_inode:inotify";

/// How many more clusters of one control plane and so many workers this machine's kernel has room for; nothing where it
/// does not tell, as where the nodes run on another machine.
pub fn clusters_that_fit(workers: usize) -> Option<usize> {
    let left = limit()?.saturating_sub(used());
    usize::try_from(left / needed(workers + 1)).ok()
}

/// Refuses a cluster of `nodes` that would not come up.
///
/// # Errors
/// [`ClusterError::InotifyInstances`].
pub(crate) fn check(nodes: usize) -> Result<(), ClusterError> {
    let Some(limit) = limit() else { return Ok(()) };
    let (needed, used) = (needed(nodes), used());
    if limit.saturating_sub(used) < needed {
        return Err(ClusterError::InotifyInstances { needed, used, limit });
    }
    Ok(())
}

fn needed(nodes: usize) -> u64 {
    CONTROL_PLANE + NODE * u64::try_from(nodes).unwrap_or(u64::MAX / 2 / NODE)
}

fn limit() -> Option<u64> {
    if is_elsewhere() {
        return None;
    }
    fs::read_to_string(LIMIT).ok()?.trim().parse().ok()
}

/// Whether the container engine is on another machine, which has another kernel.
#[expect(clippy::disallowed_methods, reason = "the engines' own programs read these variables")]
fn is_elsewhere() -> bool {
    let hosts = ["DOCKER_HOST", "CONTAINER_HOST"].map(|name| std::env::var(name).unwrap_or_default());
    hosts.iter().any(|host| !host.is_empty() && !host.starts_with("unix:"))
}

/// How many root has, as far as this process may see it: another user sees none, and is refused nothing too early.
fn used() -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    processes.filter(|process| is_of_root(process)).map(|process| of(&process)).sum()
}

/// The line `Uid:` of its status has the real one first.
fn is_of_root(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next());
    user == Some("0")
}

fn of(process: &Path) -> u64 {
    let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let is_instance = |path: &Path| fs::read_link(path).is_ok_and(|target| target == Path::new(INSTANCE));
    descriptors.map(|entry| u64::from(is_instance(&entry.path()))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_nodes_of_real_clusters_have() {
        // One control plane and two workers, counted with nothing else on the machine: 49 on 1.25, 50 on 1.31, 54 on 1.36.
        assert_eq!(needed(3), 49);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn sees_the_instances_of_this_process() {
        let this = Path::new("/proc/self");
        let before = of(this);
        let watcher = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).expect("an instance");
        assert_eq!(of(this), before + 1);
        drop(watcher);
    }
}
