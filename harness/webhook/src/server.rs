//! The HTTPS server: from a request for one to its end.

mod connection;
mod proxy;
mod routes;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    certificate::ReloadingCertificate,
    metrics::Metrics,
    record::Recorder,
    review::Reviewer,
    upstream::{Forwarder, Upstream},
};

/// How long one may take over what; a client that takes longer is cut off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) handshake: Duration,
    pub(crate) header: Duration,
    pub(crate) body: Duration,
    pub(crate) upstream: Duration,
    pub(crate) drain: Duration,
}

impl Default for Limits {
    /// # Source
    /// `header`: controller-runtime v0.24.1 `pkg/internal/httpserver/server.go`; `upstream`: the longest that a
    /// registration's `timeoutSeconds` may be; the others are ours.
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(32),
            body: Duration::from_secs(10),
            upstream: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// A server that shall be.
#[derive(Debug)]
#[must_use]
pub struct WebhookRequest {
    tls: Arc<ServerConfig>,
    reviewer: Reviewer,
    gate: bool,
    upstream: Option<Upstream>,
    recorder: Option<Arc<Recorder>>,
    records_endpoint: bool,
    reloading: Option<(Arc<ReloadingCertificate>, Duration)>,
    limits: Limits,
}

/// A server that cannot be started or ended badly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Some connections did not end in time and were cut off.
    #[error("drain connections within {} s: {connections} were cut off", limit.as_secs())]
    Drain {
        /// How many.
        connections: usize,
        /// The time they were given.
        limit: Duration,
    },
}

impl WebhookRequest {
    /// A server with `tls`, which any number of servers may share; it behaves as the newest Gardener release does.
    pub fn new(tls: Arc<ServerConfig>) -> Self {
        Self {
            tls,
            reviewer: Reviewer::default(),
            gate: true,
            upstream: None,
            recorder: None,
            records_endpoint: false,
            reloading: None,
            limits: Limits::default(),
        }
    }

    /// How it answers.
    pub fn with_reviewer(mut self, reviewer: Reviewer) -> Self {
        self.reviewer = reviewer;
        self
    }

    /// Whether `DefaultSeccompProfile` is on; without it, the webhook's path is not found.
    pub fn with_gate(mut self, gate: bool) -> Self {
        self.gate = gate;
        self
    }

    /// Keeps every review.
    pub fn with_recorder(mut self, recorder: Arc<Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Serves the recorder's reviews under `/records?namespace=NAME`: a GET gives those of one namespace as a JSON array,
    /// and takes them out.
    ///
    /// Whoever reaches the server may do so, without proof of who they are: for tests alone. Without
    /// [`WebhookRequest::with_recorder`], a recorder is made.
    pub fn with_records_endpoint(mut self) -> Self {
        self.records_endpoint = true;
        self
    }

    /// Answers nothing itself: reviews go to `upstream` as they are, and its answers come back as they are.
    ///
    /// Where it cannot be asked, the answer is a 502 that says why. A recorder keeps both, as of one's own webhook.
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(upstream);
        self
    }

    /// How long the upstream may take.
    pub fn with_upstream_timeout(mut self, limit: Duration) -> Self {
        self.limits.upstream = limit;
        self
    }

    /// Looks for a new certificate so often.
    pub fn with_reloading(mut self, certificate: Arc<ReloadingCertificate>, every: Duration) -> Self {
        self.reloading = Some((certificate, every));
        self
    }

    /// How long a TLS handshake may take.
    pub fn with_handshake_timeout(mut self, limit: Duration) -> Self {
        self.limits.handshake = limit;
        self
    }

    /// How long a request's head may take, or the next one on a connection.
    pub fn with_header_timeout(mut self, limit: Duration) -> Self {
        self.limits.header = limit;
        self
    }

    /// How long a request's body may take.
    pub fn with_body_timeout(mut self, limit: Duration) -> Self {
        self.limits.body = limit;
        self
    }

    /// How long [`Running::shutdown`] waits for what is being answered.
    pub fn with_drain_timeout(mut self, limit: Duration) -> Self {
        self.limits.drain = limit;
        self
    }

    /// Listens; port 0 takes one that is free.
    ///
    /// # Errors
    /// `ServerError::Listen`: the address is taken or not ours.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn bind(self, address: SocketAddr) -> Result<Bound, ServerError> {
        let listen = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((TcpListener::from_std(listener)?, address))
        };
        let (listener, address) = listen().map_err(|source| ServerError::Listen { address, source })?;
        Ok(Bound { request: self, listener, address })
    }
}

/// A server that listens; connections wait until it serves.
#[derive(Debug)]
#[must_use]
pub struct Bound {
    request: WebhookRequest,
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Starts to answer.
    pub fn serve(self) -> Running {
        let WebhookRequest { tls, reviewer, gate, upstream, recorder, records_endpoint, reloading, limits } =
            self.request;
        let recorder = recorder.or_else(|| records_endpoint.then(Arc::default));
        let shared = Arc::new(Shared {
            reviewer,
            upstream: upstream.map(Forwarder::new),
            gate: AtomicBool::new(gate),
            draining: AtomicBool::new(false),
            recorder,
            records_endpoint,
            metrics: Metrics::default(),
            limits,
        });
        let drain = CancellationToken::new();
        let cut = CancellationToken::new();
        let connections = TaskTracker::new();
        let accepting = tokio::spawn(connection::accept(connection::Accepting {
            listener: self.listener,
            tls: tls.into(),
            shared: Arc::clone(&shared),
            drain: drain.clone(),
            cut: cut.clone(),
            connections: connections.clone(),
        }));
        let watching = reloading.map(|(certificate, every)| tokio::spawn(certificate.watch(every)));
        Running { address: self.address, shared, drain, cut, connections, accepting, watching }
    }
}

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reviewer: Reviewer,
    /// Who answers instead of the reviewer.
    pub(crate) upstream: Option<Forwarder>,
    pub(crate) gate: AtomicBool,
    pub(crate) draining: AtomicBool,
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) records_endpoint: bool,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
}

/// A running server. Dropping it cuts everything off; [`Running::shutdown`] lets what has begun come to its end.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    drain: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
    accepting: JoinHandle<()>,
    watching: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of the webhook itself, for a registration by URL.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.address, crate::WEBHOOK_PATH)
    }

    /// What was counted.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Turns `DefaultSeccompProfile` on or off for every review from now on.
    pub fn set_gate(&self, gate: bool) {
        self.shared.gate.store(gate, Ordering::Relaxed);
    }

    /// Takes no new connection, and ends when what is being answered is answered.
    ///
    /// # Errors
    /// `ServerError::Drain`: some connections took longer than the drain timeout, and were cut off.
    pub async fn shutdown(mut self) -> Result<(), ServerError> {
        self.shared.draining.store(true, Ordering::Relaxed);
        self.drain.cancel();
        // After the loop's end no connection can come on top; it ends by return alone, so there is no error to report.
        let _ = (&mut self.accepting).await;
        self.connections.close();
        let limit = self.shared.limits.drain;
        if tokio::time::timeout(limit, self.connections.wait()).await.is_ok() {
            return Ok(());
        }
        let connections = self.connections.len();
        self.cut.cancel();
        self.connections.wait().await;
        Err(ServerError::Drain { connections, limit })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cut.cancel();
        self.accepting.abort();
        if let Some(watching) = &self.watching {
            watching.abort();
        }
    }
}
