//! ServiceAccount: a Pod runs as a ServiceAccount that exists, and gets its token.

mod references;
mod token;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Attributes, Operation, lookup};
use crate::{cluster::Simulator, minor, object, status::Status, store::Key};

/// The account of a Pod that names none.
const DEFAULT: &str = "default";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Sets account, token volume and pull secrets of a new Pod, then validates.
///
/// # Source
/// kubernetes v1.36.3 and v1.20.15 `plugin/pkg/admission/serviceaccount/admission.go` `Plugin.Admit`
pub(crate) fn admit(cluster: &Simulator, attributes: &mut Attributes) -> Result<(), Status> {
    if !attributes.is_pod() || attributes.operation != Operation::Create || attributes.object.is_none() {
        return Ok(());
    }
    if !attributes.object.as_ref().is_some_and(is_mirror) {
        let account = account_name(attributes).unwrap_or(DEFAULT).to_owned();
        set_account(attributes, &account);
        let account = find(cluster, attributes, &account)?;
        if let Some(pod) = attributes.object.as_mut() {
            if should_automount(&account, pod) {
                token::mount(cluster, &account, pod)?;
            }
            copy_pull_secrets(&account, pod);
        }
    }
    validate(cluster, attributes)
}

/// Refuses a Pod without an existing account, a mirror Pod with one, and secrets that the account may not mount.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/serviceaccount/admission.go` `Plugin.Validate`
pub(crate) fn validate(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    let is_pods = attributes.group.is_empty() && attributes.resource == "pods";
    let Some(pod) = attributes.object.as_ref().filter(|_| is_pods && attributes.kind == "Pod") else { return Ok(()) };
    let is_ephemeral = attributes.operation == Operation::Update && attributes.subresource == "ephemeralcontainers";
    if is_ephemeral && *minor::admission::SERVICE_ACCOUNT_ON_UPDATE.at(cluster.minor()) {
        let account = existing(cluster, attributes, pod)?;
        return if enforces_mountable_secrets(&account) {
            references::limit_ephemeral(&account, pod).map_err(|why| Status::new(500, "", why))
        } else {
            Ok(())
        };
    }
    if attributes.operation != Operation::Create || !attributes.subresource.is_empty() {
        return Ok(());
    }
    if is_mirror(pod) {
        return references::limit_mirror(pod).map_err(|why| attributes.forbidden(why));
    }
    let account = existing(cluster, attributes, pod)?;
    if enforces_mountable_secrets(&account) {
        references::limit(&account, pod).map_err(|why| attributes.forbidden(why))?;
    }
    Ok(())
}

fn existing(cluster: &Simulator, attributes: &Attributes, pod: &Value) -> Result<Arc<Value>, Status> {
    let account = account_name(attributes).ok_or_else(|| {
        let why = format!("no service account specified for pod {}/{}", attributes.namespace, object::name(pod));
        attributes.forbidden(why)
    })?;
    find(cluster, attributes, account)
}

fn find(cluster: &Simulator, attributes: &Attributes, account: &str) -> Result<Arc<Value>, Status> {
    let namespace = &attributes.namespace;
    let refused =
        |why: String| attributes.forbidden(format!("error looking up service account {namespace}/{account}: {why}"));
    lookup::check_name(account).map_err(refused)?;
    let found = cluster.store().get(&Key::new("serviceaccounts", namespace, account));
    found.ok_or_else(|| refused(format!("serviceaccount {account:?} not found")))
}

fn account_name(attributes: &Attributes) -> Option<&str> {
    let name = attributes.object.as_ref()?.pointer("/spec/serviceAccountName")?.as_str()?;
    (!name.is_empty()).then_some(name)
}

/// The name stands twice in a Pod: the old field mirrors the new one.
fn set_account(attributes: &mut Attributes, account: &str) {
    if let Some(pod) = attributes.object.as_mut() {
        let spec = object::map_mut(pod, "spec");
        spec.insert("serviceAccountName".to_owned(), json!(account));
        spec.insert("serviceAccount".to_owned(), json!(account));
    }
}

fn is_mirror(pod: &Value) -> bool {
    pod.pointer("/metadata/annotations").is_some_and(|annotations| annotations.get(MIRROR).is_some())
}

/// The Pod's own wish wins, then the account's.
fn should_automount(account: &Value, pod: &Value) -> bool {
    let wish = |holder: &Value| holder.get("automountServiceAccountToken").and_then(Value::as_bool);
    wish(&pod["spec"]).or_else(|| wish(account)).unwrap_or(true)
}

fn copy_pull_secrets(account: &Value, pod: &mut Value) {
    let has_own = pod.pointer("/spec/imagePullSecrets").and_then(Value::as_array).is_some_and(|own| !own.is_empty());
    let Some(secrets) = account["imagePullSecrets"].as_array().filter(|secrets| !has_own && !secrets.is_empty()) else {
        return;
    };
    let names = secrets.iter().map(|secret| json!({"name": secret["name"]})).collect();
    object::map_mut(pod, "spec").insert("imagePullSecrets".to_owned(), Value::Array(names));
}

fn enforces_mountable_secrets(account: &Value) -> bool {
    let annotation = account.pointer("/metadata/annotations/kubernetes.io~1enforce-mountable-secrets");
    // What Go's `strconv.ParseBool` takes for true.
    matches!(annotation.and_then(Value::as_str), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}
