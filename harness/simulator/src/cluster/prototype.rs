//! Clusters as they were right after their start, to start others from.
//!
//! What a cluster holds then depends on nothing but its [`Origin`], and a run starts thousands of the same few.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{controllers::Controllers, identity::Identities, minor::Minor, node::NodeProfile, store::Store};

/// More kinds of clusters than a run has; when there are more, those that are kept are forgotten.
const KEPT: usize = 256;

static STARTED: Mutex<Option<HashMap<Origin, Parts>>> = Mutex::new(None);

/// All that a cluster's objects depend on when it starts.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Origin {
    pub(super) minor: Minor,
    pub(super) seed: u64,
    pub(super) now: String,
    pub(super) nodes: Vec<NodeProfile>,
    pub(super) acts: bool,
}

/// The parts of a cluster that change while it runs.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) identities: Identities,
    pub(super) controllers: Controllers,
}

impl Parts {
    /// The same once more; what the one does the other does not see.
    pub(super) fn fork(store: &Store, identities: &Identities, controllers: &Controllers) -> Self {
        Self { store: store.fork(), identities: identities.fork(), controllers: controllers.fork() }
    }
}

/// What a cluster of this origin holds after its start, where one was started before.
pub(super) fn find(origin: &Origin) -> Option<Parts> {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let parts = started.as_ref()?.get(origin)?;
    Some(Parts::fork(&parts.store, &parts.identities, &parts.controllers))
}

/// Keeps what a cluster holds after its start.
pub(super) fn keep(origin: Origin, parts: Parts) {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let started = started.get_or_insert_default();
    if started.len() >= KEPT {
        started.clear();
    }
    started.insert(origin, parts);
}
