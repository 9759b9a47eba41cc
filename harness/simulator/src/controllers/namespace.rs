//! What a namespace gets when it begins, and its end.
//!
//! # Source
//! kubernetes v1.36 `pkg/controller/serviceaccount/serviceaccounts_controller.go`,
//! `pkg/controller/certificates/rootcacertpublisher/publisher.go`,
//! `pkg/controller/namespace/deletion/namespaced_resources_deleter.go`

use serde_json::{Value, json};

use crate::{cluster::Simulator, minor::node as rows, object, registry::system, store::Key};

/// Who makes what a namespace needs.
pub(super) const CONTROLLER_MANAGER: &str = "kube-controller-manager";
/// The finalizer in `spec` that holds a namespace until its content is gone.
const FINALIZER: &str = "kubernetes";
/// The cluster's certificate authority; its key is not kept.
const ROOT_CA: &str = include_str!("ca.crt");

pub(super) fn root_ca() -> &'static str {
    ROOT_CA
}

/// Brings a namespace forward.
pub(super) fn sync(cluster: &Simulator, name: &str) {
    let key = Key::new("namespaces", "", name);
    let Some(namespace) = cluster.store().get(&key) else {
        return;
    };
    if namespace.pointer("/metadata/deletionTimestamp").is_some() {
        end(cluster, &key, name);
        return;
    }
    let make = |resource, object| system::make(cluster, CONTROLLER_MANAGER, "", resource, object);
    make("serviceaccounts", json!({"metadata": {"name": "default", "namespace": name}}));
    let mut metadata = json!({"name": "kube-root-ca.crt", "namespace": name});
    if *rows::ROOT_CA_DESCRIPTION.at(cluster.minor()) {
        metadata["annotations"] = json!({
            "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when \
                using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                guaranteed across distributions of Kubernetes clusters.",
        });
    }
    make("configmaps", json!({"metadata": metadata, "data": {"ca.crt": ROOT_CA}}));
}

/// Takes away what is in a namespace, and then the namespace.
///
/// What has finalizers of its own stays until someone takes them off.
fn end(cluster: &Simulator, key: &Key, name: &str) {
    let now = cluster.now();
    let mut is_empty = true;
    for (content, object) in cluster.store().in_namespace(name) {
        if object::metadata_list(&object, "finalizers").next().is_none() {
            // An error means that it is gone already.
            drop(cluster.store().delete(&content, None));
            continue;
        }
        is_empty = false;
        let marked = cluster.store().modify(&content, |object| {
            object::metadata_mut(object).entry("deletionTimestamp").or_insert_with(|| json!(now));
            object::metadata_mut(object).entry("deletionGracePeriodSeconds").or_insert_with(|| json!(0));
        });
        drop(marked);
    }
    if !is_empty {
        return;
    }
    let finalized = cluster.store().modify(key, |namespace| {
        if let Some(finalizers) = namespace.pointer_mut("/spec/finalizers").and_then(Value::as_array_mut) {
            finalizers.retain(|finalizer| finalizer != FINALIZER);
        }
        let is_free = namespace.pointer("/spec/finalizers").and_then(Value::as_array).is_none_or(Vec::is_empty);
        if is_free {
            object::map_mut(namespace, "spec").remove("finalizers");
        }
    });
    let is_free = finalized.is_ok_and(|namespace| {
        namespace.pointer("/spec/finalizers").is_none()
            && object::metadata_list(&namespace, "finalizers").next().is_none()
    });
    if is_free {
        drop(cluster.store().delete(key, None));
    }
}
