//! Whether a registration selects a request, and what decides it.

use std::fmt;

use super::Registration;
use crate::selector::{LabelSelector, Labels, Requirement};

/// A request as the API server's webhook dispatcher sees it.
///
/// Labels are those that the selectors are compared with: the object's as changed by what ran before the webhook, the
/// namespace's as stored.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: &'a str,
    /// Empty for the core group.
    pub group: &'a str,
    /// `v1`.
    pub version: &'a str,
    /// `pods`.
    pub resource: &'a str,
    /// `ephemeralcontainers`, or empty.
    pub subresource: &'a str,
    /// The namespace's labels; nothing for a cluster-scoped object.
    pub namespace_labels: Option<&'a Labels>,
    /// The object's labels; nothing on DELETE.
    pub object_labels: Option<&'a Labels>,
    /// The labels of the object before the change; nothing on CREATE.
    pub old_object_labels: Option<&'a Labels>,
}

/// Whether the webhook is called for a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Match {
    /// It is called.
    Selected,
    /// There is no registration: the feature gate is off.
    NotRegistered,
    /// The namespace's labels do not meet this requirement.
    NamespaceSelector(Requirement),
    /// The object's labels do not meet this requirement.
    ObjectSelector(Requirement),
    /// No rule names the request; the text names what is not asked for, such as `operation UPDATE`.
    Rule(String),
}

impl Match {
    /// Whether the webhook is called.
    pub const fn is_selected(&self) -> bool {
        matches!(self, Self::Selected)
    }
}

impl fmt::Display for Match {
    /// `objectSelector: seccompprofile.resources.gardener.cloud/skip DoesNotExist`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selected => formatter.write_str("selected"),
            Self::NotRegistered => formatter.write_str("not registered: feature gate DefaultSeccompProfile is off"),
            Self::NamespaceSelector(requirement) => write!(formatter, "namespaceSelector: {requirement}"),
            Self::ObjectSelector(requirement) => write!(formatter, "objectSelector: {requirement}"),
            Self::Rule(text) => write!(formatter, "rules: {text}"),
        }
    }
}

impl Registration {
    /// Whether the API server calls the webhook for a request, or the first thing that speaks against it.
    ///
    /// The rules are asked before the selectors here, although the API server asks them last: what a rule does not name
    /// (an UPDATE, a Deployment) is never the selectors' affair, whatever they say.
    ///
    /// # Source
    /// kubernetes v1.36 `apiserver/pkg/admission/plugin/webhook/generic/webhook.go` `ShouldCallHook`
    pub fn explain(&self, request: &RequestFacts<'_>) -> Match {
        if let Some(text) = self.unmatched_rule(request) {
            return Match::Rule(text);
        }
        if let Some(requirement) = request.namespace_labels.and_then(|labels| self.namespace_selector.unmet(labels)) {
            return Match::NamespaceSelector(requirement.clone());
        }
        match unmet_by_both(&self.object_selector, request.object_labels, request.old_object_labels) {
            Some(requirement) => Match::ObjectSelector(requirement.clone()),
            None => Match::Selected,
        }
    }

    /// What `registration` says, which is nothing when the gate is off.
    pub fn explain_optional(registration: Option<&Self>, request: &RequestFacts<'_>) -> Match {
        registration.map_or(Match::NotRegistered, |registration| registration.explain(request))
    }

    fn unmatched_rule(&self, request: &RequestFacts<'_>) -> Option<String> {
        let resource = match request.subresource {
            "" => request.resource.to_owned(),
            subresource => format!("{}/{subresource}", request.resource),
        };
        if !self.operations.contains(&request.operation) {
            Some(format!("operation {}", request.operation))
        } else if !request.group.is_empty() {
            Some(format!("group {}", request.group))
        } else if request.version != "v1" {
            Some(format!("version {}", request.version))
        } else if !self.resources.contains(&resource.as_str()) {
            Some(format!("resource {resource}"))
        } else {
            None
        }
    }
}

/// An object selector holds when the object or the old object meets it; the first requirement that the object does not
/// meet is the answer when neither does.
fn unmet_by_both<'a>(
    selector: &'a LabelSelector,
    object: Option<&Labels>,
    old_object: Option<&Labels>,
) -> Option<&'a Requirement> {
    let unmet: Vec<_> = [object, old_object].into_iter().flatten().map(|labels| selector.unmet(labels)).collect();
    match unmet.as_slice() {
        // Without any object, only the empty selector matches.
        [] => selector.match_expressions.first(),
        unmet if unmet.iter().any(Option::is_none) => None,
        unmet => unmet.iter().copied().flatten().next(),
    }
}
