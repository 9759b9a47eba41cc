//! Objects, resource versions and watches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// Where an object is kept: group and resource, namespace (empty for cluster-scoped), name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    /// `pods`, or `mutatingwebhookconfigurations.admissionregistration.k8s.io`: resource, a dot and the group if any.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self { resource: resource.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// All objects of one cluster.
#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: Mutex<BTreeMap<Key, Arc<Value>>>,
}

impl Store {
    /// The object under `key`, as stored.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(key).cloned()
    }

    /// The objects of `resource`, in all namespaces or in one, by namespace and name.
    pub(crate) fn list(&self, resource: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let objects = self.objects.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        objects
            .iter()
            .filter(|(key, _)| key.resource == resource && namespace.is_none_or(|wanted| wanted == key.namespace))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }
}
