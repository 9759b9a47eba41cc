//! The controllers without which an API server would be no cluster: default service accounts, the root CA's ConfigMap,
//! token Secrets where that minor has them, and the end of a namespace.

use crate::cluster::Simulator;

/// Lets the controllers and then the nodes act on what was written, until nothing changes any more.
///
/// Called by the API after each write, before its answer is sent: a cluster that is always at rest between two requests
/// gives the same objects in every run.
pub(crate) fn react(cluster: &Simulator) {
    crate::node::react(cluster);
}
