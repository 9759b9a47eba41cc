//! The same requests as real API servers were asked, and the same answers.
//!
//! Values that differ from cluster to cluster are replaced by name on both sides: uids, resource versions, times.

use std::{collections::BTreeMap, fmt::Write as _};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use kube_simulator::{ApiService, Minor, SimulatorRequest};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// A request, as `requests.json` has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Recorded {
    name: String,
    method: String,
    path: String,
    body: Option<String>,
    content_type: Option<String>,
    accept: Option<String>,
    /// Done by a controller in the simulator: asked of the real server only to have the same to begin with.
    #[serde(default)]
    setup: bool,
}

/// An answer, as `<minor>.json` has it.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Answer {
    code: u16,
    #[serde(default)]
    warnings: Vec<String>,
    body: Value,
}

async fn ask(service: &ApiService, recorded: &Recorded) -> Answer {
    let mut request = Request::builder()
        .method(recorded.method.as_str())
        .uri(&recorded.path)
        .header(header::USER_AGENT, "recorder/1")
        .header(header::ACCEPT, recorded.accept.as_deref().unwrap_or("application/json"));
    if recorded.body.is_some() {
        let content_type = recorded.content_type.as_deref().unwrap_or("application/json");
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let body = Bytes::from(recorded.body.clone().unwrap_or_default());
    let response = service.clone().oneshot(request.body(Full::new(body)).unwrap()).await.unwrap();
    let code = response.status().as_u16();
    let warnings = response.headers().get_all(header::WARNING).iter();
    let warnings = warnings.map(|warning| warning.to_str().unwrap().to_owned()).collect();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let mut body = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
    name_values(&mut body);
    Answer { code, warnings, body }
}

/// Replaces what differs from cluster to cluster by its name.
fn name_values(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("uid", Value::String(text)) => "[uid]".clone_into(text),
                    ("resourceVersion", Value::String(text)) => "[version]".clone_into(text),
                    (
                        "creationTimestamp" | "deletionTimestamp" | "time" | "lastTransitionTime",
                        Value::String(text),
                    ) => {
                        "[time]".clone_into(text);
                    }
                    _ => name_values(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(name_values),
        Value::String(text) => *text = name_words(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn name_words(text: &str) -> String {
    const RECORD: &str = "ResourceVersion in record (";
    let mut named = text
        .split_inclusive([' ', '(', ')'])
        .map(|word| {
            let is_uid =
                |word: &str| word.len() == 36 && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
            let bare = word.trim_end_matches([' ', '(', ')']);
            if is_uid(bare) { word.replace(bare, "[uid]") } else { word.to_owned() }
        })
        .collect::<String>();
    if let Some(at) = named.find(RECORD) {
        let start = at + RECORD.len();
        let end = named[start..].find(')').map_or(named.len(), |end| start + end);
        named.replace_range(start..end, "[version]");
    }
    named
}

#[rstest]
#[case::v1_24("1.24", include_str!("../cases/api/1.24.json"))]
#[case::v1_25("1.25", include_str!("../cases/api/1.25.json"))]
#[case::v1_31("1.31", include_str!("../cases/api/1.31.json"))]
#[case::v1_36("1.36", include_str!("../cases/api/1.36.json"))]
#[tokio::test]
async fn answers_as_a_real_api_server(#[case] minor: Minor, #[case] answers: &str) {
    let requests: Vec<Recorded> = serde_json::from_str(include_str!("../cases/api/requests.json")).unwrap();
    let mut answers: BTreeMap<String, Answer> = serde_json::from_str(answers).unwrap();
    let service = SimulatorRequest::new(minor).start().service();
    let mut differences = String::new();
    for recorded in requests.iter().filter(|recorded| !recorded.setup) {
        let expected = answers.remove(&recorded.name).unwrap_or_else(|| panic!("no answer to {}", recorded.name));
        let seen = ask(&service, recorded).await;
        if seen != expected {
            writeln!(
                differences,
                "\n## {} ({} {})\n{}\nreal      {} {:?} {}\nsimulated {} {:?} {}",
                recorded.name,
                recorded.method,
                recorded.path,
                recorded.body.as_deref().unwrap_or_default(),
                expected.code,
                expected.warnings,
                expected.body,
                seen.code,
                seen.warnings,
                seen.body
            )
            .unwrap();
        }
    }
    assert!(answers.is_empty(), "answers without a request: {:?}", answers.keys());
    assert!(differences.is_empty(), "Kubernetes {minor}:{differences}");
}
