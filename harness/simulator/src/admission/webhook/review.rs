//! The `AdmissionReview` that a webhook is sent, and what it may answer.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::super::Attributes;

/// A version of `admission.k8s.io` that an API server speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ReviewVersion {
    V1,
    V1beta1,
}

impl ReviewVersion {
    /// The first of a webhook's versions that is known.
    pub(super) fn negotiate(versions: &[String]) -> Option<Self> {
        versions.iter().find_map(|version| match version.as_str() {
            "v1" => Some(Self::V1),
            "v1beta1" => Some(Self::V1beta1),
            _ => None,
        })
    }

    /// `v1`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1beta1 => "v1beta1",
        }
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "admission.k8s.io/v1",
            Self::V1beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// Fields in the order in which an API server writes them.
///
/// # Source
/// `k8s.io/api` v0.36 `admission/v1/types.go` `AdmissionReview`; apiserver v0.36.3
/// `admission/plugin/webhook/request/admissionreview.go` `CreateV1AdmissionReview`
#[derive(Serialize)]
struct Review<'a> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    request: AdmissionRequest<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionRequest<'a> {
    uid: &'a str,
    kind: Gvk<'a>,
    resource: Gvr<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    sub_resource: &'a str,
    request_kind: Gvk<'a>,
    request_resource: Gvr<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_sub_resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    operation: &'static str,
    user_info: Author<'a>,
    object: Option<&'a Value>,
    old_object: Option<&'a Value>,
    dry_run: bool,
    options: &'a Value,
}

#[derive(Clone, Copy, Serialize)]
struct Gvk<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

#[derive(Clone, Copy, Serialize)]
struct Gvr<'a> {
    group: &'a str,
    version: &'a str,
    resource: &'a str,
}

#[derive(Serialize)]
struct Author<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    groups: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a Value>,
}

/// Writes the review of a request, without copying its objects.
pub(super) fn write(version: ReviewVersion, uid: &str, attributes: &Attributes) -> Result<Bytes, serde_json::Error> {
    let (group, kind_version) = attributes.kind_group_version();
    let kind = Gvk { group, version: kind_version, kind: &attributes.kind };
    let resource = Gvr { group: &attributes.group, version: &attributes.version, resource: &attributes.resource };
    let review = Review {
        kind: "AdmissionReview",
        api_version: version.api_version(),
        request: AdmissionRequest {
            uid,
            kind,
            resource,
            sub_resource: &attributes.subresource,
            request_kind: kind,
            request_resource: resource,
            request_sub_resource: &attributes.subresource,
            name: &attributes.name,
            namespace: &attributes.namespace,
            operation: attributes.operation.as_str(),
            user_info: Author {
                username: &attributes.user.username,
                uid: &attributes.user.uid,
                groups: &attributes.user.groups,
                extra: attributes
                    .user
                    .extra
                    .as_ref()
                    .filter(|extra| extra.as_object().is_some_and(|map| !map.is_empty())),
            },
            object: attributes.object.as_ref(),
            old_object: attributes.old_object.as_ref(),
            dry_run: attributes.dry_run,
            options: &attributes.options,
        },
    };
    let mut body = Vec::with_capacity(4096);
    serde_json::to_writer(&mut body, &review)?;
    // Kubernetes' serializer ends each document with a line feed.
    body.push(b'\n');
    Ok(Bytes::from(body))
}
