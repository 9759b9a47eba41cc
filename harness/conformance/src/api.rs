//! Calls to an API server that show what it answered as it answered: code, warnings, body.

use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use kube::{client::Body, core::WatchEvent};
use serde_json::Value;

use crate::outcome::Answer;

/// Who the harness is in `metadata.managedFields`.
pub(crate) const FIELD_MANAGER: &str = "seccomp-harness";

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ApiError {
    #[error("write request `{method} {path}`")]
    Request {
        method: Method,
        path: String,
        #[source]
        source: http::Error,
    },
    #[error("send `{method} {path}`")]
    Send {
        method: Method,
        path: String,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("read the answer to `{method} {path}`")]
    Read {
        method: Method,
        path: String,
        #[source]
        source: Box<kube::Error>,
    },
}

/// A call that the API server did not carry out.
#[derive(Debug, thiserror::Error)]
#[error("{what}: the API server answered {code} {message}")]
pub(crate) struct Refused {
    /// What was to be done.
    pub(crate) what: String,
    pub(crate) code: u16,
    pub(crate) message: String,
}

/// Says what was to be done when the API server does not do it.
pub(crate) fn expect_success(what: impl FnOnce() -> String, answer: Answer) -> Result<Answer, Refused> {
    if answer.is_success() {
        return Ok(answer);
    }
    let message = answer.message().unwrap_or_default().to_owned();
    Err(Refused { what: what(), code: answer.code, message })
}

/// One call.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Call {
    method: Method,
    path: String,
    query: Vec<String>,
    content_type: &'static str,
    body: Option<Value>,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), content_type: "application/json", body: None }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }.with("fieldManager", FIELD_MANAGER)
    }

    pub(crate) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path) }.with("fieldManager", FIELD_MANAGER)
    }

    pub(crate) fn patch(path: impl Into<String>, content_type: &'static str, body: Value) -> Self {
        Self { body: Some(body), content_type, ..Self::new(Method::PATCH, path) }.with("fieldManager", FIELD_MANAGER)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// One more parameter; neither part needs escaping.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.query.push(format!("{name}={value}"));
        self
    }
}

/// `application/merge-patch+json`.
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// An API server.
#[derive(Clone)]
pub(crate) struct Api {
    client: kube::Client,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Api")
    }
}

impl Api {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self { client }
    }

    /// The client that makes the calls.
    pub(crate) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// Makes the call, whatever comes of it.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, ApiError> {
        let (headers, code, bytes) = self.send(call).await?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { code, warnings: warnings(&headers), body })
    }

    /// The log that a call answers with, as it is: one of a single line of JSON is no object.
    pub(crate) async fn log(&self, call: Call) -> Result<Result<String, Refused>, ApiError> {
        let (_, code, bytes) = self.send(call).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if code == 200 {
            return Ok(Ok(text));
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let answer = Answer { code, warnings: Vec::new(), body };
        let message = answer.message().or(answer.body.as_str()).unwrap_or_default().trim_end().to_owned();
        Ok(Err(Refused { what: "read the log".to_owned(), code, message }))
    }

    /// What changes in a collection from `version` on, until the API server ends it.
    pub(crate) async fn watch(
        &self,
        collection: &str,
        version: &str,
    ) -> Result<impl Stream<Item = Result<WatchEvent<Value>, kube::Error>> + use<>, ApiError> {
        let uri = format!("{collection}?watch=true&resourceVersion={version}");
        let (method, path) = (Method::GET, collection.to_owned());
        let request = Request::builder().uri(uri).body(Vec::new());
        let request =
            request.map_err(|source| ApiError::Request { method: method.clone(), path: path.clone(), source })?;
        let changes = self.client.request_events(request).await;
        let changes = changes.map_err(|source| ApiError::Send { method, path, source: Box::new(source) })?;
        Ok(changes)
    }

    async fn send(&self, call: Call) -> Result<(HeaderMap, u16, Bytes), ApiError> {
        let Call { method, path, query, content_type, body } = call;
        let uri = if query.is_empty() { path.clone() } else { format!("{path}?{}", query.join("&")) };
        let mut request = Request::builder().method(method.clone()).uri(uri).header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        // A value of JSON always serialises.
        let bytes = body.map(|body| serde_json::to_vec(&body).unwrap_or_default()).unwrap_or_default();
        let request = request.body(Body::from(bytes)).map_err(|source| ApiError::Request {
            method: method.clone(),
            path: path.clone(),
            source,
        })?;
        let response = self.client.send(request).await.map_err(|source| ApiError::Send {
            method: method.clone(),
            path: path.clone(),
            source: Box::new(source),
        })?;
        let (parts, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|source| ApiError::Read { method, path, source: Box::new(source) })?
            .to_bytes();
        Ok((parts.headers, parts.status.as_u16(), bytes))
    }
}

/// The texts of `Warning` headers, `299 - "text"` each.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/net/http.go` `NewWarningHeader`
pub(crate) fn warnings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::WARNING).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.filter_map(|value| unquote(value.split_once('"')?.1)).collect()
}

/// A quoted string of HTTP, from behind its first quote.
fn unquote(text: &str) -> Option<String> {
    let mut unquoted = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some(unquoted),
            '\\' => unquoted.push(characters.next()?),
            character => unquoted.push(character),
        }
    }
}

/// Where objects of a kind are found.
///
/// # Shape
/// `/api/v1/namespaces/NAMESPACE/pods`; `namespace` is left out for kinds that have none.
pub(crate) fn collection_path(api_version: &str, kind: &str, namespace: &str) -> String {
    let root = if api_version.contains('/') { "/apis" } else { "/api" };
    let resource = resource(kind);
    if is_cluster_scoped(kind) {
        format!("{root}/{api_version}/{resource}")
    } else {
        format!("{root}/{api_version}/namespaces/{namespace}/{resource}")
    }
}

/// The resource of a kind: lower case, in the plural as Kubernetes' own kinds have it.
pub(crate) fn resource(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.chars().last() {
        Some('s' | 'x') => format!("{lower}es"),
        Some('y') => format!("{}ies", &lower[..lower.len() - 1]),
        _ => format!("{lower}s"),
    }
}

/// Whether objects of a kind stand in no namespace.
pub(crate) fn is_cluster_scoped(kind: &str) -> bool {
    matches!(
        kind,
        "Namespace"
            | "Node"
            | "MutatingWebhookConfiguration"
            | "ValidatingWebhookConfiguration"
            | "PodSecurityPolicy"
            | "PriorityClass"
            | "RuntimeClass"
            | "ClusterRole"
            | "ClusterRoleBinding"
            | "CustomResourceDefinition"
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn reads_warnings_with_their_escapes() {
        let mut headers = HeaderMap::new();
        headers.append(header::WARNING, r#"299 - "unknown field \"spec.x\"""#.parse().unwrap());
        headers.append(header::WARNING, r#"299 - "two""#.parse().unwrap());
        assert_eq!(warnings(&headers), [r#"unknown field "spec.x""#, "two"]);
    }

    #[rstest]
    #[case::core("v1", "Pod", "/api/v1/namespaces/n/pods")]
    #[case::cluster_scoped("v1", "Namespace", "/api/v1/namespaces")]
    #[case::group("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/n/networkpolicies")]
    #[case::ends_in_s("networking.k8s.io/v1", "Ingress", "/apis/networking.k8s.io/v1/namespaces/n/ingresses")]
    fn finds_the_path_of_a_kind(#[case] api_version: &str, #[case] kind: &str, #[case] path: &str) {
        assert_eq!(collection_path(api_version, kind, "n"), path);
    }
}
