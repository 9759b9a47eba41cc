//! The request of a review: what the decision looks at, and nothing else of the Pod.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, value::RawValue};

/// What a review asks, as far as the decision depends on it.
///
/// The Pod itself is not kept: no field of any Kubernetes version can be lost by what is never decoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdmissionRequest {
    /// Echoed in the response.
    pub uid: String,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: String,
    /// The API group of `kind`; empty for the core group.
    pub group: String,
    /// The version of `kind`.
    pub version: String,
    /// `Pod`.
    pub kind: String,
    /// `status`, `ephemeralcontainers`, or empty.
    pub sub_resource: String,
    /// The request's namespace.
    pub namespace: String,
    /// The request's name; empty while a `generateName` is not yet a name.
    pub name: String,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// The object, or why it is no Pod; nothing on DELETE.
    pub object: Option<Result<PodView, String>>,
}

/// The part of a Pod that the webhook reads.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PodView {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) metadata: Option<Fields<MetadataView>>,
    pub(crate) spec: Option<Fields<SpecView>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetadataView {
    pub(crate) generate_name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SpecView {
    pub(crate) security_context: Option<Fields<SecurityContextView>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecurityContextView {
    pub(crate) seccomp_profile: Option<Fields<SeccompProfileView>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct SeccompProfileView {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

impl PodView {
    /// `spec.securityContext`, where it is set.
    pub(crate) fn security_context(&self) -> Option<&SecurityContextView> {
        Some(&self.spec.as_ref()?.0.security_context.as_ref()?.0)
    }

    /// `spec.securityContext.seccompProfile.type`; empty counts as unset, as it does in Go.
    pub fn profile_type(&self) -> Option<&str> {
        self.security_context()?.seccomp_profile.as_ref()?.0.kind.as_deref().filter(|kind| !kind.is_empty())
    }

    /// `metadata.generateName`, where it is set.
    pub fn generate_name(&self) -> Option<&str> {
        self.metadata.as_ref()?.0.generate_name.as_deref()
    }
}

/// A JSON object; unlike a derived struct, it refuses an array in its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldsVisitor<T> {
            type Value = Fields<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Fields)
            }
        }

        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

/// A whole review as it comes in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "O: Deserialize<'de>"))]
pub(crate) struct WireReview<O> {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) request: Option<Fields<WireRequest<O>>>,
}

/// The request with its object read as `O`: as a Pod, or, when that fails, as raw text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "O: Deserialize<'de>"))]
pub(crate) struct WireRequest<O> {
    uid: Option<String>,
    operation: Option<String>,
    kind: Option<Fields<WireKind>>,
    sub_resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    dry_run: Option<bool>,
    #[serde(default = "Option::default")]
    object: Option<O>,
}

#[derive(Debug, Default, Deserialize)]
struct WireKind {
    group: Option<String>,
    version: Option<String>,
    kind: Option<String>,
}

impl<O> WireRequest<O> {
    fn read(self, read_object: impl FnOnce(O) -> Result<PodView, String>) -> AdmissionRequest {
        let kind = self.kind.map(|kind| kind.0).unwrap_or_default();
        AdmissionRequest {
            uid: self.uid.unwrap_or_default(),
            operation: self.operation.unwrap_or_default(),
            group: kind.group.unwrap_or_default(),
            version: kind.version.unwrap_or_default(),
            kind: kind.kind.unwrap_or_default(),
            sub_resource: self.sub_resource.unwrap_or_default(),
            namespace: self.namespace.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            dry_run: self.dry_run.unwrap_or_default(),
            object: self.object.map(read_object),
        }
    }
}

/// What a review's bytes hold.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) request: Option<AdmissionRequest>,
}

impl Incoming {
    /// Reads a review in one pass over its bytes.
    ///
    /// Only when its object is no Pod, the bytes are read again: whether that matters is the decision's affair, since a
    /// DELETE or a request for another kind is answered without looking at the object.
    ///
    /// # Errors
    /// The bytes are no JSON, or a field of the review itself has a wrong type.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        if let Ok(Fields(review)) = serde_json::from_slice::<Fields<WireReview<Fields<PodView>>>>(bytes) {
            return Ok(Self::new(review, |pod| Ok(pod.0)));
        }
        let Fields(review) = serde_json::from_slice::<Fields<WireReview<&RawValue>>>(bytes)?;
        Ok(Self::new(review, |raw| {
            serde_json::from_str::<Fields<PodView>>(raw.get()).map(|pod| pod.0).map_err(|error| error.to_string())
        }))
    }

    fn new<O>(review: WireReview<O>, read_object: impl FnOnce(O) -> Result<PodView, String>) -> Self {
        Self {
            api_version: review.api_version,
            kind: review.kind,
            request: review.request.map(|request| request.0.read(read_object)),
        }
    }
}

impl AdmissionRequest {
    /// Reads the `request` of a review from JSON.
    ///
    /// # Errors
    /// It is no object, or a field of it has a wrong type.
    pub fn from_value(request: &Value) -> Result<Self, serde_json::Error> {
        let bytes = serde_json::to_vec(&serde_json::json!({ "request": request }))?;
        Incoming::from_slice(&bytes)?.request.ok_or_else(|| serde_json::Error::custom("the request is null"))
    }
}
