//! `ListOptions`: how much of a collection, at which version.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::query::Query;
use crate::{
    field_error::FieldError,
    minor::{
        Minor,
        api::{self as rows, InitialEvents},
    },
    status::Status,
};

/// What a list or a watch asks for, besides its selectors.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    /// Nothing: no limit.
    pub(crate) limit: Option<usize>,
    pub(crate) start: Option<Continue>,
    /// Nothing: the newest.
    pub(crate) resource_version: Option<u64>,
    pub(crate) exact: bool,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: bool,
}

/// Where a list goes on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Continue {
    v: String,
    /// The revision of the first page.
    pub(crate) rv: u64,
    /// Namespace and name of the last object before, with a zero byte.
    pub(crate) start: String,
}

impl Continue {
    /// The place after an object.
    pub(crate) fn after(revision: u64, place: &str) -> Self {
        Self { v: "meta.k8s.io/v1".to_owned(), rv: revision, start: format!("{place}\0") }
    }

    /// As it stands in `metadata.continue`.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Result<Self, Status> {
        let refuse =
            |why: &str| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| refuse(&error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| refuse(&error.to_string()))
    }
}

/// 410 for a place in a list that is forgotten.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/storage/etcd3/errors.go` `continueExpired`
pub(crate) fn continue_expired() -> Status {
    expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter.",
    )
}

/// 410.
pub(crate) fn expired(message: impl Into<String>) -> Status {
    Status::new(410, "Expired", message)
}

impl ListOptions {
    /// Reads the options of a list or a watch.
    ///
    /// # Errors
    /// 400, 422 or 500, as an API server answers each.
    pub(crate) fn parse(minor: Minor, query: &Query, watch: bool) -> Result<Self, Status> {
        let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let timeout_seconds = query.number("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let errors = check(minor, query, watch);
        if !errors.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors));
        }
        let knows_initial = *rows::SENDS_INITIAL_EVENTS.at(minor) == InitialEvents::Sent;
        Ok(Self {
            limit,
            start: query.get("continue").map(Continue::decode).transpose()?,
            resource_version: query.get("resourceVersion").map(|text| version(minor, text)).transpose()?,
            exact: query.get("resourceVersionMatch") == Some("Exact"),
            timeout_seconds,
            bookmarks: query.flag("allowWatchBookmarks"),
            initial_events: knows_initial && query.flag("sendInitialEvents"),
        })
    }
}

fn version(minor: Minor, text: &str) -> Result<u64, Status> {
    text.parse().map_err(|_| {
        let message =
            format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
        if *rows::REFUSES_UNREADABLE_VERSIONS.at(minor) {
            Status::bad_request(format!("invalid resource version: {message}"))
        } else {
            Status::new(500, "", message)
        }
    })
}

/// # Source
/// kubernetes v1.24 and v1.36 `apimachinery/pkg/apis/meta/internalversion/validation/validation.go`
fn check(minor: Minor, query: &Query, watch: bool) -> Vec<FieldError> {
    const MATCH: &str = "resourceVersionMatch";
    let initial_events = *rows::SENDS_INITIAL_EVENTS.at(minor);
    let asks_initial = initial_events != InitialEvents::Unknown && query.optional_flag("sendInitialEvents").is_some();
    let wanted = query.get(MATCH);
    let mut errors = Vec::new();
    if watch && asks_initial {
        if wanted != Some("NotOlderThan") {
            errors.push(FieldError::forbidden(
                MATCH,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        if initial_events == InitialEvents::Forbidden {
            errors.push(FieldError::forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
            ));
        }
    }
    if let Some(wanted) = wanted {
        check_match(minor, query, watch, asks_initial, wanted, &mut errors);
    }
    if !watch && asks_initial {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    errors
}

fn check_match(
    minor: Minor,
    query: &Query,
    watch: bool,
    asks_initial: bool,
    wanted: &str,
    errors: &mut Vec<FieldError>,
) {
    const MATCH: &str = "resourceVersionMatch";
    let mut forbid = |why: &str| errors.push(FieldError::forbidden(MATCH, why));
    let version = query.get("resourceVersion");
    let watch_rules = watch && *rows::SENDS_INITIAL_EVENTS.at(minor) != InitialEvents::Unknown;
    if watch_rules {
        if !asks_initial {
            forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
    } else {
        if watch {
            forbid("resourceVersionMatch is forbidden for watch");
        }
        if version.is_none() {
            forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
    }
    if query.get("continue").is_some() {
        forbid("resourceVersionMatch is forbidden when continue is provided");
    }
    if !watch_rules && wanted == "Exact" && version == Some("0") {
        forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    let known: &[&str] = if watch_rules { &["NotOlderThan"] } else { &["Exact", "NotOlderThan", ""] };
    if !known.contains(&wanted) {
        errors.push(FieldError::not_supported(MATCH, &json!(wanted), known));
    }
}
