//! Certificates: one made for a run, or a pair of files that is read again when it changes.

mod files;

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::ResolvesServerCert,
    sign::CertifiedKey,
};

pub use files::{CertificateFiles, Reload, ReloadingCertificate};

/// A certificate that cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A name that is no DNS name or address, or a key that could not be made.
    #[error("make a certificate")]
    Make(#[source] rcgen::Error),
    /// A file that cannot be read.
    #[error("read certificate file `{path}`")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file without a certificate or key in PEM form.
    #[error("read PEM from `{path}`")]
    Pem {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate and a key that do not belong together, or are of a kind that is not served.
    #[error("serve with certificate and key")]
    Use(#[source] rustls::Error),
}

/// A serving certificate and the certificate authority that signed it, both made for one run.
#[derive(Debug)]
pub struct ServingCertificate {
    ca_bundle: String,
    certificate_pem: String,
    key_pem: String,
    config: Arc<ServerConfig>,
}

impl ServingCertificate {
    /// Makes an authority and a certificate for `names`, which are DNS names or IP addresses.
    ///
    /// # Errors
    /// `CertificateError::Make`: a name is neither.
    pub fn for_run(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, CertificateError> {
        let (authority, authority_pem) = authority().map_err(CertificateError::Make)?;
        let key = KeyPair::generate().map_err(CertificateError::Make)?;
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let certificate = serving(names, &key, &authority).map_err(CertificateError::Make)?;
        let chain = vec![certificate.der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let resolver = FixedCertificate(certified(chain, private).map_err(CertificateError::Use)?);
        Ok(Self {
            ca_bundle: authority_pem,
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            config: server_config(Arc::new(resolver)).map_err(CertificateError::Use)?,
        })
    }

    /// The authority's certificate in PEM form: what a registration's `caBundle` is made of.
    pub fn ca_bundle(&self) -> &str {
        &self.ca_bundle
    }

    /// The certificate in PEM form, as `tls.crt` holds it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The key in PEM form, as `tls.key` holds it.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// What any number of servers share.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "seccomp-harness");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn serving(
    names: Vec<String>,
    key: &KeyPair,
    authority: &Issuer<'static, KeyPair>,
) -> Result<rcgen::Certificate, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "gardener-resource-manager");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.signed_by(key, authority)
}

/// Checks that chain and key belong together.
fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map(Arc::new)
}

fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct FixedCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for FixedCertificate {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
