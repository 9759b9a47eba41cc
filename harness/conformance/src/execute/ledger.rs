//! Everything that a case made or changed in a cluster that outlives it, and its undoing.

use serde_json::{Value, json};

use super::object::Made;
use crate::{
    api::{Call, MERGE_PATCH},
    cluster::Cluster,
    error::chain,
};

/// What was done, in the order in which it was done.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

/// Something that could not be undone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NotUndone {
    /// What, and why.
    pub(crate) what: String,
    /// Whether it is the namespace that was made for the case: whoever keeps the cluster tries that once more in the end.
    pub(crate) is_own_namespace: bool,
}

/// One thing that was done.
#[derive(Debug)]
enum Entry {
    /// An object was made, in whatever scope.
    Object { path: String, label: String },
    /// A namespace was made.
    Namespace { name: String },
    /// An object that was there was changed; the patch changes it back.
    Changed { path: String, label: String, back: Value },
    /// A static Pod's manifest was written into the folder of the node's kubelet.
    Manifest { file: String },
    /// The `seccompDefault` of the node's kubelet was set; before, it was this.
    SeccompDefault { before: bool },
}

impl Ledger {
    /// Takes note of an object that is made, or about to be: whatever comes of it, it is not left behind.
    pub(super) fn object(&mut self, made: &Made) {
        self.entries.push(match made.kind.as_str() {
            "Namespace" => Entry::Namespace { name: made.object_name.clone() },
            _ => Entry::Object { path: made.path(), label: made.label() },
        });
    }

    /// Forgets the object that was noted last: it was refused, and one of its name may be somebody else's.
    pub(super) fn withdraw(&mut self) {
        self.entries.pop();
    }

    /// Takes note of a namespace that is about to be made.
    pub(super) fn namespace(&mut self, name: &str) {
        self.entries.push(Entry::Namespace { name: name.to_owned() });
    }

    /// Takes note of an object that is about to be changed, and of the merge patch that changes it back.
    pub(super) fn changed(&mut self, path: &str, label: String, back: Value) {
        self.entries.push(Entry::Changed { path: path.to_owned(), label, back });
    }

    /// Takes note of a static Pod's manifest that is about to be written.
    pub(super) fn manifest(&mut self, file: &str) {
        self.entries.push(Entry::Manifest { file: file.to_owned() });
    }

    /// Takes note of the kubelet's `seccompDefault` before it is set for the first time.
    pub(super) fn seccomp_default(&mut self, before: bool) {
        if !self.entries.iter().any(|entry| matches!(entry, Entry::SeccompDefault { .. })) {
            self.entries.push(Entry::SeccompDefault { before });
        }
    }

    /// Undoes everything, the last thing first, and says what could not be undone: one thing does not keep the next
    /// from it.
    pub(super) async fn undo<C: Cluster>(self, cluster: &C) -> Vec<NotUndone> {
        let mut left = Vec::new();
        for entry in self.entries.into_iter().rev() {
            let undone = match &entry {
                Entry::Object { path, label } => delete(cluster, path, label).await,
                Entry::Namespace { name } => cluster.remove_namespace(name).await.map_err(|error| chain(&error)),
                Entry::Manifest { file } => cluster.remove_static_pod(file).await.map_err(|error| chain(&error)),
                Entry::SeccompDefault { before } => {
                    cluster.set_seccomp_default(*before).await.map_err(|error| chain(&error))
                }
                Entry::Changed { path, label, back } => change_back(cluster, path, label, back.clone()).await,
            };
            let is_own_namespace = matches!(&entry, Entry::Namespace { name } if name == cluster.namespace());
            left.extend(undone.err().map(|what| NotUndone { what, is_own_namespace }));
        }
        left
    }
}

/// Deletes an object at once, with the finalizers that a scenario gave it; one that is gone is as good.
async fn delete<C: Cluster>(cluster: &C, path: &str, label: &str) -> Result<(), String> {
    let call = |call: Call| async { cluster.api().call(call).await.map_err(|error| chain(&error)) };
    let answer = call(Call::delete(path).with("gracePeriodSeconds", "0")).await?;
    if answer.code != 404 && !answer.is_success() {
        return Err(format!("{label} cannot be deleted: {} {}", answer.code, answer.message().unwrap_or_default()));
    }
    let finalizers = answer.body.pointer("/metadata/finalizers").and_then(Value::as_array);
    if finalizers.is_some_and(|finalizers| !finalizers.is_empty()) {
        let answer = call(Call::patch(path, MERGE_PATCH, json!({"metadata": {"finalizers": null}}))).await?;
        if answer.code != 404 && !answer.is_success() {
            return Err(format!("{label} keeps its finalizers: {}", answer.message().unwrap_or_default()));
        }
    }
    Ok(())
}

async fn change_back<C: Cluster>(cluster: &C, path: &str, label: &str, back: Value) -> Result<(), String> {
    let answer = cluster.api().call(Call::patch(path, MERGE_PATCH, back)).await.map_err(|error| chain(&error))?;
    if answer.is_success() {
        return Ok(());
    }
    Err(format!("{label} cannot be changed back: {} {}", answer.code, answer.message().unwrap_or_default()))
}
