//! What a run put into the cluster: found by its marks, and removed.

use serde_json::{Value, json};

use crate::{
    api::{Api, Call, MERGE_PATCH, expect_success},
    cluster::{
        ClusterError, NODE_LABEL,
        control_plane::empty_and_end,
        names::{CONFIGURATION, MARK, NODE, OURS, PREFIX},
    },
};

const NAMESPACES: &str = "/api/v1/namespaces";
const NODES: &str = "/api/v1/nodes";
/// The collections in which a webhook's objects stand that are in no namespace, and namespaces, which take theirs with them.
const COLLECTIONS: [&str; 4] = [
    NAMESPACES,
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
];

/// The namespaces of cases, of one run or of all, by their paths.
pub(super) async fn namespaces(api: &Api, run: Option<&str>) -> Result<Vec<String>, ClusterError> {
    let prefix = run.map_or_else(|| PREFIX.to_owned(), |run| format!("{PREFIX}{run}-"));
    let named = list(api, NAMESPACES, |namespace| {
        let name = text(namespace, "/metadata/name").unwrap_or_default();
        name.starts_with(&prefix) && !super::lock::path().ends_with(name)
    });
    named.await
}

/// The paths of the objects in a collection that are wanted.
async fn list(api: &Api, collection: &str, is_wanted: impl Fn(&Value) -> bool) -> Result<Vec<String>, ClusterError> {
    let answer = api.call(Call::get(collection)).await?;
    // What is not served holds nothing.
    if answer.code == 404 {
        return Ok(Vec::new());
    }
    let list = expect_success(|| format!("list `{collection}`"), answer)?.body;
    let items = list.get("items").and_then(Value::as_array);
    let wanted = items.into_iter().flatten().filter(|item| is_wanted(item));
    Ok(wanted.filter_map(|item| Some(format!("{collection}/{}", text(item, "/metadata/name")?))).collect())
}

/// Removes what runs left that were killed: the registration first, for its webhook may be gone.
pub(super) async fn remove_all(api: &Api, is_bare: bool) -> Result<(), ClusterError> {
    let registration = api.call(Call::get(CONFIGURATION)).await?;
    if is_ours(&registration.body) {
        remove(api, CONFIGURATION, is_bare).await?;
    }
    for path in list(api, NODES, |node| node.pointer("/metadata/labels").is_some_and(has(NODE_LABEL))).await? {
        restore_node(api, path.rsplit('/').next().unwrap_or_default()).await?;
    }
    for path in namespaces(api, None).await? {
        remove(api, &path, is_bare).await?;
    }
    for collection in COLLECTIONS {
        let is_annotated = |object: &Value| object.pointer("/metadata/annotations").is_some_and(has(OURS));
        for path in list(api, collection, is_annotated).await? {
            remove(api, &path, is_bare).await?;
        }
    }
    Ok(())
}

/// Whether a registration asks for our mark, as no other does.
fn is_ours(registration: &Value) -> bool {
    let webhooks = registration.get("webhooks").and_then(Value::as_array);
    let selectors = webhooks
        .into_iter()
        .flatten()
        .filter_map(|webhook| webhook.pointer("/namespaceSelector/matchExpressions").and_then(Value::as_array));
    selectors.flatten().any(|expression| expression.get("key").is_some_and(|key| key == MARK))
}

fn has(key: &str) -> impl Fn(&Value) -> bool {
    move |map| map.get(key).is_some()
}

/// Deletes an object, a namespace with all that is in it; one that is gone is as good.
///
/// Where there are no nodes, there may be nobody who ends namespaces.
pub(super) async fn remove(api: &Api, path: &str, is_bare: bool) -> Result<(), ClusterError> {
    if let Some(namespace) = path.strip_prefix(NAMESPACES).map(|name| name.trim_start_matches('/')) {
        if is_bare {
            return empty_and_end(api, namespace).await;
        }
        api.call(Call::delete(format!("{path}/pods")).with("gracePeriodSeconds", "0")).await?;
    }
    let answer = api.call(Call::delete(path)).await?;
    // 409: it is on its way out already.
    if !matches!(answer.code, 404 | 409) {
        expect_success(|| format!("delete `{path}`"), answer)?;
    }
    Ok(())
}

/// Takes our label off a node; one that we made goes.
pub(super) async fn restore_node(api: &Api, name: &str) -> Result<(), ClusterError> {
    let path = format!("{NODES}/{name}");
    if name == NODE {
        return remove(api, &path, true).await;
    }
    let patch = json!({"metadata": {"labels": {NODE_LABEL: null}}});
    let answer = api.call(Call::patch(path, MERGE_PATCH, patch)).await?;
    // One that is gone has no label.
    if answer.code != 404 {
        expect_success(|| format!("take label {NODE_LABEL} off node `{name}`"), answer)?;
    }
    Ok(())
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_known_by_the_mark_alone() {
        let asking_for = |key: &str| json!({"webhooks": [{"namespaceSelector": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}]});
        assert!(is_ours(&asking_for(MARK)));
        assert!(!is_ours(&asking_for("gardener.cloud/role")));
        assert!(!is_ours(&json!({"kind": "Status", "code": 404})));
    }
}
