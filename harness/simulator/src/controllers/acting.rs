//! What components do by requests of their own, which go through admission as everybody's do.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Controllers, deployment, garbage, replica_set};
use crate::{
    admission::UserInfo,
    cluster::Simulator,
    minor::api::FieldValidation,
    node,
    registry::{Target, WriteRequest, update},
    status::Status,
};

/// The longest that a component waits for an answer.
const DEADLINE: Duration = Duration::from_secs(34);

/// Something that a component has to look at.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Task {
    /// A kubelet: the mirror of a static Pod may be missing.
    Mirror {
        node: String,
        namespace: String,
        name: String,
    },
    Deployment {
        namespace: String,
        name: String,
    },
    ReplicaSet {
        namespace: String,
        name: String,
    },
    /// The garbage collector: the owner with this uid is gone.
    Orphans {
        namespace: String,
        owner: String,
    },
}

/// What is to be done, and whether somebody is at it.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<Task>,
    is_busy: bool,
}

impl Tasks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, task: Task) {
        self.state().waiting.insert(task);
    }

    /// A turn at what is to be done; nothing where there is nothing, or where somebody else is at it.
    fn turn(&self) -> Option<Turn<'_>> {
        let mut state = self.state();
        if state.is_busy || state.waiting.is_empty() {
            return None;
        }
        state.is_busy = true;
        Some(Turn { tasks: self })
    }
}

/// The right to work on the tasks; given back when it is dropped, whatever cut the work off.
#[derive(Debug)]
struct Turn<'a> {
    tasks: &'a Tasks,
}

impl Turn<'_> {
    fn next(&self) -> Option<Task> {
        self.tasks.state().waiting.pop_first()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.tasks.state().is_busy = false;
    }
}

impl Controllers {
    pub(crate) fn add(&self, task: Task) {
        self.tasks.add(task);
    }
}

/// Lets components act on what was written, until nothing is left to be done.
///
/// Who writes while another request's components are still at work does not wait for them, as on a real cluster; each of
/// several requests that come one after the other finds the cluster at rest.
pub(crate) fn act(cluster: &Simulator) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
    Box::pin(async move {
        while let Some(turn) = cluster.controllers().tasks.turn() {
            while let Some(task) = turn.next() {
                perform(cluster, &task).await;
            }
        }
    })
}

async fn perform(cluster: &Simulator, task: &Task) {
    match task {
        Task::Mirror { node, namespace, name } => node::create_mirror(cluster, node, namespace, name).await,
        Task::Deployment { namespace, name } => deployment::sync(cluster, namespace, name).await,
        Task::ReplicaSet { namespace, name } => replica_set::sync(cluster, namespace, name).await,
        Task::Orphans { namespace, owner } => garbage::collect(cluster, namespace, owner).await,
    }
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Component<'a> {
    /// The kubelet of this node.
    Kubelet(&'a str),
    /// A controller of the controller manager, by the name of its service account.
    Controller(&'static str),
}

impl Component<'_> {
    /// A request of its own.
    ///
    /// # Shape
    /// `options`: the kind of the request's options, `CreateOptions` and the like.
    pub(crate) fn request(self, options: &str) -> WriteRequest {
        let (username, groups, manager) = match self {
            Self::Kubelet(node) => (format!("system:node:{node}"), vec!["system:nodes"], "kubelet"),
            Self::Controller(account) => (
                format!("system:serviceaccount:kube-system:{account}"),
                vec!["system:serviceaccounts", "system:serviceaccounts:kube-system"],
                super::namespace::CONTROLLER_MANAGER,
            ),
        };
        let groups = groups.into_iter().chain(["system:authenticated"]).map(str::to_owned).collect();
        WriteRequest {
            user: UserInfo { username, uid: String::new(), groups, extra: None },
            manager: manager.to_owned(),
            dry_run: false,
            field_validation: FieldValidation::Ignore,
            options: json!({"kind": options, "apiVersion": "meta.k8s.io/v1"}),
            deadline: DEADLINE,
            is_of_component: true,
        }
    }

    /// Puts an object in the place of the stored one, or its status alone.
    pub(super) async fn update(self, cluster: &Simulator, target: &Target, object: Value) -> Result<(), Status> {
        let request = self.request("UpdateOptions");
        update::update(cluster, target, &request, &update::Replace(object)).await.map(drop)
    }
}
