//! A foreign webhook behind this server: what it is asked and what it answers passes unchanged, and is recorded.

mod forward;
mod reading;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject as _},
};

pub(crate) use forward::Forwarder;
pub(crate) use reading::read;

use crate::registration::WEBHOOK_PATH;

/// More than any server answers to somebody who asks for nothing.
const GREETING_BYTES: usize = 64 * 1024;

/// A foreign webhook, and how it is known to be the right one.
#[derive(Clone, Debug)]
#[must_use = "an upstream is asked by a server"]
pub struct Upstream {
    url: Uri,
    tls: ClientConfig,
    name: Option<ServerName<'static>>,
}

/// An upstream that can never be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// An address that is none, or is not HTTPS.
    #[error("read upstream `{url}`: expected https://HOST:PORT/PATH")]
    Url {
        /// The address.
        url: String,
    },
    /// An authority that is no certificate in PEM form.
    #[error("read the upstream's certificate authority")]
    Authority(#[source] rustls::pki_types::pem::Error),
    /// An authority that cannot be trusted, or cryptography that lacks what TLS needs.
    #[error("trust the upstream's certificate authority")]
    Trust(#[source] rustls::Error),
    /// A name that no certificate can be for.
    #[error("read the upstream's name `{name}`")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: InvalidDnsNameError,
    },
    /// A webhook that is not there, or not the one that is trusted.
    #[error("reach the webhook: {reason}")]
    Unreachable {
        /// The address, and what went wrong.
        reason: String,
    },
}

impl Upstream {
    /// The webhook at `url`, whose certificate one of the authorities in `ca_bundle` must have signed.
    ///
    /// # Shape
    /// `url`: `https://HOST:PORT/PATH`; without a path, Gardener's. `ca_bundle`: PEM
    ///
    /// # Errors
    /// `Url`: the address is none; `Authority`, `Trust`: the authority is none.
    pub fn new(url: &str, ca_bundle: &str) -> Result<Self, UpstreamError> {
        let no_url = || UpstreamError::Url { url: url.to_owned() };
        let parsed: Uri = url.parse().map_err(|_| no_url())?;
        if parsed.scheme_str() != Some("https") || parsed.query().is_some() {
            return Err(no_url());
        }
        let mut parts = parsed.into_parts();
        if parts.path_and_query.as_ref().is_none_or(|path| path == "/") {
            parts.path_and_query = Some(http::uri::PathAndQuery::from_static(WEBHOOK_PATH));
        }
        let url = Uri::from_parts(parts).map_err(|_| no_url())?;
        Ok(Self { url, tls: trusting(ca_bundle)?, name: None })
    }

    /// Expects the certificate to be for `name` instead of the address's host.
    ///
    /// A webhook beside this server is reached at a loopback address, and its certificate is for its Service's name.
    ///
    /// # Errors
    /// `Name`: it is neither a DNS name nor an IP address.
    pub fn with_name(mut self, name: &str) -> Result<Self, UpstreamError> {
        let parsed = ServerName::try_from(name.to_owned());
        self.name = Some(parsed.map_err(|source| UpstreamError::Name { name: name.to_owned(), source })?);
        Ok(self)
    }

    /// Sees that a server is there that is trusted and speaks HTTP, whatever it answers to a request that is no review.
    ///
    /// # Errors
    /// `Unreachable`: there is none, it has another certificate, or it takes longer than `limit`.
    pub async fn reach(&self, limit: Duration) -> Result<(), UpstreamError> {
        let (head, ()) = Request::new(()).into_parts();
        let greeted = Forwarder::new(self.clone()).forward(&head, Bytes::new(), limit, GREETING_BYTES).await;
        greeted.map(drop).map_err(|error| UpstreamError::Unreachable { reason: error.to_string() })
    }

    /// The webhook's address.
    pub fn url(&self) -> String {
        self.url.to_string()
    }
}

fn trusting(ca_bundle: &str) -> Result<ClientConfig, UpstreamError> {
    let authorities = CertificateDer::pem_slice_iter(ca_bundle.as_bytes()).collect::<Result<Vec<_>, _>>();
    let authorities = authorities.map_err(UpstreamError::Authority)?;
    if authorities.is_empty() {
        return Err(UpstreamError::Authority(rustls::pki_types::pem::Error::NoItemsFound));
    }
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(UpstreamError::Trust)?;
    }
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(UpstreamError::Trust)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::certificate::ServingCertificate;

    #[rstest]
    #[case::with_a_path("https://127.0.0.1:10250/hook", "https://127.0.0.1:10250/hook")]
    #[case::without_a_path("https://[::1]:10250", "https://[::1]:10250/webhooks/seccomp-profile")]
    #[case::the_root("https://webhook.garden.svc/", "https://webhook.garden.svc/webhooks/seccomp-profile")]
    fn takes_gardeners_path_where_none_is_named(#[case] url: &str, #[case] taken: &str) {
        let certificate = ServingCertificate::for_run(["localhost"]).unwrap();
        assert_eq!(Upstream::new(url, certificate.ca_bundle()).unwrap().url(), taken);
    }

    #[rstest]
    fn rejects_what_cannot_be_asked(
        #[values("", "/path", "http://127.0.0.1:1/", "127.0.0.1:1", "https://host/path?a=b")] url: &str,
    ) {
        let certificate = ServingCertificate::for_run(["localhost"]).unwrap();
        assert!(matches!(Upstream::new(url, certificate.ca_bundle()), Err(UpstreamError::Url { .. })), "{url}");
    }

    #[test]
    fn rejects_authorities_and_names_that_are_none() {
        let url = "https://127.0.0.1:1";
        assert!(matches!(Upstream::new(url, "no PEM"), Err(UpstreamError::Authority(_))));
        let certificate = ServingCertificate::for_run(["localhost"]).unwrap();
        let named = Upstream::new(url, certificate.ca_bundle()).unwrap().with_name("a name");
        assert!(matches!(named, Err(UpstreamError::Name { .. })));
    }
}
