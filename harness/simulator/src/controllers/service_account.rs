//! Token Secrets, where each service account has one.
//!
//! # Source
//! kubernetes v1.23 `pkg/controller/serviceaccount/tokens_controller.go`

use base64::Engine as _;
use serde_json::{Value, json};

use super::namespace::{CONTROLLER_MANAGER, root_ca};
use crate::{cluster::Simulator, minor::node as rows, object, registry::system, store::Key};

/// Gives a service account its token, or takes the tokens of one that is gone.
pub(super) fn sync_token(cluster: &Simulator, namespace: &str, name: &str) {
    if !rows::TOKEN_SECRETS.at(cluster.minor()) {
        return;
    }
    let key = Key::new("serviceaccounts", namespace, name);
    let account = cluster.store().get(&key);
    let uid = account.as_deref().map(|account| object::metadata(account, "uid")).unwrap_or_default().to_owned();
    // A token of an account that is gone is no token of the one that has its name now.
    let (existing, orphaned): (Vec<_>, Vec<_>) =
        tokens_of(cluster, namespace, name).into_iter().partition(|(_, owner)| account.is_some() && *owner == uid);
    for (secret, _) in orphaned {
        // An error means that it is gone already.
        drop(cluster.store().delete(&Key::new("secrets", namespace, &secret), None));
    }
    let Some(account) = account.filter(|account| account.pointer("/metadata/deletionTimestamp").is_none()) else {
        return;
    };
    let existing: Vec<_> = existing.into_iter().map(|(secret, _)| secret).collect();
    let is_referenced = account
        .get("secrets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|secret| secret.get("name").and_then(Value::as_str))
        .any(|secret| existing.iter().any(|existing| existing == secret));
    if is_referenced {
        return;
    }
    let secret = format!("{name}-token-{}", cluster.identities().suffix(5));
    system::make(cluster, CONTROLLER_MANAGER, "", "secrets", mk_secret(namespace, &secret, name, &uid));
    let referenced = cluster.store().modify(&key, |account| {
        let mut secrets: Vec<Value> =
            account.get("secrets").and_then(Value::as_array).into_iter().flatten().cloned().collect();
        // References to tokens that are gone go with them.
        secrets.retain(|secret| {
            secret.get("name").and_then(Value::as_str).is_some_and(|name| existing.iter().any(|known| known == name))
        });
        secrets.push(json!({"name": secret}));
        account["secrets"] = Value::Array(secrets);
    });
    drop(referenced);
}

fn mk_secret(namespace: &str, name: &str, account: &str, uid: &str) -> Value {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    json!({
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {
                "kubernetes.io/service-account.name": account,
                "kubernetes.io/service-account.uid": uid,
            },
        },
        "type": "kubernetes.io/service-account-token",
        "data": {
            "ca.crt": encode(root_ca()),
            "namespace": encode(namespace),
            // Nothing here checks tokens; this one says whose it is, and opens no other cluster.
            "token": encode(&format!("simulated.{namespace}.{account}.{uid}")),
        },
    })
}

/// The token Secrets that name a service account, each with the uid of the account that it was made for.
fn tokens_of(cluster: &Simulator, namespace: &str, account: &str) -> Vec<(String, String)> {
    let annotation = |secret: &Value, name: &str| {
        let annotations = secret.pointer("/metadata/annotations")?;
        annotations.get(format!("kubernetes.io/service-account.{name}"))?.as_str().map(str::to_owned)
    };
    let secrets = cluster.store().list("secrets", Some(namespace));
    secrets
        .iter()
        .filter(|secret| secret.get("type").is_some_and(|kind| kind == "kubernetes.io/service-account-token"))
        .filter(|secret| annotation(secret, "name").is_some_and(|name| name == account))
        .map(|secret| (object::name(secret).to_owned(), annotation(secret, "uid").unwrap_or_default()))
        .collect()
}
