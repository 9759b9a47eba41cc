//! `create`, `update`, `patch`, `delete`.

use std::time::Duration;

use http::header;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, body, list_options::ListOptions, present, read, respond::Reply, selector::Selector};
use crate::{
    field_error::{FieldError, FieldErrorKind},
    minor::api::{self as rows, FieldValidation},
    object,
    registry::{
        self, WriteRequest, decode,
        delete::{Deleted, Wish},
        update::Replace,
        validation,
    },
    status::Status,
};

/// The longest that a request may take.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/endpoints/handlers/rest.go` `requestTimeoutUpperBound`
const LONGEST: Duration = Duration::from_secs(34);

/// Creates an object.
pub(crate) async fn create(call: &Call<'_>) -> Result<Reply, Status> {
    let form = body::form(call)?;
    let request = write_request(call, "CreateOptions")?;
    let body = body::object(call, form, decode::Expected::of(call.target.resource))?;
    let written = registry::create::create(call.cluster, &call.target, &request, &body).await?;
    Ok(present::one(call, 201, &written.object).with_warnings(&written.notes.warnings))
}

/// Puts a whole object in the place of the stored one.
pub(crate) async fn update(call: &Call<'_>) -> Result<Reply, Status> {
    let form = body::form(call)?;
    let request = write_request(call, "UpdateOptions")?;
    let mut warnings = Vec::new();
    let expected = decode::Expected::of(call.target.resource);
    let minor = call.cluster.minor();
    let body = body::object(call, form, expected)?;
    let object = decode::object(minor, expected, &body, request.field_validation, &mut warnings)?;
    let named = registry::update::check_namespace(&call.target, &object)
        .and_then(|()| registry::update::check_name(&call.target, &object));
    named.map_err(|status| status.after_warnings(&warnings))?;
    let change = Replace(object);
    let written = registry::update::update(call.cluster, &call.target, &request, &change).await;
    let written = written.map_err(|status| status.after_warnings(&warnings))?;
    Ok(present::one(call, 200, &written.object).with_warnings(&warnings).with_warnings(&written.notes.warnings))
}

/// Deletes an object.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Reply, Status> {
    let (request, wish) = delete_request(call)?;
    let (deleted, notes) = registry::delete::delete(call.cluster, &call.target, &request, &wish).await?;
    let object = match deleted {
        // What does not go at once is only accepted, where the client says that it waits for nothing.
        Deleted::Going(object) if wish.orphan_dependents == Some(false) => present::one(call, 202, &object),
        Deleted::Going(object) => present::one(call, 200, &object),
        // Pods, and kinds like them, are answered with their last state, all others with a Status.
        Deleted::Gone(object) if RETURNED.contains(&call.target.resource.kind) => present::one(call, 200, &object),
        Deleted::Gone(object) => Reply::json(200, &success(call, &object)),
    };
    Ok(object.with_warnings(&notes.warnings))
}

/// Deletes all objects that a list would show.
pub(crate) async fn delete_collection(call: &Call<'_>) -> Result<Reply, Status> {
    let (request, wish) = delete_request(call)?;
    ListOptions::parse(call.cluster.minor(), &call.query, false)?;
    let selector = Selector::parse(call.cluster.minor(), call.target.resource, &call.query)?;
    let listing = call.cluster.store().listing(call.target.resource.stored_as, read::namespace(call));
    let mut warnings = Vec::new();
    let mut deleted = Vec::new();
    for object in listing.items.into_iter().filter(|object| selector.matches(object)) {
        let mut target = call.target.clone();
        object::name(&object).clone_into(&mut target.name);
        match registry::delete::delete(call.cluster, &target, &request, &wish).await {
            Ok((_, notes)) => warnings.extend(notes.warnings),
            // Someone else was faster.
            Err(status) if status.code == 404 => continue,
            Err(status) => return Err(status),
        }
        deleted.push(object);
    }
    let metadata = json!({"resourceVersion": listing.revision.to_string()});
    Ok(present::list(call, &deleted, &metadata).with_warnings(&warnings))
}

/// The kinds whose deletion is answered with the object.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/*/storage/storage.go` `ReturnDeletedObject`
const RETURNED: &[&str] = &["Pod", "Namespace", "ServiceAccount", "Service", "ResourceQuota", "PodSecurityPolicy"];

/// `Status` of a deletion.
fn success(call: &Call<'_>, object: &Value) -> Value {
    let resource = call.target.resource;
    let mut details =
        json!({"name": object::name(object), "kind": resource.name, "uid": object::metadata(object, "uid")});
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// The body of a deletion.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DeleteBody {
    grace_period_seconds: Option<i64>,
    preconditions: Option<Preconditions>,
    propagation_policy: Option<String>,
    orphan_dependents: Option<bool>,
    dry_run: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

/// Reads `DeleteOptions` from the body and the query.
pub(crate) fn delete_request(call: &Call<'_>) -> Result<(WriteRequest, Wish), Status> {
    let body = if call.body.is_empty() {
        DeleteBody::default()
    } else {
        let body = body::options(call, body::form(call)?, "DeleteOptions")?;
        serde_json::from_slice::<DeleteBody>(&body)
            .map_err(|error| Status::bad_request(format!("couldn't read DeleteOptions: {error}")))?
    };
    // Where there is a body, the query says nothing.
    let in_query = call.body.is_empty();
    let mut request = write_request(call, "DeleteOptions")?;
    let preconditions = body.preconditions.unwrap_or_default();
    let mut wish = Wish {
        grace_period_seconds: body.grace_period_seconds,
        uid: preconditions.uid,
        resource_version: preconditions.resource_version,
        propagation_policy: body.propagation_policy,
        orphan_dependents: body.orphan_dependents,
    };
    let in_body = body.dry_run.unwrap_or_default();
    let mut dry_run = in_body.iter().map(String::as_str).collect::<Vec<_>>();
    if in_query {
        wish.grace_period_seconds = call.query.number("gracePeriodSeconds")?;
        wish.propagation_policy = call.query.get("propagationPolicy").map(str::to_owned);
        wish.orphan_dependents = call.query.optional_flag("orphanDependents");
        dry_run = call.query.all("dryRun").filter(|value| !value.is_empty()).collect();
    }
    let mut errors = Vec::new();
    if dry_run.iter().any(|value| *value != "All") {
        errors.push(unknown_dry_run(*rows::VALUES_AS_JSON.at(call.cluster.minor()), &dry_run));
    }
    request.dry_run = !dry_run.is_empty();
    if let Some(policy) = &wish.propagation_policy {
        let known = ["Foreground", "Background", "Orphan", "nil"];
        if !known[..3].contains(&policy.as_str()) {
            errors.push(FieldError::not_supported("propagationPolicy", &json!(policy), &known));
        }
        if wish.orphan_dependents.is_some() {
            errors.push(FieldError::invalid(
                "propagationPolicy",
                &json!(policy),
                "orphanDependents and deletionPropagation cannot be both set",
            ));
        }
    }
    if !errors.is_empty() {
        return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors));
    }
    complete_options(&mut request, &wish);
    Ok((request, wish))
}

/// The options as admission sees them.
fn complete_options(request: &mut WriteRequest, wish: &Wish) {
    let options = &mut request.options;
    if let Some(seconds) = wish.grace_period_seconds {
        options["gracePeriodSeconds"] = json!(seconds);
    }
    if let Some(policy) = &wish.propagation_policy {
        options["propagationPolicy"] = json!(policy);
    }
    if let Some(orphan) = wish.orphan_dependents {
        options["orphanDependents"] = json!(orphan);
    }
    if request.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    for (field, value) in [("uid", &wish.uid), ("resourceVersion", &wish.resource_version)] {
        if let Some(value) = value {
            object::map_mut(options, "preconditions").insert(field.to_owned(), json!(value));
        }
    }
}

/// Reads the options of a write from the query.
///
/// # Errors
/// 422 for values that the minor does not know.
pub(crate) fn write_request(call: &Call<'_>, kind: &str) -> Result<WriteRequest, Status> {
    let options = options(call, kind);
    let errors = validation::options(call.cluster.minor(), kind, false, &options);
    if !errors.is_empty() {
        return Err(Status::invalid("meta.k8s.io", kind, "", &errors));
    }
    Ok(WriteRequest {
        user: call.user(),
        manager: manager(call),
        dry_run: options.get("dryRun").is_some(),
        field_validation: effective_validation(call, options.get("fieldValidation").and_then(Value::as_str)),
        options,
        deadline: deadline(call),
        is_of_component: false,
    })
}

/// The parameters of a write as options.
fn options(call: &Call<'_>, kind: &str) -> Value {
    let mut options = Map::new();
    options.insert("kind".to_owned(), json!(kind));
    options.insert("apiVersion".to_owned(), json!("meta.k8s.io/v1"));
    let dry_run = call.query.all("dryRun").collect::<Vec<_>>();
    if !dry_run.is_empty() {
        options.insert("dryRun".to_owned(), json!(dry_run));
    }
    if let Some(manager) = call.query.get("fieldManager") {
        options.insert("fieldManager".to_owned(), json!(manager));
    }
    if let Some(validation) = call.query.get("fieldValidation")
        && *rows::KNOWS_FIELD_VALIDATION.at(call.cluster.minor())
    {
        options.insert("fieldValidation".to_owned(), json!(validation));
    }
    if let Some(force) = call.query.optional_flag("force")
        && kind == "PatchOptions"
    {
        options.insert("force".to_owned(), json!(force));
    }
    Value::Object(options)
}

fn effective_validation(call: &Call<'_>, asked: Option<&str>) -> FieldValidation {
    match (rows::FIELD_VALIDATION.at(call.cluster.minor()), asked) {
        (None, _) | (Some(_), Some("Ignore")) => FieldValidation::Ignore,
        (Some(_), Some("Strict")) => FieldValidation::Strict,
        (Some(_), Some("Warn")) => FieldValidation::Warn,
        (Some(default), _) => *default,
    }
}

/// `fieldManager`, else the User-Agent up to its first `/`.
fn manager(call: &Call<'_>) -> String {
    let agent = call.header(header::USER_AGENT);
    let agent = agent.split('/').next().unwrap_or_default();
    let manager = call.query.get("fieldManager").unwrap_or(if agent.is_empty() { "unknown" } else { agent });
    manager.to_owned()
}

/// `timeout`, at most 34 s.
fn deadline(call: &Call<'_>) -> Duration {
    let asked = call.query.get("timeout").and_then(|text| text.strip_suffix('s')).and_then(|text| text.parse().ok());
    asked.map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST))
}

fn unknown_dry_run(as_json: bool, values: &[&str]) -> FieldError {
    let list = values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>();
    let shown = if as_json { format!("[{}]", list.join(",")) } else { format!("[]string{{{}}}", list.join(", ")) };
    FieldError {
        kind: FieldErrorKind::NotSupported,
        field: "dryRun".to_owned(),
        bad_value: Some(shown),
        detail: "supported values: \"All\"".to_owned(),
    }
}
