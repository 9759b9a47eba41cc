//! The HTTPS server: from a request for one to its end.

mod connection;
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

use crate::{certificate::ReloadingCertificate, metrics::Metrics, record::Recorder, review::Reviewer};

/// How long one may take over what; a client that takes longer is cut off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) handshake: Duration,
    pub(crate) header: Duration,
    pub(crate) body: Duration,
    pub(crate) drain: Duration,
}

impl Default for Limits {
    /// # Source
    /// `header`: controller-runtime v0.24.1 `pkg/internal/httpserver/server.go`; the others are ours.
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(32),
            body: Duration::from_secs(10),
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
    recorder: Option<Arc<Recorder>>,
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
            recorder: None,
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
        let WebhookRequest { tls, reviewer, gate, recorder, reloading, limits } = self.request;
        let shared = Arc::new(Shared {
            reviewer,
            gate: AtomicBool::new(gate),
            draining: AtomicBool::new(false),
            recorder,
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
    pub(crate) gate: AtomicBool,
    pub(crate) draining: AtomicBool,
    pub(crate) recorder: Option<Arc<Recorder>>,
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
