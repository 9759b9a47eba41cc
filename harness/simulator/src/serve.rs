//! Serving a cluster over TLS, for kubectl and other clients.

use std::{io, net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{api::ApiService, cluster::Simulator};

/// Why a cluster cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("make the certificate of the simulated API server")]
    Certificate(#[from] rcgen::Error),
    /// The certificate does not fit its key, or the like.
    #[error("set up TLS for the simulated API server")]
    Tls(#[from] rustls::Error),
    /// The server ended by itself.
    #[error("the simulated API server has stopped")]
    Stopped(#[source] tokio::task::JoinError),
}

/// A cluster that is being served; ends when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Serving {
    address: SocketAddr,
    ca_pem: String,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Serves this cluster over TLS; port 0 takes a free one.
    ///
    /// Every client is the cluster's administrator: the token in the kubeconfig is there because clients want one.
    ///
    /// # Errors
    /// [`ServeError`]: the address is taken, or no certificate could be made for it.
    pub async fn serve(&self, address: SocketAddr) -> Result<Serving, ServeError> {
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let bound = listener.local_addr().map_err(listen)?;
        let (config, ca_pem) = tls(bound)?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), self.service(), stop.clone()));
        Ok(Serving { address: bound, ca_pem, stop, task: Some(task) })
    }
}

impl Serving {
    /// Where the cluster is served.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority of the server's certificate, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A kubeconfig, in JSON (which is YAML), with everything that a client needs.
    pub fn kubeconfig(&self) -> String {
        let host = if self.address.ip().is_unspecified() {
            SocketAddr::new([127, 0, 0, 1].into(), self.address.port())
        } else {
            self.address
        };
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": NAME, "cluster": {
                "server": format!("https://{host}"),
                "certificate-authority-data": STANDARD.encode(&self.ca_pem),
            }}],
            "users": [{"name": NAME, "user": {"token": NAME}}],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
            "current-context": NAME,
        });
        format!("{config:#}\n")
    }

    /// Stops taking connections and ends those that are open.
    ///
    /// # Errors
    /// [`ServeError::Stopped`]: the server had ended before, by a fault of its own.
    pub async fn shutdown(mut self) -> Result<(), ServeError> {
        self.stop.cancel();
        match self.task.take() {
            Some(task) => task.await.map_err(ServeError::Stopped),
            None => Ok(()),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// The name of cluster, user and context in the kubeconfig.
const NAME: &str = "kube-simulator";

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, service: ApiService, stop: CancellationToken) {
    // Dropped at the end, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, acceptor.clone(), service.clone()));
                }
                Err(error) => tracing::warn!(%error, "cannot accept a connection"),
            },
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, service: ApiService) {
    // An answer is small and waited for.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot send without delay");
    }
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "no TLS session");
            return;
        }
    };
    let service = TowerToHyperService::new(service);
    let server = Builder::new(TokioExecutor::new());
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A certificate authority of its own and a certificate for this address.
fn tls(address: SocketAddr) -> Result<(ServerConfig, String), ServeError> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name = named("kube-simulator-ca");
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate()?;
    let mut names = vec!["localhost".to_owned(), "kubernetes".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let own = address.ip().to_string();
    if !names.contains(&own) {
        names.push(own);
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("kube-apiserver");
    let certificate = params.signed_by(&key, &issuer)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, ca_pem))
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
