//! Which secrets a Pod may refer to.

use serde_json::Value;

/// The list below `value[field]`, empty where there is none.
fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn refers(account: &Value, field: &str, name: &str) -> bool {
    list(account, field).iter().any(|secret| secret["name"] == name)
}

/// A mirror Pod refers to no account, secret or token: it is only a picture of what a kubelet runs.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/serviceaccount/admission.go` `Plugin.Validate`
pub(super) fn limit_mirror(pod: &Value) -> Result<(), &'static str> {
    let spec = &pod["spec"];
    if !text(spec, "serviceAccountName").is_empty() {
        return Err("a mirror pod may not reference service accounts");
    }
    if refers_to_secret(spec) {
        return Err("a mirror pod may not reference secrets");
    }
    let mut sources = list(spec, "volumes").iter().flat_map(|volume| list(&volume["projected"], "sources"));
    if sources.any(|source| source.get("serviceAccountToken").is_some()) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

/// The volume sources that name a secret of their own, with the field that does.
///
/// # Source
/// kubernetes v1.36.3 `pkg/api/pod/util.go` `VisitPodSecretNames`
const SECRET_SOURCES: [&str; 9] =
    ["azureFile", "cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "secret", "iscsi", "storageos"];

fn refers_to_secret(spec: &Value) -> bool {
    let in_containers = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|field| list(spec, field))
        .any(|container| env_secrets(container).next().is_some() || env_from_secrets(container).next().is_some());
    let in_volumes = list(spec, "volumes").iter().any(|volume| {
        SECRET_SOURCES.iter().any(|source| {
            let source = &volume[*source];
            ["secretName", "secretRef"].iter().any(|field| source.get(field).is_some())
        }) || volume["csi"].get("nodePublishSecretRef").is_some()
            || list(&volume["projected"], "sources").iter().any(|source| source.get("secret").is_some())
    });
    !list(spec, "imagePullSecrets").is_empty() || in_containers || in_volumes
}

/// Variables that come from one key of a secret: variable and secret.
fn env_secrets(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    list(container, "env").iter().filter_map(|variable| {
        let reference = variable.pointer("/valueFrom/secretKeyRef")?;
        Some((text(variable, "name"), text(reference, "name")))
    })
}

/// Secrets that become variables as a whole.
fn env_from_secrets(container: &Value) -> impl Iterator<Item = &str> {
    list(container, "envFrom").iter().filter_map(|source| Some(text(source.get("secretRef")?, "name")))
}

/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/serviceaccount/admission.go` `limitSecretReferences`
pub(super) fn limit(account: &Value, pod: &Value) -> Result<(), String> {
    let spec = &pod["spec"];
    let name = account["metadata"]["name"].as_str().unwrap_or_default();
    for volume in list(spec, "volumes") {
        let Some(secret) = volume.get("secret") else { continue };
        let secret = text(secret, "secretName");
        if !refers(account, "secrets", secret) {
            return Err(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {name} does not \
                 reference that secret"
            ));
        }
    }
    limit_containers(account, list(spec, "initContainers"), "init container")?;
    limit_containers(account, list(spec, "containers"), "container")?;
    for (index, reference) in list(spec, "imagePullSecrets").iter().enumerate() {
        let secret = text(reference, "name");
        if !refers(account, "imagePullSecrets", secret) {
            return Err(format!(
                "imagePullSecrets[{index}].name=\"{secret}\" is not allowed because service account {name} does not \
                 reference that imagePullSecret"
            ));
        }
    }
    Ok(())
}

/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/serviceaccount/admission.go` `limitEphemeralContainerSecretReferences`
pub(super) fn limit_ephemeral(account: &Value, pod: &Value) -> Result<(), String> {
    limit_containers(account, list(&pod["spec"], "ephemeralContainers"), "ephemeral container")
}

fn limit_containers(account: &Value, containers: &[Value], what: &str) -> Result<(), String> {
    let account_name = account["metadata"]["name"].as_str().unwrap_or_default();
    for container in containers {
        let name = text(container, "name");
        let refused = |how: String, secret: &str| {
            format!(
                "{what} {name} with {how} referencing secret.secretName=\"{secret}\" is not allowed because service \
                 account {account_name} does not reference that secret"
            )
        };
        if let Some((variable, secret)) = env_secrets(container).find(|(_, secret)| !refers(account, "secrets", secret))
        {
            return Err(refused(format!("envVar {variable}"), secret));
        }
        if let Some(secret) = env_from_secrets(container).find(|secret| !refers(account, "secrets", secret)) {
            return Err(refused("envFrom".to_owned(), secret));
        }
    }
    Ok(())
}
