//! Dialing and the TLS handshake.

use std::net::SocketAddr;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::{Connection, Destination, Prepared, go_text, service_exists, sniffed::Sniffed};
use crate::{cluster::Simulator, minor::Minor};

/// Opens a connection; the error is in Go's words.
pub(super) async fn connect(minor: Minor, cluster: &Simulator, prepared: &Prepared) -> Result<Connection, String> {
    let (stream, address) = dial(cluster, &prepared.destination).await?;
    let local = stream.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let name = ServerName::try_from(prepared.server_name.clone()).map_err(|_| {
        format!("x509: certificate is not valid for any names, but wanted to match {}", prepared.server_name)
    })?;
    let ends = format!("{local}->{address}");
    let sniffed = Sniffed::new(stream);
    let first_record = sniffed.first();
    let connector = TlsConnector::from(prepared.tls.clone());
    let stream = match connector.connect(name, sniffed).into_fallible().await {
        Ok(stream) => stream,
        Err((error, _)) => {
            let first = first_record.text();
            return Err(go_text::of_handshake(minor, &error, &first, &ends, &prepared.server_name));
        }
    };
    let stream = Sniffed::new(stream);
    let first_response = stream.first();
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| go_text::of_hyper(&error, &ends, &first_response.text()))?;
    // Ends when the sender is dropped, that is with the client at the latest.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "webhook connection ended");
        }
    });
    Ok(Connection { sender, ends, first_response })
}

async fn dial(cluster: &Simulator, destination: &Destination) -> Result<(TcpStream, SocketAddr), String> {
    let addresses: Vec<SocketAddr> = match destination {
        Destination::Host { host, port } => lookup_host((host.as_str(), *port))
            .await
            .map_err(|_| format!("dial tcp: lookup {host}: no such host"))?
            .collect(),
        Destination::Service { endpoint: Some(address), .. } => vec![*address],
        Destination::Service { namespace, name, endpoint: None } => {
            return Err(if service_exists(cluster, namespace, name) {
                format!("no endpoints available for service {name:?}")
            } else {
                format!("service {name:?} not found")
            });
        }
    };
    let mut first_error = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Reviews are small and sent whole: waiting for more would only cost time.
                stream.set_nodelay(true).map_err(|error| go_text::of_dial(address, &error))?;
                return Ok((stream, address));
            }
            Err(error) => {
                first_error.get_or_insert_with(|| go_text::of_dial(address, &error));
            }
        }
    }
    Err(first_error.unwrap_or_else(|| "dial tcp: missing address".to_owned()))
}
