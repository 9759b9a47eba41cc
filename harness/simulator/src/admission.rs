//! The admission chain: what looks at a request, and may change or refuse it, before it is stored.
//!
//! ```text
//! mutate:   NamespaceLifecycle, LimitRanger, ServiceAccount, ..., mutating webhooks   (once more after a change)
//! validate: the same order, validating webhooks last
//! ```

use std::time::Duration;

use serde_json::Value;

use crate::{cluster::Simulator, status::Status};

/// What a request does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As an AdmissionReview and a rule write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks.
///
/// # Shape
/// `extra`: JSON object from key to list of strings, as in `authentication.k8s.io/v1 UserInfo`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct UserInfo {
    pub(crate) username: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: Option<Value>,
}

/// One request as the admission chain sees it.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) operation: Operation,
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    /// `pods`.
    pub(crate) resource: String,
    /// `status`, `ephemeralcontainers`, or empty.
    pub(crate) subresource: String,
    /// `Pod`.
    pub(crate) kind: String,
    /// Empty for cluster-scoped objects, but the object's own name for a Namespace.
    pub(crate) namespace: String,
    /// Empty while a `generateName` is not yet a name.
    pub(crate) name: String,
    /// The object to store in canonical form (see [`crate::fields`]); nothing on DELETE.
    pub(crate) object: Option<Value>,
    pub(crate) old_object: Option<Value>,
    /// `CreateOptions` and its like as JSON, with `kind` and `apiVersion`.
    pub(crate) options: Value,
    pub(crate) dry_run: bool,
    pub(crate) user: UserInfo,
    /// What is left of the request's time.
    pub(crate) deadline: Duration,
}

/// What admission adds to a response besides the object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Texts for `Warning` headers, in order.
    pub(crate) warnings: Vec<String>,
    /// Audit annotations by key.
    pub(crate) audit: Vec<(String, String)>,
}

/// Runs the mutating chain over `attributes.object`.
///
/// # Errors
/// The refusal that the client is answered with.
pub(crate) async fn mutate(
    _cluster: &Simulator,
    _attributes: &mut Attributes,
    _notes: &mut Notes,
) -> Result<(), Status> {
    Ok(())
}

/// Runs the validating chain; the object has its name and uid by now.
///
/// # Errors
/// The refusal that the client is answered with.
pub(crate) async fn validate(_cluster: &Simulator, _attributes: &Attributes, _notes: &mut Notes) -> Result<(), Status> {
    Ok(())
}
