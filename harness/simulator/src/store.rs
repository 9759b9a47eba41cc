//! Objects, resource versions and watches.
//!
//! One counter for the whole cluster, as etcd's revision: each write takes the next number, which becomes the written
//! object's `metadata.resourceVersion`. Objects are kept behind [`Arc`], so reading copies nothing.

mod watch;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

pub(crate) use watch::{Event, EventKind, Watch, WatchError};

use crate::object;

/// How many writes a watch may lie behind before its resource version is too old.
const HISTORY: usize = 4096;

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

/// Why a write does not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The name is taken.
    #[error("the object exists already")]
    Exists,
    /// There is no such object.
    #[error("the object does not exist")]
    Missing,
    /// The object has another resource version than the writer supposes.
    #[error("the object has been modified")]
    Conflict,
}

/// The objects of a resource as they were at one revision.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// By namespace and name.
    pub(crate) items: Vec<Arc<Value>>,
    /// The cluster's revision at that time: the list's `metadata.resourceVersion`.
    pub(crate) revision: u64,
}

/// All objects of one cluster.
#[derive(Debug, Default)]
pub(crate) struct Store {
    state: Mutex<State>,
    /// Told the newest revision after each write.
    changed: tokio::sync::watch::Sender<u64>,
}

#[derive(Clone, Debug)]
struct State {
    revision: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    history: VecDeque<Arc<Event>>,
    /// Events up to here are forgotten.
    compacted: u64,
}

impl Default for State {
    /// An empty etcd stands at revision 1.
    fn default() -> Self {
        Self { revision: 1, objects: BTreeMap::new(), history: VecDeque::new(), compacted: 0 }
    }
}

impl Store {
    /// The same objects and history once more; what is written to the one the other does not see.
    pub(crate) fn fork(&self) -> Self {
        let state = self.lock().clone();
        let changed = tokio::sync::watch::Sender::new(state.revision);
        Self { state: Mutex::new(state), changed }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object under `key`, as stored.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.lock().objects.get(key).cloned()
    }

    /// The objects of `resource`, in all namespaces or in one, by namespace and name.
    pub(crate) fn list(&self, resource: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        self.lock().select(resource, namespace)
    }

    /// The same, with the revision at which they were read.
    pub(crate) fn listing(&self, resource: &str, namespace: Option<&str>) -> Listing {
        let state = self.lock();
        Listing { items: state.select(resource, namespace), revision: state.revision }
    }

    /// The objects as they were at an earlier revision; nothing where that part of the history is forgotten.
    pub(crate) fn listing_at(&self, resource: &str, namespace: Option<&str>, revision: u64) -> Option<Listing> {
        let state = self.lock();
        if revision < state.compacted || revision > state.revision {
            return None;
        }
        let items = state.select(resource, namespace);
        let mut objects = items
            .into_iter()
            .map(|object| ((object::namespace(&object).to_owned(), object::name(&object).to_owned()), object))
            .collect::<BTreeMap<_, _>>();
        for event in state.history.iter().rev().take_while(|event| event.revision > revision) {
            let key = &event.key;
            if key.resource != resource || namespace.is_some_and(|wanted| wanted != key.namespace) {
                continue;
            }
            let at = (key.namespace.clone(), key.name.clone());
            match &event.previous {
                Some(previous) => objects.insert(at, Arc::clone(previous)),
                None => objects.remove(&at),
            };
        }
        Some(Listing { items: objects.into_values().collect(), revision })
    }

    /// The objects of all resources within one namespace, with their keys.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<(Key, Arc<Value>)> {
        let state = self.lock();
        let inside = state.objects.iter().filter(|(key, _)| key.namespace == namespace);
        inside.map(|(key, object)| (key.clone(), Arc::clone(object))).collect()
    }

    /// The newest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Stores a new object; its `metadata.resourceVersion` is set here.
    ///
    /// # Errors
    /// [`StoreError::Exists`]: the name is taken.
    pub(crate) fn insert(&self, key: &Key, object: Value) -> Result<Arc<Value>, StoreError> {
        let mut state = self.lock();
        if state.objects.contains_key(key) {
            return Err(StoreError::Exists);
        }
        let object = state.write(EventKind::Added, key, object, None);
        self.finish(state);
        Ok(object)
    }

    /// Stores the next version of an object.
    ///
    /// An object that carries a `metadata.resourceVersion` must carry the stored one; one without replaces whatever is
    /// there. Where nothing changes, nothing is written, as on a real API server.
    ///
    /// # Errors
    /// [`StoreError::Missing`] and [`StoreError::Conflict`].
    pub(crate) fn update(&self, key: &Key, mut object: Value) -> Result<Arc<Value>, StoreError> {
        let mut state = self.lock();
        let old = Arc::clone(state.objects.get(key).ok_or(StoreError::Missing)?);
        let version = object::metadata(&old, "resourceVersion");
        match object::metadata(&object, "resourceVersion") {
            "" => object::set_metadata(&mut object, "resourceVersion", version),
            wanted if wanted != version => return Err(StoreError::Conflict),
            _ => {}
        }
        if object == *old {
            return Ok(old);
        }
        let object = state.write(EventKind::Modified, key, object, Some(old));
        self.finish(state);
        Ok(object)
    }

    /// Changes the stored object in place, without anyone else's write in between.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub(crate) fn modify(&self, key: &Key, change: impl FnOnce(&mut Value)) -> Result<Arc<Value>, StoreError> {
        let mut state = self.lock();
        let old = Arc::clone(state.objects.get(key).ok_or(StoreError::Missing)?);
        let mut object = Value::clone(&old);
        change(&mut object);
        if object == *old {
            return Ok(old);
        }
        let object = state.write(EventKind::Modified, key, object, Some(old));
        self.finish(state);
        Ok(object)
    }

    /// Removes an object, whatever its finalizers; gives its last state, with the revision of the removal.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Conflict`] where `version` is given and is not the stored one.
    pub(crate) fn delete(&self, key: &Key, version: Option<&str>) -> Result<Arc<Value>, StoreError> {
        let mut state = self.lock();
        let old = Arc::clone(state.objects.get(key).ok_or(StoreError::Missing)?);
        if version.is_some_and(|version| version != object::metadata(&old, "resourceVersion")) {
            return Err(StoreError::Conflict);
        }
        let last = state.write(EventKind::Deleted, key, Value::clone(&old), Some(old));
        self.finish(state);
        Ok(last)
    }

    /// The newest revision, and the writes after `revision` up to it; nothing where that part of the history is
    /// forgotten.
    pub(crate) fn events_since(&self, revision: u64) -> (u64, Option<Vec<Arc<Event>>>) {
        let state = self.lock();
        let first = state.history.partition_point(|event| event.revision <= revision);
        let events = (revision >= state.compacted).then(|| state.history.range(first..).cloned().collect());
        (state.revision, events)
    }

    /// Follows a resource from `revision` on (that revision's own write not included).
    ///
    /// # Errors
    /// [`WatchError::TooOld`]: that part of the history is forgotten.
    pub(crate) fn watch(&self, resource: &str, namespace: Option<&str>, revision: u64) -> Result<Watch, WatchError> {
        let state = self.lock();
        if revision < state.compacted {
            return Err(WatchError::TooOld { revision, oldest: state.compacted });
        }
        Ok(Watch::new(resource, namespace, revision, self.changed.subscribe()))
    }

    fn finish(&self, state: MutexGuard<'_, State>) {
        let revision = state.revision;
        drop(state);
        self.changed.send_replace(revision);
    }
}

impl State {
    fn select(&self, resource: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let first = Key::new(resource, namespace.unwrap_or_default(), "");
        self.objects
            .range(first..)
            .take_while(|(key, _)| key.resource == resource && namespace.is_none_or(|wanted| wanted == key.namespace))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    fn write(&mut self, kind: EventKind, key: &Key, mut object: Value, previous: Option<Arc<Value>>) -> Arc<Value> {
        self.revision += 1;
        object::set_metadata(&mut object, "resourceVersion", self.revision.to_string());
        let object = Arc::new(object);
        match kind {
            EventKind::Deleted => self.objects.remove(key),
            EventKind::Added | EventKind::Modified => self.objects.insert(key.clone(), Arc::clone(&object)),
        };
        if self.history.len() == HISTORY
            && let Some(forgotten) = self.history.pop_front()
        {
            self.compacted = forgotten.revision;
        }
        self.history.push_back(Arc::new(Event {
            revision: self.revision,
            kind,
            key: key.clone(),
            object: Arc::clone(&object),
            previous,
        }));
        object
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> Key {
        Key::new("pods", "default", name)
    }

    fn mk_pod(name: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "default"}})
    }

    #[test]
    fn resource_versions_rise_over_the_whole_cluster() {
        let store = Store::default();
        let first = store.insert(&key("a"), mk_pod("a")).unwrap();
        let second = store.insert(&Key::new("nodes", "", "n"), json!({})).unwrap();
        let number = |object: &Value| object::metadata(object, "resourceVersion").parse::<u64>().unwrap();
        assert!(number(&second) > number(&first));
        assert_eq!(store.listing("pods", None).revision, number(&second));
        assert_eq!(store.insert(&key("a"), mk_pod("a")), Err(StoreError::Exists));
    }

    #[test]
    fn an_update_of_an_old_version_conflicts() {
        let store = Store::default();
        let first = store.insert(&key("a"), mk_pod("a")).unwrap();
        let mut next = Value::clone(&first);
        next["spec"] = json!({"x": 1});
        store.update(&key("a"), next.clone()).unwrap();
        next["spec"] = json!({"x": 2});
        assert_eq!(store.update(&key("a"), next), Err(StoreError::Conflict));
        assert_eq!(store.delete(&key("a"), Some("1")), Err(StoreError::Conflict));
        assert_eq!(store.update(&key("b"), mk_pod("b")), Err(StoreError::Missing));
    }

    #[test]
    fn an_update_without_a_change_writes_nothing() {
        let store = Store::default();
        let first = store.insert(&key("a"), mk_pod("a")).unwrap();
        let revision = store.revision();
        store.update(&key("a"), Value::clone(&first)).unwrap();
        store.modify(&key("a"), |_| {}).unwrap();
        assert_eq!(store.revision(), revision);
    }

    #[test]
    fn lists_as_it_was_before() {
        let store = Store::default();
        store.insert(&key("a"), mk_pod("a")).unwrap();
        store.insert(&key("b"), mk_pod("b")).unwrap();
        let then = store.listing("pods", None);
        store.delete(&key("a"), None).unwrap();
        store.modify(&key("b"), |pod| pod["spec"] = json!({})).unwrap();
        store.insert(&key("c"), mk_pod("c")).unwrap();
        let again = store.listing_at("pods", Some("default"), then.revision).unwrap();
        assert_eq!(again.items, then.items);
        assert!(store.listing_at("pods", None, store.revision() + 1).is_none());
    }

    #[test]
    fn lists_one_namespace_or_all() {
        let store = Store::default();
        for (namespace, name) in [("b", "x"), ("a", "y"), ("a", "x")] {
            store.insert(&Key::new("pods", namespace, name), mk_pod(name)).unwrap();
        }
        store.insert(&Key::new("podtemplates", "a", "t"), json!({})).unwrap();
        assert_eq!(store.list("pods", None).len(), 3);
        let names = store.list("pods", Some("a")).iter().map(|pod| object::name(pod).to_owned()).collect::<Vec<_>>();
        assert_eq!(names, ["x", "y"]);
    }
}
