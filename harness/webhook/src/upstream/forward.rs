//! One request's way to the upstream and back.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, Uri, header, request, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::Upstream;

/// What belongs to one connection, and so is never handed on.
///
/// # Source
/// RFC 9110 section 7.6.1; Go `net/http/httputil/reverseproxy.go` `hopHeaders`
const OF_THE_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Shorter than the 90 s after which Go's servers close an idle connection, so that none is used that is just closing.
const IDLE: Duration = Duration::from_secs(30);

/// Why an upstream gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    #[error("the upstream {url} could not be asked: {reason}")]
    Failed { url: Uri, reason: String },
    #[error("the upstream {url} did not answer within {} s", limit.as_secs_f64())]
    TimedOut { url: Uri, limit: Duration },
    #[error("the upstream {url} answered with more than {limit} bytes")]
    TooLarge { url: Uri, limit: usize },
}

/// Asks the upstream over connections that are kept for the next request.
#[derive(Debug)]
pub(crate) struct Forwarder {
    url: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Forwarder {
    pub(crate) fn new(upstream: Upstream) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let builder = HttpsConnectorBuilder::new().with_tls_config(upstream.tls).https_only();
        let builder = match upstream.name {
            Some(name) => builder.with_server_name_resolver(FixedServerNameResolver::new(name)),
            None => builder,
        };
        let connector = builder.enable_all_versions().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { url: upstream.url, client }
    }

    /// Hands a request on, and gives back the answer with what belongs to the connection taken off.
    pub(crate) async fn forward(
        &self,
        head: &request::Parts,
        body: Bytes,
        time: Duration,
        bytes: usize,
    ) -> Result<Response<Bytes>, ForwardError> {
        let asking = self.ask(head, body, bytes);
        let answered = tokio::time::timeout(time, asking).await;
        answered.unwrap_or_else(|_| Err(ForwardError::TimedOut { url: self.url.clone(), limit: time }))
    }

    async fn ask(&self, head: &request::Parts, body: Bytes, limit: usize) -> Result<Response<Bytes>, ForwardError> {
        let failed = |error: &dyn Error| ForwardError::Failed { url: self.url.clone(), reason: chain(error) };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = self.with_query(head.uri.query());
        *request.headers_mut() = head.headers.clone();
        strip(request.headers_mut());
        // The upstream's own name and port, and an answer that can be read and recorded.
        request.headers_mut().remove(header::HOST);
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        let answer = self.client.request(request).await.map_err(|error| failed(&error))?;
        let (mut head, body) = answer.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return ForwardError::TooLarge { url: self.url.clone(), limit };
            }
            failed(&*error)
        })?;
        strip(&mut head.headers);
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// The upstream's address with the query of the request: the API server tells its timeout by it.
    fn with_query(&self, query: Option<&str>) -> Uri {
        let mut parts = self.url.clone().into_parts();
        if let Some(query) = query
            && let Ok(path) = PathAndQuery::try_from(format!("{}?{query}", self.url.path()))
        {
            parts.path_and_query = Some(path);
        }
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in OF_THE_CONNECTION.into_iter().chain(named) {
        headers.remove(name);
    }
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Some errors repeat what they wrap.
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
        source = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_is_not_handed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
            ("user-agent", "kube-apiserver-admission"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-type", "user-agent"]);
    }
}
