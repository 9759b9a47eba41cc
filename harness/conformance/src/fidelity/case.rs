//! What both sides are asked: requests one after another, and how webhooks answer meanwhile.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a case comes from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The scenarios' own requests.
    Scenarios,
    /// One generated Pod, created.
    Pods,
    /// Webhooks registered, and requests that they may be asked about.
    Registrations,
    /// Requests about the same objects, one after another.
    Sequences,
}

impl Stage {
    /// All of them, in the order in which they are run: the scenarios leave their registration behind, so they come last.
    pub const ALL: [Self; 4] = [Self::Pods, Self::Registrations, Self::Sequences, Self::Scenarios];

    /// Its name in the certificate.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scenarios => "scenarios",
            Self::Pods => "pods",
            Self::Registrations => "registrations",
            Self::Sequences => "sequences",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Requests that are made one after another in a cluster where nobody else is.
///
/// # Shape
/// Texts may hold `${namespace}`, a namespace that is there, and in bodies `${webhook}`, the address of a server that
/// answers as `webhooks` says, and `${caBundle}`, what it is trusted by.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Case {
    /// How the webhook at each path behaves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) webhooks: BTreeMap<String, Behaviour>,
    /// What is asked, in order.
    pub(super) requests: Vec<Request>,
}

/// How a webhook answers, whatever it is asked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Behaviour {
    /// The HTTP status code, 200 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// Further headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// How long it thinks first.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) delay_milliseconds: u64,
    /// The operations of the patch that the answer's `response` gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<Value>,
    /// The body: a text as it is, or JSON in which `{uid}` and `{apiVersion}` stand for the review's own.
    pub(super) body: Value,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Request {
    /// By which later requests speak of its answer.
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Body::is_none")]
    pub(super) body: Body,
}

/// The body of a request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Body {
    /// None.
    #[default]
    None,
    /// JSON; a text `${ID/POINTER}` stands for a part of the answer to the request ID.
    Json(Value),
    /// Whatever text.
    Text(String),
    /// The body of the answer to the request `of`, with `merge` merged into it by RFC 7386.
    Answer { of: String, merge: Value },
}

impl Body {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Case {
    /// How many requests it is.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }
}

impl Case {
    /// What each request is, in a few words: `POST pods`.
    pub(super) fn verbs(&self) -> Vec<String> {
        self.requests.iter().map(Request::verb).collect()
    }
}

impl Request {
    fn verb(&self) -> String {
        let segments: Vec<_> = self.path.trim_matches('/').split('/').collect();
        let resource = match segments.as_slice() {
            ["api", _, "namespaces", _, resource @ ..]
            | ["apis", _, _, "namespaces", _, resource @ ..]
            | ["api", _, resource @ ..]
            | ["apis", _, _, resource @ ..] => resource,
            other => other,
        };
        let kept: Vec<_> =
            resource.iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, part)| *part).collect();
        let named = if kept.is_empty() { "namespaces".to_owned() } else { kept.join("/") };
        match self.content_type.as_deref().and_then(|kind| kind.strip_prefix("application/")) {
            Some(kind) => format!("{} {named} ({kind})", self.method),
            None => format!("{} {named}", self.method),
        }
    }
}
