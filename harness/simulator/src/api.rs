//! Requests in, responses out.
//!
//! ```text
//! route (path -> what) -> negotiate (Accept, Content-Type) -> read | write | watch | discovery -> respond
//! ```

mod body;
mod discovery;
mod list_options;
mod negotiate;
mod openapi;
mod patch;
mod pod;
mod present;
mod query;
mod read;
mod respond;
mod route;
mod selector;
mod table;
mod watch;
mod write;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, header, request::Parts};
use http_body_util::combinators::UnsyncBoxBody;

use self::{
    body::BodyError,
    negotiate::Accept,
    query::Query,
    respond::Reply,
    route::{Route, Verb},
};
use crate::{admission::UserInfo, cluster::Simulator, registry::Target, status::Status};

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The API server as a `tower::Service`.
#[derive(Clone, Debug)]
pub struct ApiService {
    cluster: Simulator,
}

impl ApiService {
    pub(crate) fn new(cluster: Simulator) -> Self {
        Self { cluster }
    }
}

impl<B> tower::Service<Request<B>> for ApiService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let cluster = self.cluster.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body::read(body).await;
            Ok(answer(&cluster, &parts, body).await)
        })
    }
}

/// One request about a resource, as the handlers see it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) cluster: &'a Simulator,
    pub(crate) parts: &'a Parts,
    pub(crate) target: Target,
    pub(crate) query: Query,
    pub(crate) accept: Accept,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    /// Who asks: whoever comes without credentials is the cluster's administrator, and may act as anyone else.
    pub(crate) fn user(&self) -> UserInfo {
        let texts = |name: &str| {
            let values = self.parts.headers.get_all(name).iter();
            values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect::<Vec<_>>()
        };
        let Some(username) = texts("impersonate-user").into_iter().next() else {
            return UserInfo {
                username: "kubernetes-admin".to_owned(),
                uid: String::new(),
                groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
                extra: None,
            };
        };
        let mut groups = texts("impersonate-group");
        groups.push("system:authenticated".to_owned());
        let uid = texts("impersonate-uid").into_iter().next().unwrap_or_default();
        UserInfo { username, uid, groups, extra: None }
    }

    /// A header's text, empty where it is not there.
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn answer(cluster: &Simulator, parts: &Parts, body: Result<Bytes, BodyError>) -> Response<Body> {
    let audit_id = cluster.identities().uid();
    let mut response = match Box::pin(dispatch(cluster, parts, body)).await {
        Ok(reply) => reply.into_response(),
        Err(status) => respond::failure(&status),
    };
    respond::add_common_headers(response.headers_mut(), &audit_id);
    response
}

async fn dispatch(cluster: &Simulator, parts: &Parts, body: Result<Bytes, BodyError>) -> Result<Reply, Status> {
    let (target, verb, query) = match route::find(cluster.minor(), parts)? {
        Route::Resource { target, verb, query } => (target, verb, query),
        Route::Other(reply) => return Ok(reply),
        Route::Unknown => return Ok(Reply::text(404, "404 page not found\n")),
    };
    // A log is text, whatever the client would like.
    let accept = if target.subresource == "log" {
        Accept::default()
    } else {
        Accept::parse(cluster.minor(), &parts.headers, matches!(verb, Verb::List | Verb::Watch))?
    };
    let body = body.map_err(BodyError::into_status)?;
    let call = Call { cluster, parts, target, query, accept, body };
    match (verb, call.target.subresource.as_str()) {
        (Verb::Get, "log") => pod::log(&call),
        (Verb::Create, "binding") => pod::bind(&call).await,
        (Verb::Create, "eviction") => pod::evict(&call).await,
        (verb, _) => plain(verb, &call).await,
    }
}

/// What every resource can do.
async fn plain(verb: Verb, call: &Call<'_>) -> Result<Reply, Status> {
    match verb {
        Verb::Get => read::get(call),
        Verb::List => read::list(call),
        Verb::Create => write::create(call).await,
        Verb::Delete => write::delete(call).await,
        Verb::Update => write::update(call).await,
        Verb::Patch => patch::patch(call).await,
        Verb::Watch => watch::watch(call),
        Verb::DeleteCollection => write::delete_collection(call).await,
    }
}
