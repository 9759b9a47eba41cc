//! `get` and `list`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Call,
    list_options::{Continue, ListOptions, continue_expired, expired},
    present,
    respond::Reply,
    selector::Selector,
};
use crate::{object, status::Status, store::Listing};

/// One object.
pub(crate) fn get(call: &Call<'_>) -> Result<Reply, Status> {
    let object = call.cluster.store().get(&call.target.key()).ok_or_else(|| call.target.not_found())?;
    if let Some(version) = call.query.get("resourceVersion") {
        check_not_newer(call, version.parse().unwrap_or_default())?;
    }
    Ok(present::one(call, 200, &object))
}

/// The objects of a resource.
pub(crate) fn list(call: &Call<'_>) -> Result<Reply, Status> {
    let minor = call.cluster.minor();
    let options = ListOptions::parse(minor, &call.query, false)?;
    let selector = Selector::parse(minor, call.target.resource, &call.query)?;
    let listing = listing(call, &options)?;
    let mut items = listing.items;
    if let Some(start) = &options.start {
        items.retain(|object| place(call, object) > start.start);
    }
    if !selector.is_empty() {
        items.retain(|object| selector.matches(object));
    }
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), json!(listing.revision.to_string()));
    if let Some(limit) = options.limit
        && items.len() > limit
    {
        let left = items.len() - limit;
        items.truncate(limit);
        let last = items.last().map(|object| place(call, object)).unwrap_or_default();
        metadata.insert("continue".to_owned(), json!(Continue::after(listing.revision, &last).encode()));
        // How much is left is not counted where a selector has to look at each object.
        if selector.is_empty() {
            metadata.insert("remainingItemCount".to_owned(), json!(left));
        }
    }
    Ok(present::list(call, &items, &Value::Object(metadata)))
}

/// The namespace of the request, nothing for all.
pub(crate) fn namespace<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    Some(call.target.namespace.as_str()).filter(|namespace| !namespace.is_empty())
}

/// The resource's objects at the version asked for.
fn listing(call: &Call<'_>, options: &ListOptions) -> Result<Listing, Status> {
    let store = call.cluster.store();
    let resource = call.target.resource.stored_as;
    if let Some(start) = &options.start {
        return store.listing_at(resource, namespace(call), start.rv).ok_or_else(continue_expired);
    }
    let version = options.resource_version.unwrap_or_default();
    check_not_newer(call, version)?;
    if options.exact {
        return store
            .listing_at(resource, namespace(call), version)
            .ok_or_else(|| expired(format!("The resourceVersion for the provided list is too old: {version}")));
    }
    Ok(store.listing(resource, namespace(call)))
}

/// 504 for a version that is not there yet.
fn check_not_newer(call: &Call<'_>, version: u64) -> Result<(), Status> {
    let current = call.cluster.store().revision();
    if version <= current {
        return Ok(());
    }
    let message = format!("Timeout: Too large resource version: {version}, current: {current}");
    Err(Status::new(504, "Timeout", message).with_details(json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    })))
}

/// Where an object stands in its list.
fn place(call: &Call<'_>, object: &Arc<Value>) -> String {
    let name = object::name(object);
    if call.target.namespace.is_empty() && call.target.resource.namespaced {
        format!("{}/{name}", object::namespace(object))
    } else {
        name.to_owned()
    }
}
