//! One of the two sides: makes the requests of a case, and says what came of each.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, header};
use http_body_util::BodyExt as _;
use kube::client::Body as ClientBody;
use kube_simulator::{Minor, NodeProfile, SimulatorRequest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    FidelityError,
    case::{Body, Case, Request},
    names::Names,
    registered::{self, Registrations},
    webhooks::{Asked, Webhooks},
};
use crate::{
    api::{Api, Call, warnings},
    cluster::{
        Cluster as _,
        control_plane::ControlPlane,
        names::{NODE, NODE_LABEL},
    },
};

/// Who asks, on both sides.
const USER: &str = "verifier";
/// A namespace that both sides have besides the case's own, with other labels.
pub(super) const OTHER_NAMESPACE: &str = "fidelity-other";
/// How often it is looked whether an API server's caches know what was written.
const LOOKS: usize = 2000;

/// One request and what came of it, with what is drawn replaced by name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exchange {
    /// The request's id.
    pub(super) id: String,
    pub(super) code: u16,
    pub(super) warnings: Vec<String>,
    pub(super) body: Value,
    /// What webhooks were asked meanwhile.
    pub(super) asked: Vec<Asked>,
}

/// A side of the comparison.
#[derive(Debug)]
pub(super) enum Side<'a> {
    /// A simulated API server, new for each case.
    Simulated { minor: Minor },
    /// A real one, left as it was found.
    Real { plane: &'a ControlPlane },
}

/// An API server with its webhooks, in the middle of a case.
struct Session<'a> {
    client: kube::Client,
    api: Api,
    webhooks: &'a Webhooks,
    namespace: &'a str,
    is_real: bool,
    /// The answers so far, as they came.
    answers: BTreeMap<String, Value>,
    /// Paths of what was created, with the kind of what is there.
    created: Vec<String>,
    registrations: Registrations,
    names: Names,
}

impl Side<'_> {
    fn api(&self, namespace: &str) -> (Api, bool) {
        match self {
            Self::Simulated { minor } => {
                let node = NodeProfile {
                    name: NODE.to_owned(),
                    labels: BTreeMap::from([(NODE_LABEL.to_owned(), NODE.to_owned())]),
                    seccomp_default: false,
                    localhost_profiles: std::collections::BTreeSet::new(),
                };
                // Two namespaces never draw the same names.
                let seed = namespace.bytes().map(u64::from).sum();
                let request = SimulatorRequest::new(*minor).with_node(node).with_seed(seed).without_controllers();
                (Api::new(kube::Client::new(request.start().service(), "default")), false)
            }
            Self::Real { plane } => (plane.for_case().api().clone(), true),
        }
    }

    /// Makes what cases find: `namespace` and the other one, with their service accounts.
    ///
    /// Those of a real API server stay.
    pub(super) async fn prepare(&self, namespace: &str) -> Result<(), FidelityError> {
        let (api, _) = self.api(namespace);
        prepare(&api, namespace).await
    }

    /// Makes all requests of `case` in `namespace`, where nobody else is meanwhile.
    pub(super) async fn run(
        &self,
        case: &Case,
        namespace: &str,
        webhooks: &Webhooks,
    ) -> Result<Vec<Exchange>, FidelityError> {
        let (api, is_real) = self.api(namespace);
        if !is_real {
            prepare(&api, namespace).await?;
        }
        webhooks.behave(&case.webhooks);
        webhooks.drain();
        let known = vec![
            (webhooks.url().to_owned(), "[webhook]"),
            (webhooks.url().trim_start_matches("https://").to_owned(), "[webhook address]"),
            (webhooks.ca_bundle().to_owned(), "[caBundle]"),
        ];
        let mut session = Session {
            client: api.client().clone(),
            api,
            webhooks,
            namespace,
            is_real,
            answers: BTreeMap::new(),
            created: Vec::new(),
            registrations: Registrations::default(),
            names: Names::new(known),
        };
        let mut exchanges = Vec::new();
        for request in &case.requests {
            exchanges.push(session.make(request).await?);
        }
        if is_real {
            session.clean_up().await?;
        }
        Ok(exchanges)
    }
}

async fn prepare(api: &Api, namespace: &str) -> Result<(), FidelityError> {
    let labelled = json!({"gardener.cloud/role": "shoot", "env": "test"});
    let others = [(OTHER_NAMESPACE, json!({"env": "other"})), (registered::NAMESPACE, json!({}))];
    for (name, labels) in [(namespace, labelled)].into_iter().chain(others) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        api.call(Call::post("/api/v1/namespaces", object)).await?;
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        let path = format!("/api/v1/namespaces/{name}/serviceaccounts");
        api.call(Call::post(path.as_str(), account)).await?;
        // Admission reads both from caches.
        for path in [format!("/api/v1/namespaces/{name}"), format!("{path}/default")] {
            let mut looks = 0;
            while !api.call(Call::get(path.as_str()).with("resourceVersion", "0")).await?.is_success() {
                looks += 1;
                if looks > LOOKS {
                    return Err(FidelityError::NotSeen { path });
                }
            }
        }
    }
    Ok(())
}

impl Session<'_> {
    async fn make(&mut self, request: &Request) -> Result<Exchange, FidelityError> {
        let sent = self.filled(request);
        self.names.give(&json!(request.query));
        match &request.body {
            Body::Json(given) | Body::Answer { merge: given, .. } => self.names.give(given),
            _ => {}
        }
        let (code, warnings, body) = self.send(&sent).await?;
        let mut answer: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        self.answers.insert(request.id.clone(), answer.clone());
        let mut asked = self.webhooks.drain();
        asked.retain(|asked| !is_of_the_server(asked));
        // Validating webhooks are asked all at once.
        asked.sort_by(|one, other| one.path.cmp(&other.path));
        self.settle(&sent, code, &answer).await?;
        for asked in &mut asked {
            self.names.apply(&mut asked.body);
        }
        self.names.apply(&mut answer);
        let warnings = warnings.into_iter().map(|text| self.names.text(&text, "").unwrap_or(text)).collect();
        Ok(Exchange { id: request.id.clone(), code, warnings, body: answer, asked })
    }

    /// The request with what its placeholders stand for.
    fn filled(&self, request: &Request) -> Sent {
        let text = |text: &str| text.replace("${namespace}", self.namespace);
        let body = match &request.body {
            Body::None => None,
            Body::Text(body) => Some(text(body).into_bytes()),
            Body::Json(body) => Some(self.filled_value(body).to_string().into_bytes()),
            Body::Answer { of, merge } => {
                let mut body = self.answers.get(of).cloned().unwrap_or_default();
                json_patch::merge(&mut body, &self.filled_value(merge));
                Some(body.to_string().into_bytes())
            }
        };
        Sent {
            method: request.method.parse().unwrap_or(Method::GET),
            path: text(&request.path),
            query: request.query.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
            content_type: request.content_type.clone().unwrap_or_else(|| "application/json".to_owned()),
            body,
        }
    }

    fn filled_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let reference = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
                match reference.and_then(|reference| reference.split_once('/')) {
                    Some((id, pointer)) => {
                        let answer = self.answers.get(id).and_then(|answer| answer.pointer(&format!("/{pointer}")));
                        answer.cloned().unwrap_or_default()
                    }
                    None => json!(
                        text.replace("${namespace}", self.namespace)
                            .replace("${webhook}", self.webhooks.url())
                            .replace("${caBundle}", self.webhooks.ca_bundle())
                    ),
                }
            }
            Value::Array(entries) => entries.iter().map(|entry| self.filled_value(entry)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, field)| (key.clone(), self.filled_value(field))).collect())
            }
            other => other.clone(),
        }
    }

    async fn send(&self, sent: &Sent) -> Result<(u16, Vec<String>, Bytes), FidelityError> {
        let query: Vec<_> = sent
            .query
            .iter()
            .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let uri = if query.is_empty() { sent.path.clone() } else { format!("{}?{}", sent.path, query.join("&")) };
        let mut request = http::Request::builder()
            .method(sent.method.clone())
            .uri(uri)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER)
            .header("impersonate-user", USER)
            .header("impersonate-group", "system:masters");
        if sent.body.is_some() {
            request = request.header(header::CONTENT_TYPE, &sent.content_type);
        }
        let request = request.body(ClientBody::from(sent.body.clone().unwrap_or_default()));
        let request = request.map_err(FidelityError::Request)?;
        let response = self.client.send(request).await.map_err(FidelityError::send(&sent.path))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(FidelityError::send(&sent.path))?.to_bytes();
        Ok((parts.status.as_u16(), warnings(&parts.headers), body))
    }

    /// Waits until an API server's own caches know what was written, since it answers from them.
    async fn settle(&mut self, sent: &Sent, code: u16, answer: &Value) -> Result<(), FidelityError> {
        let is_written = (200..300).contains(&code)
            && sent.method != Method::GET
            && !sent.query.iter().any(|(key, _)| key == "dryRun");
        if !self.is_real || !is_written {
            return Ok(());
        }
        let path = match (sent.method == Method::POST, answer.pointer("/metadata/name").and_then(Value::as_str)) {
            (true, Some(name)) if code == 201 && answer.get("status").is_none_or(|status| status != "Success") => {
                format!("{}/{name}", sent.path)
            }
            _ => sent.path.clone(),
        };
        let object = object_path(&path);
        if code == 201 && path == object && !self.created.contains(&path) {
            self.created.push(path.clone());
        }
        self.wait_until_cached(&object).await?;
        if let Some(kind) = Registrations::kind(&object) {
            self.registrations.sync(&self.api, self.webhooks, kind).await?;
            self.webhooks.drain();
        }
        Ok(())
    }

    async fn wait_until_cached(&self, path: &str) -> Result<(), FidelityError> {
        let version = |answer: &crate::Answer| answer.body.pointer("/metadata/resourceVersion").cloned();
        for _ in 0..LOOKS {
            let newest = self.api.call(Call::get(path)).await?;
            let cached = self.api.call(Call::get(path).with("resourceVersion", "0")).await?;
            if newest.code == cached.code && version(&newest) == version(&cached) {
                return Ok(());
            }
        }
        Err(FidelityError::NotSeen { path: path.to_owned() })
    }

    /// Takes away what the case made, the last first; registrations before everything that they might refuse.
    async fn clean_up(&mut self) -> Result<(), FidelityError> {
        let mut created = std::mem::take(&mut self.created);
        created.sort_by_key(|path| Registrations::kind(path).is_none());
        for path in created {
            let deleted = self.api.call(Call::delete(path.as_str()).with("gracePeriodSeconds", "0")).await?;
            if let Some(kind) = Registrations::kind(&path) {
                self.registrations.sync(&self.api, self.webhooks, kind).await?;
                continue;
            }
            if deleted.body.get("kind").is_some_and(|kind| kind == "Namespace") {
                let mut namespace = deleted.body.clone();
                namespace["spec"]["finalizers"] = json!([]);
                self.api.call(Call::put(format!("{path}/finalize"), namespace)).await?;
            }
            if deleted.body.pointer("/metadata/finalizers").is_some() {
                let patch = json!({"metadata": {"finalizers": null}});
                self.api.call(Call::patch(path.as_str(), crate::api::MERGE_PATCH, patch)).await?;
            }
            for _ in 0..LOOKS {
                let call = Call::get(path.as_str()).with("resourceVersion", "0");
                if self.api.call(call).await?.code == 404 {
                    break;
                }
            }
        }
        self.webhooks.drain();
        Ok(())
    }
}

/// Whether it is about a write of a real API server's own, such as the renewal of its leases, which no case asks for.
fn is_of_the_server(asked: &Asked) -> bool {
    asked.body.pointer("/request/userInfo/username").is_some_and(|user| user == "system:apiserver")
}

/// A request as it is sent.
struct Sent {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    content_type: String,
    body: Option<Vec<u8>>,
}

/// The path of the object that a path, of a subresource perhaps, is about.
fn object_path(path: &str) -> String {
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let root = if segments.first() == Some(&"api") { 2 } else { 3 };
    let is_namespaced = segments.get(root) == Some(&"namespaces") && segments.len() > root + 2;
    // Subresources of a namespace look like resources in it.
    let is_part_of_namespace = is_namespaced && matches!(segments[root + 2], "finalize" | "status");
    let length = if is_namespaced && !is_part_of_namespace { root + 4 } else { root + 2 };
    format!("/{}", segments[..length.min(segments.len())].join("/"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::object("/api/v1/namespaces/n/pods/p", "/api/v1/namespaces/n/pods/p")]
    #[case::subresource("/api/v1/namespaces/n/pods/p/ephemeralcontainers", "/api/v1/namespaces/n/pods/p")]
    #[case::namespace("/api/v1/namespaces/n", "/api/v1/namespaces/n")]
    #[case::finalize("/api/v1/namespaces/n/finalize", "/api/v1/namespaces/n")]
    #[case::group("/apis/a.b/v1/things/t/status", "/apis/a.b/v1/things/t")]
    fn finds_the_object_of_a_path(#[case] path: &str, #[case] object: &str) {
        assert_eq!(object_path(path), object);
    }
}
