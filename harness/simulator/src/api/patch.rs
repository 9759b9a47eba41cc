//! `patch`: a part of an object, in one of three ways to say it.
//!
//! # Source
//! kubernetes v1.36 `apiserver/pkg/endpoints/handlers/patch.go`

use http::header;
use serde_json::{Value, json};

use super::{Call, present, respond::Reply, write};
use crate::{
    field_error::FieldError,
    minor::{Minor, api::FieldValidation, resource::Resource},
    patch::{self, Format, PatchError},
    registry::{
        self,
        decode::{self, Expected},
        update::Change,
    },
    status::Status,
};

/// Changes parts of an object.
///
/// # Errors
/// What the client is answered instead.
pub(crate) async fn patch(call: &Call<'_>) -> Result<Reply, Status> {
    let format = format(call.header(header::CONTENT_TYPE))?;
    let mut request = write::write_request(call, "PatchOptions")?;
    // As admission sees it, a patch is an update.
    request.options["kind"] = json!("UpdateOptions");
    if let Some(options) = request.options.as_object_mut() {
        options.remove("force");
    }
    let change = Patch {
        minor: call.cluster.minor(),
        resource: call.target.resource,
        format,
        body: &call.body,
        validation: request.field_validation,
    };
    let written = registry::update::update(call.cluster, &call.target, &request, &change).await?;
    Ok(present::one(call, 200, &written.object).with_warnings(&written.notes.warnings))
}

fn format(content_type: &str) -> Result<Format, Status> {
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => Ok(Format::Json),
        "application/merge-patch+json" => Ok(Format::Merge),
        "application/strategic-merge-patch+json" => Ok(Format::Strategic),
        media @ ("application/apply-patch+yaml" | "application/apply-patch+cbor") => {
            let message = format!("the simulated API server does not model server-side apply ({media})");
            Err(Status::new(415, "UnsupportedMediaType", message))
        }
        _ => Err(Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_details(json!({}))),
    }
}

/// A patch, ready to be applied to whatever version is stored.
struct Patch<'a> {
    minor: Minor,
    resource: &'static Resource,
    format: Format,
    body: &'a [u8],
    validation: FieldValidation,
}

impl Change for Patch<'_> {
    fn apply(&self, old: &Value, warnings: &mut Vec<String>) -> Result<Value, Status> {
        let is_strict = self.validation != FieldValidation::Ignore;
        let patched = patch::apply(self.minor, self.format, self.resource.kind, old, self.body, is_strict)
            .map_err(|error| refusal(&error))?;
        let shown = Value::from(patched.shown.as_str());
        decode::patched(self.minor, Expected::of(self.resource), patched, self.validation, warnings)
            .map_err(|detail| Status::invalid("", "", "", &[FieldError::invalid("patch", &shown, detail)]))
    }
}

fn refusal(error: &PatchError) -> Status {
    match error {
        PatchError::Undecodable(why) => Status::bad_request(why),
        // The library's own words are not passed on.
        PatchError::DoesNotApply(_) => {
            Status::new(422, "Invalid", "the server rejected our request due to an error in our request")
                .with_details(json!({}))
        }
        PatchError::TooLarge(why) => {
            Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: {why}"))
        }
        PatchError::Internal(why) => Status::new(500, "", why),
    }
}
