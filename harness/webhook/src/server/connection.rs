//! Connections: accepted, shaken hands with, served and drained.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Shared, routes::router};

/// All that the accept loop needs.
pub(super) struct Accepting {
    pub(super) listener: TcpListener,
    pub(super) tls: TlsAcceptor,
    pub(super) shared: Arc<Shared>,
    /// No new connection, and no new request on those that are there.
    pub(super) drain: CancellationToken,
    /// The end of every connection, whatever it does.
    pub(super) cut: CancellationToken,
    pub(super) connections: TaskTracker,
}

/// After an error that every accept would meet again, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts until drained.
pub(super) async fn accept(accepting: Accepting) {
    let Accepting { listener, tls, shared, drain, cut, connections } = accepting;
    let service = TowerToHyperService::new(router(Arc::clone(&shared)));
    let limits = shared.limits;
    loop {
        let accepted = tokio::select! {
            biased;
            () = drain.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection was not accepted");
                // Only the end of the server is worth waiting for here; when the time is over, the next try.
                let _ = tokio::time::timeout(PAUSE, drain.cancelled()).await;
                continue;
            }
        };
        let (tls, service, drain, cut) = (tls.clone(), service.clone(), drain.clone(), cut.clone());
        connections.spawn(async move {
            let serving = serve(stream, tls, service, limits, drain);
            tokio::select! {
                () = cut.cancelled() => {}
                () = serving => {}
            }
        });
    }
}

async fn serve(
    stream: TcpStream,
    tls: TlsAcceptor,
    service: TowerToHyperService<axum::Router>,
    limits: super::Limits,
    drain: CancellationToken,
) {
    // Without it, answers wait for acknowledgements; a socket that refuses it still works.
    let _ = stream.set_nodelay(true);
    let shaken = tokio::select! {
        () = drain.cancelled() => return,
        shaken = tokio::time::timeout(limits.handshake, tls.accept(stream)) => shaken,
    };
    let stream = match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            return;
        }
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(limits.header).keep_alive_timeout(limits.header);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &*error, "a connection ended early");
    }
}
