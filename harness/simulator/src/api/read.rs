//! `get` and `list`.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Call,
    respond::{Reply, as_item},
};
use crate::status::Status;

/// One object.
pub(crate) fn get(call: &Call<'_>) -> Result<Reply, Status> {
    let object = call.cluster.store().get(&call.target.key()).ok_or_else(|| call.target.not_found())?;
    Ok(Reply::json(200, &*object))
}

/// A list as it is answered, without a copy of its items.
#[derive(Serialize)]
struct List<I: Serialize> {
    kind: String,
    #[serde(rename = "apiVersion")]
    api_version: String,
    metadata: Value,
    items: Vec<I>,
}

/// The objects of a resource.
pub(crate) fn list(call: &Call<'_>) -> Result<Reply, Status> {
    let resource = call.target.resource;
    let namespace = Some(call.target.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let listing = call.cluster.store().listing(resource.stored_as, namespace);
    let list = List {
        kind: resource.list_kind(),
        api_version: resource.api_version(),
        metadata: json!({"resourceVersion": listing.revision.to_string()}),
        items: listing.items.iter().map(|object| as_item(object)).collect(),
    };
    Ok(Reply::json(200, &list))
}
