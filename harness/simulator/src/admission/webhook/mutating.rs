//! `MutatingAdmissionWebhook`: one after the other, each sees what the one before it changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{Attributes, Notes},
    call::call,
    configuration::Webhook,
    error::{Stage, WebhookError, failed_calling, timeout},
    is_exempt, matching,
    response::Answer,
};
use crate::{cluster::Simulator, fields, minor, patch::json::Patch, registry, status::Status};

/// What is remembered between the two rounds of the mutating chain.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/mutating/reinvocationcontext.go` `webhookReinvokeContext`
#[derive(Debug, Default)]
pub(crate) struct Reinvocation {
    is_second_round: bool,
    /// A webhook's patch changed the object.
    is_needed: bool,
    /// The object as the last webhook left it; kept only if there will be a second round.
    last_output: Option<Value>,
    /// Webhooks with `IfNeeded` after which nothing has changed yet.
    invoked: BTreeSet<String>,
    /// Webhooks to be called again.
    due: BTreeSet<String>,
}

impl Reinvocation {
    /// Whether a second round is due; if so, it begins.
    pub(crate) fn begin_second_round(&mut self) -> bool {
        self.is_second_round = self.is_needed;
        self.is_needed
    }

    fn require_invoked(&mut self) {
        self.due.append(&mut self.invoked);
    }

    fn round(&self) -> usize {
        usize::from(self.is_second_round)
    }
}

/// Calls the matching webhooks of one round and applies their patches.
///
/// # Errors
/// A denial, a failed call with failure policy Fail, or a patch that does not apply.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/mutating/dispatcher.go` `mutatingDispatcher.Dispatch`
pub(crate) async fn mutate(
    cluster: &Simulator,
    attributes: &mut Attributes,
    notes: &mut Notes,
    deadline: Instant,
    reinvocation: &mut Reinvocation,
) -> Result<(), Status> {
    if is_exempt(cluster, attributes) {
        return Ok(());
    }
    if reinvocation.is_second_round && reinvocation.last_output != attributes.object {
        reinvocation.require_invoked();
    }
    let webhooks = cluster.webhooks().mutating(cluster.store());
    let own_kind = attributes.object.as_ref().map(kind_of);
    for (index, webhook) in webhooks.iter().enumerate() {
        if !matching::should_call(cluster, webhook, attributes)? {
            continue;
        }
        if reinvocation.is_second_round && !reinvocation.due.contains(&webhook.uid) {
            continue;
        }
        let place = format!("round_{}_index_{index}", reinvocation.round());
        let outcome = turn(cluster, webhook, attributes, notes, deadline, &place).await;
        if matches!(outcome, Ok(true)) {
            reinvocation.require_invoked();
            reinvocation.is_needed = true;
        }
        if webhook.is_reinvocable {
            reinvocation.invoked.insert(webhook.uid.clone());
        }
        match outcome {
            Ok(_) => {}
            Err(WebhookError::Calling { .. }) if Instant::now() >= deadline => return Err(timeout()),
            Err(WebhookError::Final(status)) => return Err(status),
            Err(WebhookError::Calling { reason }) if !webhook.ignores_failures => {
                return Err(failed_calling(&webhook.name, &reason));
            }
            Err(WebhookError::Calling { reason }) => {
                tracing::debug!(webhook = webhook.name, reason, "failing open");
                if *minor::admission::FAILED_OPEN_AUDIT.at(cluster.minor()) {
                    let key = format!("failed-open.mutation.webhook.admission.k8s.io/{place}");
                    notes.audit.push((key, webhook.name.clone()));
                }
            }
        }
    }
    if let (Some(object), Some(own_kind)) = (&attributes.object, &own_kind) {
        check_kind(object, own_kind)?;
    }
    if reinvocation.is_needed && !reinvocation.is_second_round {
        reinvocation.last_output.clone_from(&attributes.object);
    }
    Ok(())
}

/// One webhook's turn; says whether its patch changed the object.
async fn turn(
    cluster: &Simulator,
    webhook: &Webhook,
    attributes: &mut Attributes,
    notes: &mut Notes,
    deadline: Instant,
    place: &str,
) -> Result<bool, WebhookError> {
    let outcome = match call(cluster, webhook, attributes, notes, deadline, true).await {
        Ok(answer) if answer.patch.is_empty() => Ok(false),
        Ok(answer) => apply(cluster, webhook, attributes, notes, &answer, place),
        Err(error) => Err(error),
    };
    let mutated = matches!(outcome, Ok(true));
    let value = format!(
        "{{\"configuration\":{},\"webhook\":{},\"mutated\":{mutated}}}",
        json!(webhook.configuration),
        json!(webhook.name)
    );
    notes.audit.push((format!("mutation.webhook.admission.k8s.io/{place}"), value));
    outcome
}

/// A patch may take an object's kind away, which changes nothing.
fn with_kind(mut patched: Value, object: &Value) -> Value {
    for field in ["apiVersion", "kind"] {
        let Some(map) = patched.as_object_mut() else { break };
        if map.get(field).is_none_or(|value| value.is_null() || *value == "") {
            map.insert(field.to_owned(), object[field].clone());
        }
    }
    patched
}

/// The `apiVersion` and `kind` of an object.
fn kind_of(object: &Value) -> (String, String) {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    (text("apiVersion"), text("kind"))
}

/// Refuses what patches have given another kind than its `own`; the webhooks after that are still asked about it.
///
/// # Source
/// asked of API servers of 1.24, 1.25, 1.31 and 1.36
fn check_kind(patched: &Value, own: &(String, String)) -> Result<(), Status> {
    let (api_version, kind) = kind_of(patched);
    let (own_version, own_kind) = own;
    if api_version == *own_version && kind == *own_kind {
        return Ok(());
    }
    let version = api_version.rsplit('/').next().unwrap_or_default();
    let package = own_version.split_once('/').map_or("core", |(group, _)| group.split('.').next().unwrap_or_default());
    let message = format!("converting ({version}.{kind}) to ({package}.{own_kind}): unknown conversion");
    Err(Status::new(500, "", message))
}

/// Applies a patch to the object as the minor's types and defaults make of it; says whether it changed.
fn apply(
    cluster: &Simulator,
    webhook: &Webhook,
    attributes: &mut Attributes,
    notes: &mut Notes,
    answer: &Answer,
    place: &str,
) -> Result<bool, WebhookError> {
    let minor = cluster.minor();
    let internal = |text: String| WebhookError::Final(Status::internal(text));
    let patch = match Patch::decode(&answer.patch) {
        Ok(patch) if patch.len() == 0 => return Ok(false),
        Ok(patch) => patch,
        Err(error) if *minor::admission::UNDECODABLE_PATCH_IS_CALL_ERROR.at(minor) => {
            return Err(WebhookError::calling(minor, Stage::Patch, error));
        }
        Err(error) => return Err(internal(error.to_string())),
    };
    let Some(object) = attributes.object.as_ref() else {
        return Err(internal(format!(
            "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
            webhook.name
        )));
    };
    if answer.patch_type != "JSONPatch" {
        return Err(WebhookError::calling(
            minor,
            Stage::Bare,
            format!("unsupported patch type {:?}", answer.patch_type),
        ));
    }
    let patched = patch.apply(minor, object).map_err(|error| internal(error.to_string()))?;
    let patched = with_kind(patched, object);
    let (api_version, kind) = kind_of(&patched);
    if api_version != object["apiVersion"] || !fields::is_known(&kind) {
        // Nobody can be asked about what cannot be read.
        check_kind(&patched, &kind_of(object)).map_err(WebhookError::Final)?;
    }
    let decoded = fields::round_trip(minor, &kind, patched).map_err(|error| internal(error.to_string()))?;
    let mut new = decoded.object;
    registry::metadata::drop_emptied_managed_fields(&mut new);
    let changed = new != *object;
    let value = format!(
        "{{\"configuration\":{},\"webhook\":{},\"patch\":{},\"patchType\":\"JSONPatch\"}}",
        json!(webhook.configuration),
        json!(webhook.name),
        // What can be applied is a text of one line or more; a line break in it would break the log.
        String::from_utf8_lossy(&answer.patch).replace('\n', " ")
    );
    notes.audit.push((format!("patch.webhook.admission.k8s.io/{place}"), value));
    registry::defaults::apply(minor, &kind, &mut new);
    attributes.object = Some(new);
    Ok(changed)
}
