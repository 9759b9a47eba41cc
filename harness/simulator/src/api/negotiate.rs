//! Which form an answer has, and which form a body may have.

use http::{HeaderMap, header};
use serde_json::json;

use crate::{
    minor::{Minor, api as rows},
    status::Status,
};

/// What a client wants an answer to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Shape {
    /// The object itself.
    #[default]
    Object,
    /// `meta.k8s.io/v1 Table`, as kubectl prints it.
    Table,
    /// `meta.k8s.io/v1 PartialObjectMetadata` or its list.
    Metadata,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Accept {
    pub(crate) shape: Shape,
}

impl Accept {
    /// The first form of an `Accept` header that is served: JSON, as the object or transformed.
    ///
    /// # Errors
    /// 406.
    pub(crate) fn parse(minor: Minor, headers: &HeaderMap, is_list: bool) -> Result<Self, Status> {
        let values = headers.get_all(header::ACCEPT);
        let mut asked = false;
        for clause in values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            asked |= !clause.trim().is_empty();
            if let Some(accept) = Self::clause(clause) {
                return Ok(accept);
            }
        }
        let text = values.iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
        match unmodelled(&text) {
            _ if !asked => Ok(Self::default()),
            Some(media) => Err(Status::new(
                406,
                "NotAcceptable",
                format!("the simulator does not model answers in {media}; application/json must be acceptable too"),
            )
            .with_details(json!({}))),
            None => Err(not_acceptable(minor, is_list)),
        }
    }

    fn clause(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next()?;
        if !matches!(media, "application/json" | "application/*" | "*/*") {
            return None;
        }
        let mut kind = "";
        let (mut group, mut version) = ("", "");
        for parameter in parts {
            match parameter.split_once('=') {
                Some(("as", value)) => kind = value,
                Some(("g", value)) => group = value,
                Some(("v", value)) => version = value,
                // `stream=watch`, `charset`, `q`, `pretty`: nothing depends on them here.
                _ => {}
            }
        }
        let shape = match (kind, group, version) {
            ("", _, _) => Shape::Object,
            ("Table", "meta.k8s.io", "v1") => Shape::Table,
            ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => Shape::Metadata,
            _ => return None,
        };
        Some(Self { shape })
    }
}

/// The first form of an `Accept` header that a real API server would answer in.
fn unmodelled(text: &str) -> Option<&str> {
    const FORMS: &[&str] = &["application/vnd.kubernetes.protobuf", "application/yaml"];
    let mut media = text.split(',').filter_map(|clause| clause.split(';').next()).map(str::trim);
    media.find(|media| FORMS.contains(media))
}

fn not_acceptable(minor: Minor, is_list: bool) -> Status {
    let mut message = "406: Not Acceptable".to_owned();
    if *rows::NOT_ACCEPTABLE_NAMES_FORMS.at(minor) {
        message.push_str(
            "\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        );
        if is_list {
            message.push_str(", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
        }
    }
    Status::new(406, "NotAcceptable", message).with_details(json!({}))
}

/// The form of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Json,
    /// As newer clients send the objects that they have types for; kubectl 1.36 does, 1.31 does not.
    Protobuf,
}

impl Form {
    /// What a `Content-Type` header says.
    ///
    /// # Errors
    /// 415; for YAML, which a real API server reads, one that says that the simulator does not.
    pub(crate) fn parse(content_type: &str) -> Result<Self, Status> {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        let message = match media {
            "" | "application/json" => return Ok(Self::Json),
            "application/vnd.kubernetes.protobuf" => return Ok(Self::Protobuf),
            "application/yaml" => "the simulator does not model bodies in YAML; a real API server reads them",
            _ => {
                "the body of the request was in an unknown format - accepted media types include: application/json, \
                 application/yaml, application/vnd.kubernetes.protobuf"
            }
        };
        Err(Status::new(415, "UnsupportedMediaType", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<Shape> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, text.parse().unwrap());
        Accept::parse(Minor::NEWEST, &headers, false).ok().map(|accept| accept.shape)
    }

    #[test]
    fn takes_the_first_form_that_is_served() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(shape(kubectl), Some(Shape::Table));
        assert_eq!(shape("application/vnd.kubernetes.protobuf, */*"), Some(Shape::Object));
        assert_eq!(shape("application/xml"), None);
    }

    #[test]
    fn says_so_where_only_a_form_is_wanted_that_is_not_modelled() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, "application/vnd.kubernetes.protobuf;stream=watch".parse().unwrap());
        let status = Accept::parse(Minor::NEWEST, &headers, true).unwrap_err();
        assert_eq!(status.code, 406);
        assert!(
            status.message.starts_with("the simulator does not model answers in application/vnd.kubernetes.protobuf")
        );
    }
}
