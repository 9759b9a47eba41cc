//! A certificate and its key in files that are replaced while the server runs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::sync::watch;

use super::{CertificateError, certified, server_config};

/// Where certificate and key stand, both in PEM form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFiles {
    /// The certificate, followed by those between it and the authority if any.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// They hold what is in use already.
    Unchanged,
    /// They held something new, which is in use now.
    Reloaded,
}

/// Serves the pair in two files; a pair that is bad never replaces one that is good.
#[derive(Debug)]
pub struct ReloadingCertificate {
    files: CertificateFiles,
    /// What the files held when they were last read, good or bad, so that a bad pair is reported once.
    seen: Mutex<Contents>,
    current: RwLock<Arc<CertifiedKey>>,
    reloads: watch::Sender<u64>,
}

#[derive(Debug, Eq, PartialEq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl ReloadingCertificate {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// `Read`: a file is missing; `Pem`: a file holds no PEM; `Use`: the two do not belong together.
    pub fn load(files: CertificateFiles) -> Result<Arc<Self>, CertificateError> {
        let contents = Contents::read(&files)?;
        let current = contents.certified(&files)?;
        Ok(Arc::new(Self {
            files,
            seen: Mutex::new(contents),
            current: RwLock::new(current),
            reloads: watch::Sender::new(0),
        }))
    }

    /// Looks at the files now, and takes what is new.
    ///
    /// # Errors
    /// As [`ReloadingCertificate::load`]; what was in use stays in use. A bad pair is reported when it is first seen.
    pub fn reload(&self) -> Result<Reload, CertificateError> {
        let contents = Contents::read(&self.files)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == contents {
            return Ok(Reload::Unchanged);
        }
        let next = contents.certified(&self.files);
        *seen = contents;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next?;
        self.reloads.send_modify(|count| *count += 1);
        Ok(Reload::Reloaded)
    }

    /// How often a new pair was taken, to wait for the next time.
    pub fn reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// Looks at the files again and again, until it is dropped.
    ///
    /// The contents are compared and not the times: a mounted Secret is replaced by a link.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn watch(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        loop {
            ticks.tick().await;
            let this = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || this.reload()).await {
                Ok(Ok(Reload::Unchanged)) | Err(_) => {}
                Ok(Ok(Reload::Reloaded)) => tracing::info!("serving with the new certificate"),
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "serving with the old certificate");
                }
            }
        }
    }

    /// A configuration that always serves the newest good pair.
    ///
    /// # Errors
    /// `Use`: the cryptography lacks what TLS needs.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, CertificateError> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        server_config(resolver).map_err(CertificateError::Use)
    }
}

impl ResolvesServerCert for ReloadingCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Contents {
    fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::Read { path: path.display().to_string(), source })
        };
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    fn certified(&self, files: &CertificateFiles) -> Result<Arc<CertifiedKey>, CertificateError> {
        let pem = |path: &Path| {
            let path = path.display().to_string();
            move |source| CertificateError::Pem { path, source }
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(pem(&files.certificate))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(pem(&files.key))?;
        if chain.is_empty() {
            return Err(pem(&files.certificate)(rustls::pki_types::pem::Error::NoItemsFound));
        }
        certified(chain, key).map_err(CertificateError::Use)
    }
}
