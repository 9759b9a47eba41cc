//! What the webhook was asked and what it answered, kept for whoever needs proof.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use json_patch::PatchOperation;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decide::Outcome;

/// One review: what was asked, what was answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The whole AdmissionReview that came in; a string with its text where it is no JSON.
    pub request: Value,
    /// The whole AdmissionReview that went out; a string with what was said instead where it is none.
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

/// Bytes are kept as they came, and parsed by whoever takes them out: recording costs a review next to nothing.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The request's namespace.
    pub(crate) namespace: String,
    pub(crate) request: Bytes,
    pub(crate) response: Bytes,
    pub(crate) outcome: Outcome,
    pub(crate) patch: Vec<PatchOperation>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.request.len() + self.response.len()
    }

    fn read(self) -> Record {
        Record {
            request: parse(&self.request),
            response: parse(&self.response),
            outcome: self.outcome,
            patch: self.patch,
        }
    }
}

/// Keeps every review until it is taken out; where there are more than it may keep, the oldest are dropped.
#[derive(Debug)]
pub struct Recorder {
    reviews: usize,
    bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    dropped: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::with_capacity(10_000)
    }
}

impl Recorder {
    /// The most that reviews and answers may take together; nine of the largest reviews that are read take as much.
    const BYTES: usize = 64 * 1024 * 1024;

    /// Keeps the last `reviews`, so long as they take no more than 64 MiB.
    pub fn with_capacity(reviews: usize) -> Self {
        Self { reviews, bytes: Self::BYTES, kept: Mutex::default() }
    }

    /// Keeps no more than `bytes` of reviews and answers.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    pub(crate) fn push(&self, entry: Entry) {
        let mut kept = self.lock();
        kept.bytes += entry.bytes();
        kept.entries.push_back(entry);
        while kept.entries.len() > self.reviews || kept.bytes > self.bytes {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.bytes();
            if kept.dropped == 0 {
                tracing::warn!(kept = kept.entries.len(), "nobody takes the records out; the oldest are dropped");
            }
            kept.dropped += 1;
        }
    }

    /// How many reviews are kept.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no review is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many reviews were dropped because there was no room.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Takes out every review, in the order in which they were answered.
    pub fn drain(&self) -> Vec<Record> {
        self.remove(|_| true)
    }

    /// Takes out the reviews of requests in `namespace`, in the order in which they were answered.
    ///
    /// Several who ask the same webhook in namespaces of their own take nothing of each other's. What was no review has
    /// no namespace, and is found under the empty name.
    pub fn take(&self, namespace: &str) -> Vec<Record> {
        self.remove(|entry| entry.namespace == namespace)
    }

    fn remove(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Record> {
        let wanted = {
            let mut kept = self.lock();
            let (wanted, others): (VecDeque<_>, _) = std::mem::take(&mut kept.entries).into_iter().partition(is_wanted);
            kept.entries = others;
            kept.bytes = kept.entries.iter().map(Entry::bytes).sum();
            wanted
        };
        // Without the lock: reading takes long, and reviews go on.
        wanted.into_iter().map(Entry::read).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::review::Reviewer;

    fn push(recorder: &Recorder, namespace: &str, uid: &str) {
        let review = json!({
            "kind": "AdmissionReview",
            "apiVersion": "admission.k8s.io/v1",
            "request": {"uid": uid, "namespace": namespace, "operation": "DELETE"},
        });
        let request = Bytes::from(review.to_string());
        let answer = Reviewer::default().review(&request);
        let (namespace, outcome, patch) = (answer.namespace, answer.outcome, answer.patch);
        recorder.push(Entry { namespace, request, response: answer.body.into(), outcome, patch });
    }

    fn uids(records: &[Record]) -> Vec<&str> {
        records.iter().map(Record::uid).collect()
    }

    #[test]
    fn takes_out_one_namespace_and_leaves_the_others() {
        let recorder = Recorder::default();
        for (namespace, uid) in [("a", "1"), ("b", "2"), ("a", "3"), ("", "4")] {
            push(&recorder, namespace, uid);
        }
        assert_eq!(uids(&recorder.take("a")), ["1", "3"]);
        assert!(recorder.take("a").is_empty());
        assert_eq!(uids(&recorder.take("")), ["4"]);
        assert_eq!(uids(&recorder.drain()), ["2"]);
        assert!(recorder.is_empty());
    }

    #[test]
    fn drops_the_oldest_where_there_is_no_room() {
        let recorder = Recorder::with_capacity(2);
        for uid in ["1", "2", "3"] {
            push(&recorder, "a", uid);
        }
        assert_eq!((uids(&recorder.take("a")), recorder.dropped()), (vec!["2", "3"], 1));
        // What was taken out makes room.
        push(&recorder, "a", "4");
        push(&recorder, "a", "5");
        assert_eq!((recorder.len(), recorder.dropped()), (2, 1));
    }

    #[test]
    fn keeps_no_more_bytes_than_it_may() {
        let recorder = Recorder::default().with_bytes(600);
        for uid in ["1", "2", "3", "4", "5"] {
            push(&recorder, "a", uid);
        }
        let (kept, dropped) = (recorder.len(), recorder.dropped());
        assert!(kept > 0 && kept < 5 && dropped == 5 - kept as u64, "{kept} {dropped}");
        let tiny = Recorder::default().with_bytes(1);
        push(&tiny, "a", "1");
        assert_eq!((tiny.len(), tiny.dropped()), (0, 1));
    }
}
