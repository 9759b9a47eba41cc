//! The HTTPS client of an API server, whose errors are spelled as Go spells them.

mod connect;
mod go_text;
mod redirect;
mod sniffed;
mod status_error;
mod tls;

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::{redirect::Hop, sniffed::First};
use super::{
    ServiceEndpoint,
    configuration::{ClientConfig, Target},
    error::{Stage, WebhookError},
    lock,
};
use crate::{cluster::Simulator, minor::Minor, store::Key};

/// How often a request is sent again at most, where the webhook asks for it with `Retry-After`.
///
/// # Source
/// client-go v0.36.3 `rest/request.go` `NewRequest`: `maxRetries`
const RETRIES: usize = 10;

/// How many connections are kept for later.
///
/// # Source
/// client-go v0.36.3 `transport/cache.go` `idleConnsPerHost`
const IDLE: usize = 25;

/// Sends reviews to one webhook.
pub(crate) struct WebhookClient {
    /// What a configuration that cannot be used gives instead.
    prepared: Result<Prepared, String>,
    idle: Mutex<Vec<Connection>>,
}

/// An open connection.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Its addresses, as they stand in errors.
    ends: String,
    first_response: First,
}

/// All that is known before the first connection.
struct Prepared {
    /// `/path`.
    path: String,
    /// The `Host` header.
    authority: String,
    /// The name that the certificate is checked against.
    server_name: String,
    destination: Destination,
    tls: Arc<rustls::ClientConfig>,
}

/// Where to dial.
enum Destination {
    Host { host: String, port: u16 },
    Service { namespace: String, name: String, endpoint: Option<SocketAddr> },
}

/// Head and body of a response.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Why there is no reply, in Go's words.
enum Failure {
    /// Before there was a response: shown with method and URL.
    Request(String),
    /// While reading the response.
    Body(String),
}

impl fmt::Debug for WebhookClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.prepared.as_ref().map(|prepared| &prepared.authority);
        formatter.debug_struct("WebhookClient").field("authority", &authority).finish_non_exhaustive()
    }
}

impl WebhookClient {
    pub(crate) fn new(config: &ClientConfig, endpoints: &[ServiceEndpoint]) -> Self {
        Self { prepared: Prepared::new(config, endpoints), idle: Mutex::default() }
    }

    /// Posts a review and gives the body of a good response.
    ///
    /// `limit` is the webhook's or the request's time, whichever ends first; `client_limit` the client's own.
    ///
    /// # Source
    /// client-go v0.36.3 `rest/request.go` `Request.request`, `transformResponse`
    pub(super) async fn post(
        &self,
        minor: Minor,
        cluster: &Simulator,
        body: Bytes,
        limit: Instant,
        client_limit: Instant,
    ) -> Result<Bytes, WebhookError> {
        let fail = |stage, reason: String| Err(WebhookError::calling(minor, stage, reason));
        let prepared = match &self.prepared {
            Ok(prepared) => prepared,
            Err(reason) => return fail(Stage::Client, reason.clone()),
        };
        let seconds = limit.saturating_duration_since(Instant::now()).as_millis().div_ceil(1000);
        let query = if seconds == 0 { String::new() } else { format!("?timeout={seconds}s") };
        let mut retries = 0;
        loop {
            let reply = match self.follow(minor, cluster, prepared, &query, &body, limit.min(client_limit)).await {
                Ok(reply) => reply,
                Err(reason) => return fail(Stage::Call, reason),
            };
            let Some(wait) = retry_after(&reply).filter(|_| retries < RETRIES) else {
                return status_error::check(reply.status, &reply.headers, reply.body)
                    .or_else(|reason| fail(Stage::Call, reason));
            };
            retries += 1;
            // An API server waits as long as it is asked to, even where no time will be left then; it gives up on the
            // whole request before a minute is over.
            sleep_until((Instant::now() + wait).min(client_limit)).await;
        }
    }

    /// One request and, where the webhook redirects, those that follow.
    async fn follow(
        &self,
        minor: Minor,
        cluster: &Simulator,
        prepared: &Prepared,
        query: &str,
        body: &Bytes,
        limit: Instant,
    ) -> Result<Reply, String> {
        let mut hop = Hop::first(format!("{}{query}", prepared.path));
        loop {
            let reply = match self.exchange(minor, cluster, prepared, &hop, body, limit).await {
                Ok(reply) => reply,
                Err(Failure::Request(reason)) => {
                    return Err(go_text::post(&format!("https://{}{}", prepared.authority, hop.path), &reason));
                }
                Err(Failure::Body(reason)) => {
                    let words = "unexpected error when reading response body. Please retry. Original error:";
                    return Err(format!("{words} {reason}"));
                }
            };
            match hop.next(prepared, &reply)? {
                Some(next) => hop = next,
                None => return Ok(reply),
            }
        }
    }

    /// One request and its response, over a kept connection if there is one that still lives.
    async fn exchange(
        &self,
        minor: Minor,
        cluster: &Simulator,
        prepared: &Prepared,
        hop: &Hop,
        body: &Bytes,
        limit: Instant,
    ) -> Result<Reply, Failure> {
        let late = |_| Failure::Request(go_text::DEADLINE.to_owned());
        if Instant::now() >= limit {
            return Err(Failure::Request(go_text::DEADLINE.to_owned()));
        }
        loop {
            let kept = self.kept(limit).await;
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => timeout_at(limit, connect::connect(minor, cluster, prepared))
                    .await
                    .map_err(late)?
                    .map_err(Failure::Request)?,
            };
            let request = prepared.request(hop, body.clone()).map_err(Failure::Request)?;
            let response = match timeout_at(limit, connection.sender.send_request(request)).await.map_err(late)? {
                Ok(response) => response,
                // The webhook closed a connection that nothing was written to yet.
                Err(error) if is_kept && error.is_canceled() => continue,
                Err(error) => {
                    let first = connection.first_response.text();
                    return Err(Failure::Request(go_text::of_hyper(&error, &connection.ends, &first)));
                }
            };
            let (head, body) = response.into_parts();
            let body = timeout_at(limit, body.collect())
                .await
                .map_err(|_| Failure::Body(go_text::DEADLINE.to_owned()))?
                .map_err(|error| Failure::Body(go_text::of_hyper_body(&error, &connection.ends)))?
                .to_bytes();
            let mut idle = lock(&self.idle);
            if idle.len() < IDLE {
                idle.push(connection);
            }
            return Ok(Reply { status: head.status, headers: head.headers, body });
        }
    }

    /// A kept connection that can take a request.
    async fn kept(&self, limit: Instant) -> Option<Connection> {
        loop {
            let mut connection = lock(&self.idle).pop()?;
            if matches!(timeout_at(limit, connection.sender.ready()).await, Ok(Ok(()))) {
                return Some(connection);
            }
        }
    }
}

impl Prepared {
    /// # Source
    /// apiserver v0.36.3 `util/webhook/client.go` `hookClientConfig`
    fn new(config: &ClientConfig, endpoints: &[ServiceEndpoint]) -> Result<Self, String> {
        let (authority, path, server_name, destination) = match &config.target {
            Target::Url(url) => split(url)?,
            Target::Service { namespace, name, path, port } => {
                let host = format!("{name}.{namespace}.svc");
                let endpoint = endpoints.iter().find(|endpoint| {
                    endpoint.namespace == *namespace && endpoint.name == *name && endpoint.port == *port
                });
                let destination = Destination::Service {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    endpoint: endpoint.map(|endpoint| endpoint.address),
                };
                (format!("{host}:{port}"), path.clone(), host, destination)
            }
            Target::None => return Err("webhook configuration must have either service or URL".to_owned()),
        };
        let path = clean(&path);
        Ok(Self { path, authority, server_name, destination, tls: tls::config(&config.ca_bundle)? })
    }

    fn request(&self, hop: &Hop, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        let body = if hop.method == Method::POST { body } else { Bytes::new() };
        Request::builder()
            .method(hop.method.clone())
            .uri(&hop.path)
            .header(header::HOST, &self.authority)
            .header(header::USER_AGENT, "kube-apiserver-admission")
            .header(header::ACCEPT, "application/json, */*")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| error.to_string())
    }
}

/// Host, path, name and destination of a `url`.
fn split(url: &str) -> Result<(String, String, String, Destination), String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("Unparsable URL: {error}"))?;
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let destination = Destination::Host { host: host.clone(), port: uri.port_u16().unwrap_or(443) };
    Ok((authority, uri.path().to_owned(), host, destination))
}

/// Go's `path.Join("/", path)`: no doubled or trailing slash, no dots.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

/// How long the webhook asks to wait.
///
/// # Source
/// client-go v0.36.3 `rest/with_retry.go` `checkWait`
fn retry_after(reply: &Reply) -> Option<Duration> {
    if reply.status != StatusCode::TOO_MANY_REQUESTS && !reply.status.is_server_error() {
        return None;
    }
    reply.headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// Whether the Service exists, for the error that says what is missing.
fn service_exists(cluster: &Simulator, namespace: &str, name: &str) -> bool {
    cluster.store().get(&Key::new("services", namespace, name)).is_some()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("/webhooks/x", "/webhooks/x")]
    #[case::none("", "/")]
    #[case::trailing("/a/", "/a")]
    #[case::dots("/a/../b//c", "/b/c")]
    fn joins_paths_as_go_does(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(clean(path), expected);
    }
}
