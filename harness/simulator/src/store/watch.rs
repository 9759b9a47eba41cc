//! Following what is written.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;

use super::{Key, Store};

/// What happened to an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EventKind {
    Added,
    Modified,
    Deleted,
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) revision: u64,
    pub(crate) kind: EventKind,
    pub(crate) key: Key,
    /// The object as written; on deletion its last state, with the revision of the deletion.
    pub(crate) object: Arc<Value>,
    /// The object before: by it a selector tells what came into view from what changed within it.
    pub(crate) previous: Option<Arc<Value>>,
}

/// Why a resource cannot be followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum WatchError {
    /// In Kubernetes' words for a 410.
    #[error("too old resource version: {revision} ({oldest})")]
    TooOld {
        /// The revision asked for.
        revision: u64,
        /// The oldest one that can be followed.
        oldest: u64,
    },
}

/// Follows the writes to one resource.
#[derive(Debug)]
pub(crate) struct Watch {
    resource: String,
    namespace: Option<String>,
    seen: u64,
    pending: VecDeque<Arc<Event>>,
    changed: tokio::sync::watch::Receiver<u64>,
}

impl Watch {
    pub(super) fn new(
        resource: &str,
        namespace: Option<&str>,
        seen: u64,
        changed: tokio::sync::watch::Receiver<u64>,
    ) -> Self {
        Self {
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
            seen,
            pending: VecDeque::new(),
            changed,
        }
    }

    /// The revision up to which this watch knows everything.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The next write, without waiting.
    ///
    /// # Errors
    /// [`WatchError::TooOld`]: the reader was too slow, and the history has gone on without it.
    pub(crate) fn try_next(&mut self, store: &Store) -> Result<Option<Arc<Event>>, WatchError> {
        if self.pending.is_empty() {
            self.fetch(store)?;
        }
        Ok(self.pending.pop_front())
    }

    /// Waits until something is written that this watch has not looked at.
    ///
    /// # Cancel safety
    /// Nothing is lost: [`Watch::try_next`] reads from the history.
    pub(crate) async fn changed(&mut self) {
        // The store lives as long as the cluster's handle that the caller holds, so the sender is not gone.
        drop(self.changed.changed().await);
    }

    fn fetch(&mut self, store: &Store) -> Result<(), WatchError> {
        self.changed.mark_unchanged();
        let state = store.lock();
        if self.seen < state.compacted {
            return Err(WatchError::TooOld { revision: self.seen, oldest: state.compacted });
        }
        let first = state.history.partition_point(|event| event.revision <= self.seen);
        let wanted = state.history.range(first..).filter(|event| {
            event.key.resource == self.resource
                && self.namespace.as_ref().is_none_or(|namespace| *namespace == event.key.namespace)
        });
        self.pending.extend(wanted.cloned());
        self.seen = self.seen.max(state.revision);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::HISTORY;

    #[test]
    fn follows_from_a_revision_on() {
        let store = Store::default();
        let key = Key::new("pods", "default", "a");
        store.insert(&key, json!({})).unwrap();
        let mut watch = store.watch("pods", Some("default"), store.revision()).unwrap();
        assert!(watch.try_next(&store).unwrap().is_none());
        store.insert(&Key::new("pods", "other", "b"), json!({})).unwrap();
        store.delete(&key, None).unwrap();
        let event = watch.try_next(&store).unwrap().unwrap();
        assert_eq!(event.kind, EventKind::Deleted);
        assert!(watch.try_next(&store).unwrap().is_none());
        assert_eq!(watch.seen(), store.revision());
    }

    #[test]
    fn a_forgotten_revision_is_too_old() {
        let store = Store::default();
        let key = Key::new("pods", "default", "a");
        store.insert(&key, json!({})).unwrap();
        for number in 0..=HISTORY {
            store.modify(&key, |pod| pod["spec"] = json!({"number": number})).unwrap();
        }
        assert!(matches!(store.watch("pods", None, 1), Err(WatchError::TooOld { revision: 1, .. })));
    }
}
