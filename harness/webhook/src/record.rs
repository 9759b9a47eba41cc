//! What the webhook was asked and what it answered, kept for whoever needs proof.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use json_patch::PatchOperation;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{decide::Outcome, review::Answer};

/// One review: what was asked, what was answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The whole AdmissionReview that came in; a string with its text where it is no JSON.
    pub request: Value,
    /// The whole AdmissionReview that went out.
    pub response: Value,
    /// What became of the request.
    pub outcome: Outcome,
    /// The operations of the answer's patch.
    pub patch: Vec<PatchOperation>,
}

impl Record {
    /// The request's uid; empty where there is none.
    pub fn uid(&self) -> &str {
        self.request.pointer("/request/uid").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the response carries the request's uid; with `v1beta1` the API server does not check that.
    pub fn is_uid_echoed(&self) -> bool {
        self.request.pointer("/request/uid") == self.response.pointer("/response/uid")
    }
}

/// Bytes are kept as they came, and parsed by whoever drains: recording costs a review next to nothing.
#[derive(Debug)]
struct Entry {
    request: Bytes,
    response: Bytes,
    outcome: Outcome,
    patch: Vec<PatchOperation>,
}

/// Keeps every review until it is drained.
#[derive(Debug)]
pub struct Recorder {
    capacity: usize,
    entries: Mutex<VecDeque<Entry>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::with_capacity(10_000)
    }
}

impl Recorder {
    /// Keeps the last `capacity` reviews.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    pub(crate) fn push(&self, request: Bytes, answer: &Answer, response: Bytes) {
        let entry = Entry { request, response, outcome: answer.outcome, patch: answer.patch.clone() };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// How many reviews are kept.
    pub fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no review is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out every review, in the order in which they were answered.
    pub fn drain(&self) -> Vec<Record> {
        let entries = std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner));
        entries
            .into_iter()
            .map(|entry| Record {
                request: parse(&entry.request),
                response: parse(&entry.response),
                outcome: entry.outcome,
                patch: entry.patch,
            })
            .collect()
    }
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}
