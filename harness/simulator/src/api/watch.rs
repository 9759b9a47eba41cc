//! `watch`: what is written, as it is written.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Call,
    list_options::{ListOptions, expired},
    present::View,
    read,
    respond::Reply,
    selector::Selector,
};
use crate::{
    cluster::Simulator,
    fields,
    minor::api as rows,
    object,
    status::Status,
    store::{Event, EventKind, Watch, WatchError},
};

/// How long a watch lasts that asks for no time.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/server/config.go` `MinRequestTimeout`
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);

/// Follows a resource.
///
/// # Errors
/// What the client is answered instead of a stream.
pub(crate) fn watch(call: &Call<'_>) -> Result<Reply, Status> {
    let minor = call.cluster.minor();
    let options = ListOptions::parse(minor, &call.query, true)?;
    let selector = Selector::parse(minor, call.target.resource, &call.query)?;
    let resource = call.target.resource.stored_as;
    let namespace = read::namespace(call);
    let store = call.cluster.store();
    let mut feed = Feed {
        cluster: call.cluster.clone(),
        view: View::of(call),
        selector,
        source: None,
        ready: VecDeque::new(),
        deadline: Instant::now() + options.timeout_seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
        bookmarks: options.bookmarks,
        first: true,
    };
    let asked = options.resource_version.unwrap_or_default();
    let from = if asked == 0 || options.initial_events {
        let listing = store.listing(resource, namespace);
        for object in &listing.items {
            if feed.selector.matches(object) {
                feed.say("ADDED", object);
            }
        }
        if options.initial_events {
            feed.bookmark(listing.revision, true);
        }
        listing.revision
    } else {
        asked
    };
    match store.watch(resource, namespace, from) {
        Ok(watch) => feed.source = Some(watch),
        Err(error) => feed.fail(&error),
    }
    let frames = stream::unfold(feed, |mut feed| async move {
        let line = feed.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(line)), feed))
    });
    Ok(Reply::stream("application/json", StreamBody::new(frames).boxed_unsync()))
}

/// A watch's state between two lines.
struct Feed {
    cluster: Simulator,
    view: View,
    selector: Selector,
    /// Nothing once the watch is over.
    source: Option<Watch>,
    ready: VecDeque<Bytes>,
    deadline: Instant,
    bookmarks: bool,
    first: bool,
}

impl Feed {
    /// The next line, or nothing at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let source = self.source.as_mut()?;
            match source.try_next(self.cluster.store()) {
                Ok(Some(event)) => self.tell(&event),
                Ok(None) => {
                    if tokio::time::timeout_at(self.deadline, source.changed()).await.is_err() {
                        let seen = source.seen();
                        self.source = None;
                        if self.bookmarks {
                            self.bookmark(seen, false);
                        }
                    }
                }
                Err(error) => self.fail(&error),
            }
        }
    }

    /// Tells of a write as it looks through the selector.
    fn tell(&mut self, event: &Event) {
        let before = event.previous.as_ref().is_some_and(|previous| self.selector.matches(previous));
        let after = event.kind != EventKind::Deleted && self.selector.matches(&event.object);
        match (before, after) {
            (false, false) => {}
            (false, true) => self.say("ADDED", &event.object),
            (true, true) => self.say("MODIFIED", &event.object),
            (true, false) if event.kind == EventKind::Deleted => self.say("DELETED", &event.object),
            (true, false) => {
                // It went out of sight: its last visible state, at this revision.
                let mut last = event.previous.as_ref().map(|last| Value::clone(last)).unwrap_or_default();
                object::set_metadata(&mut last, "resourceVersion", event.revision.to_string());
                self.say("DELETED", &Arc::new(last));
            }
        }
    }

    fn say(&mut self, kind: &str, object: &Arc<Value>) {
        self.view.now = self.cluster.timestamp();
        let shown = self.view.event(object, self.first);
        self.first = false;
        self.push(kind, &shown);
    }

    /// Says up to where the client knows everything.
    fn bookmark(&mut self, revision: u64, initial: bool) {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        if *rows::NULL_CREATION_TIMESTAMP.at(self.view.minor) {
            metadata["creationTimestamp"] = Value::Null;
        }
        let resource = self.view.resource;
        let empty = json!({"metadata": metadata});
        let object = fields::round_trip(self.view.minor, resource.kind, empty.clone());
        let mut object = object.map_or(empty, |decoded| decoded.object);
        object["kind"] = json!(resource.kind);
        object["apiVersion"] = json!(resource.api_version());
        let shown = self.view.event(&object, self.first);
        self.first = false;
        self.push("BOOKMARK", &shown);
    }

    /// Ends the watch with an error.
    fn fail(&mut self, error: &WatchError) {
        self.source = None;
        self.push("ERROR", &expired(error.to_string()).to_json());
    }

    fn push(&mut self, kind: &str, object: &Value) {
        let mut line = serde_json::to_vec(&json!({"type": kind, "object": object})).unwrap_or_default();
        line.push(b'\n');
        self.ready.push_back(line.into());
    }
}
