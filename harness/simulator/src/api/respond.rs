//! Answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::{BodyExt, Full};
use serde::Serialize;
use serde_json::Value;

use super::Body;
use crate::status::Status;

/// An answer that is not a failure.
#[derive(Debug)]
pub(crate) struct Reply {
    code: u16,
    content_type: &'static str,
    body: Body,
    warnings: Vec<String>,
}

impl Reply {
    /// JSON.
    pub(crate) fn json(code: u16, value: &impl Serialize) -> Self {
        let mut text = serde_json::to_vec(value).unwrap_or_default();
        text.push(b'\n');
        Self { code, content_type: "application/json", body: whole(text), warnings: Vec::new() }
    }

    /// Text.
    pub(crate) fn text(code: u16, text: impl Into<Bytes>) -> Self {
        Self { code, content_type: "text/plain; charset=utf-8", body: whole(text), warnings: Vec::new() }
    }

    /// A container's log.
    pub(crate) fn log(text: impl Into<Bytes>) -> Self {
        Self { code: 200, content_type: "text/plain", body: whole(text), warnings: Vec::new() }
    }

    /// JSON of another type, such as `application/json;as=...`.
    pub(crate) fn typed(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { code: 200, content_type, body: whole(body), warnings: Vec::new() }
    }

    /// An answer that goes on.
    pub(crate) fn stream(content_type: &'static str, body: Body) -> Self {
        Self { code: 200, content_type, body, warnings: Vec::new() }
    }

    /// The same with these texts as `Warning` headers, each once.
    #[must_use]
    pub(crate) fn with_warnings(mut self, warnings: &[String]) -> Self {
        // What cannot stand in a header is not told.
        for warning in warnings.iter().filter(|text| !text.is_empty() && !text.contains(char::is_control)) {
            if !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = http::StatusCode::from_u16(self.code).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for warning in &self.warnings {
            if let Ok(value) = HeaderValue::from_str(&format!("299 - {}", quoted(warning))) {
                headers.append(header::WARNING, value);
            }
        }
        response
    }
}

/// A failure.
pub(crate) fn failure(status: &Status) -> Response<Body> {
    Reply::json(status.code, &status.to_json()).with_warnings(&status.warnings).into_response()
}

/// The headers of every answer.
pub(crate) fn add_common_headers(headers: &mut HeaderMap, audit_id: &str) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    if let Ok(value) = HeaderValue::from_str(audit_id) {
        headers.insert("audit-id", value);
    }
}

/// A text between quotation marks, as in a `Warning` header.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/net/http.go` `NewWarningHeader`
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

pub(crate) fn whole(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

/// An object as the item of a list: without kind and version, which the list has.
pub(crate) fn as_item(object: &Value) -> impl Serialize + '_ {
    Item(object)
}

struct Item<'a>(&'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                serializer.collect_map(map.iter().filter(|(key, _)| *key != "kind" && *key != "apiVersion"))
            }
            other => other.serialize(serializer),
        }
    }
}
