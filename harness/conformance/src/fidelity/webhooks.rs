//! The webhooks of one side: one server whose paths behave as a case wants them to, and a record of what it was asked.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use seccomp_webhook::ServingCertificate;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{FidelityError, case::Behaviour};

/// The path below which a request only shows that a registration is in force.
pub(super) const BEACON: &str = "/beacon/";

/// What a webhook was asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// Path and query.
    pub(super) path: String,
    pub(super) body: Value,
}

/// What the server and its handle share.
#[derive(Debug, Default)]
struct State {
    behaviours: BTreeMap<String, Behaviour>,
    asked: Vec<Asked>,
    beacons: Vec<String>,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Webhooks {
    url: String,
    ca_bundle: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Webhooks {
    /// Listens on a port of its own.
    pub(super) async fn start(certificate: &ServingCertificate) -> Result<Self, FidelityError> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.map_err(FidelityError::Listen)?;
        let address = listener.local_addr().map_err(FidelityError::Listen)?;
        let acceptor = TlsAcceptor::from(certificate.server_config());
        let state = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&state)));
        let ca_bundle = STANDARD.encode(certificate.ca_bundle());
        Ok(Self { url: format!("https://{address}"), ca_bundle, state, task })
    }

    /// `https://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What a registration has as its `caBundle`.
    pub(super) fn ca_bundle(&self) -> &str {
        &self.ca_bundle
    }

    /// Behaves so from now on.
    pub(super) fn behave(&self, behaviours: &BTreeMap<String, Behaviour>) {
        self.lock().behaviours.clone_from(behaviours);
    }

    /// Takes out what was asked since the last time.
    pub(super) fn drain(&self) -> Vec<Asked> {
        std::mem::take(&mut self.lock().asked)
    }

    /// Whether a beacon of this name was seen; forgets those that were.
    pub(super) fn saw_beacon(&self, name: &str) -> bool {
        std::mem::take(&mut self.lock().beacons).iter().any(|seen| seen == name)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    loop {
        // A connection that ends before it is taken is not the end of the others.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(serve(stream, acceptor, state));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    // Without it, answers wait for acknowledgements; a socket that refuses it still works.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A client that goes away is nothing to tell.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let asked = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let review: Value =
        serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body).into_owned()));
    let behaviour = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(beacon) = path.strip_prefix(BEACON) {
            state.beacons.push(beacon.to_owned());
            drop(state);
            let denied = json!({
                "apiVersion": "{apiVersion}", "kind": "AdmissionReview", "response": {"uid": "{uid}", "allowed": false},
            });
            Behaviour { body: denied, ..Behaviour::default() }
        } else {
            state.asked.push(Asked { path: asked, body: review.clone() });
            state.behaviours.get(path.trim_start_matches('/')).cloned().unwrap_or_default()
        }
    };
    if behaviour.delay_milliseconds > 0 {
        // Slowness is what the case is about.
        let never = std::future::pending::<()>();
        let _ = tokio::time::timeout(Duration::from_millis(behaviour.delay_milliseconds), never).await;
    }
    Ok(response(&behaviour, &review))
}

fn response(behaviour: &Behaviour, review: &Value) -> Response<Full<Bytes>> {
    let mut body = behaviour.body.clone();
    let text = |pointer| review.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    fill(&mut body, text("/request/uid"), text("/apiVersion"));
    if let (Some(patch), Some(response)) = (&behaviour.patch, body.get_mut("response")) {
        response["patch"] = json!(STANDARD.encode(patch.to_string()));
    }
    let body = match body {
        Value::String(text) => text,
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let mut response = Response::builder().status(behaviour.status.unwrap_or(200));
    if !behaviour.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        response = response.header(header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in &behaviour.headers {
        response = response.header(name, value);
    }
    // A case that asks for a header that cannot be is answered without anything.
    response.body(Full::from(body)).unwrap_or_default()
}

fn fill(value: &mut Value, uid: &str, api_version: &str) {
    match value {
        Value::String(text) if text.contains('{') => {
            *text = text.replace("{uid}", uid).replace("{apiVersion}", api_version);
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| fill(entry, uid, api_version)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, uid, api_version)),
        _ => {}
    }
}
