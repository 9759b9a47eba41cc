//! `webhook`: serves the webhook with a certificate from files.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use seccomp_webhook::{CertificateFiles, GardenerRelease, ReloadingCertificate, Reviewer, WebhookRequest};

use crate::{arguments::WebhookArguments, command::Context, end::End, error::Failure, terminal};

/// How often certificate files are looked at; a rotation leaves hours of time.
const RELOAD: Duration = Duration::from_secs(10);

/// Serves until a signal comes.
pub(crate) async fn run(arguments: WebhookArguments, context: &Context) -> Result<End, Failure> {
    let release = arguments.gardener.unwrap_or(GardenerRelease::NEWEST);
    let files = CertificateFiles { certificate: arguments.tls_cert.into(), key: arguments.tls_key.into() };
    let certificate = ReloadingCertificate::load(files).map_err(|error| Failure::Usage(error.into()))?;
    let tls = certificate.server_config().map_err(|error| Failure::Usage(error.into()))?;
    let reviewer = Reviewer { handler: release.handler(), mutant: arguments.webhook.mutant() };
    let running = WebhookRequest::new(tls)
        .with_reviewer(reviewer)
        .with_reloading(Arc::clone(&certificate), RELOAD)
        .bind(arguments.listen)
        .map_err(|error| Failure::Infrastructure(error.into()))?
        .serve();
    if !context.terminal.quiet {
        terminal::note(&format!("serving {} as Gardener {release} does", running.url()));
    }
    context.cancellation.cancelled().await;
    running.shutdown().await.context("end the webhook's server").map_err(Failure::Infrastructure)?;
    Ok(End::Passed)
}
