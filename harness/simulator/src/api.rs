//! Requests in, responses out.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};

use crate::cluster::Simulator;

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
    type Response = Response<BoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<B>) -> Self::Future {
        let _cluster = self.cluster.clone();
        Box::pin(async { Ok(Response::new(Full::new(Bytes::new()).boxed())) })
    }
}
