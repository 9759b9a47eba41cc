//! Whom a client trusts.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::super::lock;

/// Settings by `caBundle`; a run has thousands of clusters that trust the same few.
static CONFIGS: LazyLock<Mutex<HashMap<Vec<u8>, Arc<ClientConfig>>>> = LazyLock::new(Mutex::default);

/// How many settings are kept before all are forgotten.
const KEPT: usize = 256;

/// TLS as an API server speaks it to a webhook: HTTP/1.1 only, no resumption.
///
/// Without a `caBundle` nobody is trusted: this simulator has no system roots.
///
/// # Errors
/// A bundle that holds no certificate, in the words of client-go.
pub(super) fn config(ca_bundle: &[u8]) -> Result<Arc<ClientConfig>, String> {
    if let Some(config) = lock(&CONFIGS).get(ca_bundle) {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(build(ca_bundle)?);
    let mut configs = lock(&CONFIGS);
    if configs.len() >= KEPT {
        configs.clear();
    }
    configs.insert(ca_bundle.to_vec(), Arc::clone(&config));
    Ok(config)
}

fn build(ca_bundle: &[u8]) -> Result<ClientConfig, String> {
    let unreadable = || "unable to load root certificates: unable to parse bytes as PEM block".to_owned();
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(ca_bundle).filter_map(Result::ok).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    if roots.is_empty() && !ca_bundle.is_empty() {
        return Err(unreadable());
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = if roots.is_empty() {
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| error.to_string())?;
        let verifier = Arc::new(GoVerifier { webpki, trusted: certificates });
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // An API server checks the certificate on each connection, and so does this client.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Verifies as Go does: a certificate that is in the bundle itself is trusted, a CA's own certificate included.
#[derive(Debug)]
struct GoVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for GoVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The validity was looked at before this is found, the name was not.
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(_))))
                if self.trusted.iter().any(|trusted| trusted == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            // An authority of the right name, but not the one that signed.
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                let hint = self.trusted.first().map(|candidate| UnknownAuthority::of(candidate)).unwrap_or_default();
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(hint)))))
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Nobody trusted has signed, though somebody trusted has the signer's name.
#[derive(Debug, Default, thiserror::Error)]
#[error(
    "x509: certificate signed by unknown authority (possibly because of \"{failure}\" while trying to verify candidate \
     authority certificate {name:?})"
)]
pub(super) struct UnknownAuthority {
    failure: &'static str,
    name: String,
}

impl UnknownAuthority {
    /// # Source
    /// Go 1.22 `crypto/x509/verify.go` `UnknownAuthorityError.Error`, `crypto/x509/x509.go` `checkSignature`
    fn of(candidate: &CertificateDer<'_>) -> Self {
        let failure = if contains(candidate, EC_PUBLIC_KEY) {
            "x509: ECDSA verification failure"
        } else if contains(candidate, ED25519) {
            "x509: Ed25519 verification failure"
        } else {
            "crypto/rsa: verification error"
        };
        Self { failure, name: common_name(candidate) }
    }
}

/// `1.2.840.10045.2.1`, encoded.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `1.3.101.112`, encoded, with its tag and length.
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// `2.5.4.3`, encoded, with its tag and length.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

fn contains(certificate: &[u8], identifier: &[u8]) -> bool {
    certificate.windows(identifier.len()).any(|window| window == identifier)
}

/// The subject's common name: the last one of a certificate, as the issuer's comes first.
fn common_name(certificate: &[u8]) -> String {
    let found = certificate.windows(COMMON_NAME.len()).rposition(|window| window == COMMON_NAME);
    let name = found.and_then(|at| {
        let value = certificate.get(at + COMMON_NAME.len()..)?;
        let length = usize::from(*value.get(1)?);
        value.get(2..2 + length)
    });
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}
