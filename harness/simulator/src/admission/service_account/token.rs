//! The volume that holds the account's token, and its mounts.

use serde_json::{Map, Value, json};

use super::super::list_mut;
use crate::{cluster::Simulator, minor, object, status::Status};

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What the names of projected token volumes begin with.
const PREFIX: &str = "kube-api-access-";

/// Mounts the token into each container that mounts nothing at its path.
///
/// # Source
/// kubernetes v1.36.3 and v1.20.15 `plugin/pkg/admission/serviceaccount/admission.go` `mountServiceAccountToken`
pub(super) fn mount(cluster: &Simulator, account: &Value, pod: &mut Value) -> Result<(), Status> {
    let is_bound = *minor::admission::BOUND_SERVICE_ACCOUNT_TOKEN.at(cluster.minor());
    let secret = if is_bound { String::new() } else { secret_of(cluster, account)? };
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let existing = volumes.iter().find_map(|volume| {
        let name = volume["name"].as_str()?;
        let is_token = if is_bound { name.starts_with(PREFIX) } else { volume["secret"]["secretName"] == secret };
        is_token.then(|| name.to_owned())
    });
    let has_volume = existing.is_some();
    let name = existing.unwrap_or_else(|| {
        if is_bound {
            return format!("{PREFIX}{}", cluster.identities().suffix(5));
        }
        let name = secret.replace('.', "-");
        let is_taken = volumes.iter().any(|volume| volume["name"] == name);
        if is_taken { format!("{name}-{}", cluster.identities().suffix(5)) } else { name }
    });
    let spec = object::map_mut(pod, "spec");
    let mounted_first = mount_all(spec, "initContainers", &name);
    let mounted_second = mount_all(spec, "containers", &name);
    if !has_volume && (mounted_first || mounted_second) {
        let volume =
            if is_bound { projected(cluster, &name) } else { json!({"name": name, "secret": {"secretName": secret}}) };
        list_mut(spec, "volumes").push(volume);
    }
    Ok(())
}

/// Says whether any container got the mount.
fn mount_all(spec: &mut Map<String, Value>, list: &str, volume: &str) -> bool {
    let mut any = false;
    for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
        let has_mount = container["volumeMounts"]
            .as_array()
            .is_some_and(|mounts| mounts.iter().any(|mount| mount["mountPath"] == MOUNT_PATH));
        if let (false, Some(container)) = (has_mount, container.as_object_mut()) {
            list_mut(container, "volumeMounts")
                .push(json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}));
            any = true;
        }
    }
    any
}

fn projected(cluster: &Simulator, name: &str) -> Value {
    let mut volume = json!({"name": name, "projected": {"sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [
            {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
        ]}},
    ]}});
    if *minor::admission::TOKEN_VOLUME_DEFAULT_MODE.at(cluster.minor()) {
        volume["projected"]["defaultMode"] = json!(420);
    }
    volume
}

/// The first of the account's secrets that holds its token.
fn secret_of(cluster: &Simulator, account: &Value) -> Result<String, Status> {
    let (namespace, account_name) = (object::namespace(account), object::name(account));
    let secrets = cluster.store().list("secrets", Some(namespace));
    let is_token = |secret: &Value| {
        let annotation = |key: &str| secret["metadata"]["annotations"][key].as_str().unwrap_or_default();
        secret["type"] == "kubernetes.io/service-account-token"
            && annotation("kubernetes.io/service-account.name") == account_name
            && annotation("kubernetes.io/service-account.uid") == object::metadata(account, "uid")
    };
    let referenced =
        account["secrets"].as_array().into_iter().flatten().filter_map(|reference| reference["name"].as_str());
    referenced
        .into_iter()
        .find(|name| secrets.iter().any(|secret| object::name(secret) == *name && is_token(secret)))
        .map(str::to_owned)
        .ok_or_else(|| {
            let message = format!(
                "No API token found for service account {account_name:?}, retry after the token is automatically \
                 created and added to the service account"
            );
            Status::new(500, "ServerTimeout", message)
                .with_details(json!({"kind": "serviceaccounts", "retryAfterSeconds": 1}))
        })
}
