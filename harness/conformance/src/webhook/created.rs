//! What was put into a cluster for webhooks.

use std::sync::{Mutex, PoisonError};

/// The paths of objects that were created and were not there before.
#[derive(Debug, Default)]
pub(super) struct Created {
    paths: Mutex<Vec<String>>,
}

impl Created {
    /// Takes note of an object.
    pub(super) fn note(&self, path: String) {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    /// All of them, in the order of their creation.
    pub(super) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
