//! Certificates in files that change while the server runs.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use rstest::rstest;
use seccomp_webhook::{
    CertificateError, CertificateFiles, Reload, ReloadingCertificate, ServingCertificate, WebhookRequest,
};
use tempfile::TempDir;

use crate::support::{connect, loopback, mk_certificate};

fn files(folder: &Path) -> CertificateFiles {
    CertificateFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") }
}

fn write(folder: &Path, certificate: &str, key: &str) -> Result<()> {
    fs::write(folder.join("tls.crt"), certificate)?;
    fs::write(folder.join("tls.key"), key)?;
    Ok(())
}

fn mk_folder(pair: &ServingCertificate) -> Result<TempDir> {
    let folder = TempDir::new()?;
    write(folder.path(), pair.certificate_pem(), pair.key_pem())?;
    Ok(folder)
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_new_pair_is_served_and_a_bad_one_is_not() -> Result<()> {
    let (old, new) = (mk_certificate(), mk_certificate());
    let folder = mk_folder(&old)?;
    let reloading = ReloadingCertificate::load(files(folder.path()))?;
    let server = WebhookRequest::new(reloading.server_config()?).bind(loopback())?.serve();
    assert!(connect(server.local_addr(), old.ca_bundle()).await.is_ok());
    assert_eq!(reloading.reload()?, Reload::Unchanged);

    for (certificate, key) in
        [(new.certificate_pem(), old.key_pem()), ("no PEM", new.key_pem()), (new.certificate_pem(), ""), ("", "")]
    {
        write(folder.path(), certificate, key)?;
        assert!(reloading.reload().is_err(), "{certificate}{key}");
        assert_eq!(reloading.reload()?, Reload::Unchanged, "a bad pair is reported once");
        assert!(connect(server.local_addr(), old.ca_bundle()).await.is_ok(), "the old pair is not served any more");
    }
    fs::remove_file(folder.path().join("tls.key"))?;
    assert!(matches!(reloading.reload(), Err(CertificateError::Read { .. })));

    write(folder.path(), new.certificate_pem(), new.key_pem())?;
    assert_eq!(reloading.reload()?, Reload::Reloaded);
    assert!(connect(server.local_addr(), new.ca_bundle()).await.is_ok(), "the new pair is not served");
    assert!(connect(server.local_addr(), old.ca_bundle()).await.is_err(), "the old pair is still served");
    server.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_server_that_watches_finds_the_new_pair_itself() -> Result<()> {
    let (old, new) = (mk_certificate(), mk_certificate());
    let folder = mk_folder(&old)?;
    let reloading = ReloadingCertificate::load(files(folder.path()))?;
    let mut reloads = reloading.reloads();
    let server = WebhookRequest::new(reloading.server_config()?)
        .with_reloading(Arc::clone(&reloading), Duration::from_millis(5))
        .bind(loopback())?
        .serve();
    write(folder.path(), new.certificate_pem(), new.key_pem())?;
    reloads.changed().await?;
    assert!(connect(server.local_addr(), new.ca_bundle()).await.is_ok());
    server.shutdown().await?;
    Ok(())
}

#[test]
fn a_missing_file_is_named() {
    let folder = TempDir::new().expect("a folder can be made");
    let error = ReloadingCertificate::load(files(folder.path())).expect_err("there is no file");
    assert!(error.to_string().contains("tls.crt"), "{error}");
}
