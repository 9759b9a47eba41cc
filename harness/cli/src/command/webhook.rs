//! `webhook`: serves the webhook with a certificate from files, or stands in front of another one and records.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use camino::Utf8Path;
use seccomp_webhook::{CertificateFiles, GardenerRelease, ReloadingCertificate, Reviewer, Upstream, WebhookRequest};

use crate::{arguments::webhook::WebhookArguments, command::Context, end::End, error::Failure, terminal};

/// How often certificate files are looked at; a rotation leaves hours of time.
const RELOAD: Duration = Duration::from_secs(10);

/// Serves until a signal comes.
pub(crate) async fn run(arguments: WebhookArguments, context: &Context) -> Result<End, Failure> {
    let release = arguments.gardener.unwrap_or(GardenerRelease::NEWEST);
    let upstream = upstream(&arguments)?;
    let files = CertificateFiles { certificate: arguments.tls_cert.into(), key: arguments.tls_key.into() };
    let certificate = ReloadingCertificate::load(files).map_err(|error| Failure::Usage(error.into()))?;
    let tls = certificate.server_config().map_err(|error| Failure::Usage(error.into()))?;
    let reviewer = Reviewer { handler: release.handler(), mutant: arguments.webhook.mutant() };
    let mut request = WebhookRequest::new(tls).with_reviewer(reviewer).with_reloading(Arc::clone(&certificate), RELOAD);
    if arguments.record {
        request = request.with_records_endpoint();
    }
    let what = match &upstream {
        Some(upstream) => format!("in front of {}", upstream.url()),
        None => format!("as Gardener {release} does"),
    };
    if let Some(upstream) = upstream {
        request = request.with_upstream(upstream);
    }
    let running = request.bind(arguments.listen).map_err(|error| Failure::Infrastructure(error.into()))?.serve();
    if !context.terminal.quiet {
        terminal::note(&format!("serving {} {what}", running.url()));
    }
    context.cancellation.cancelled().await;
    running.shutdown().await.context("end the webhook's server").map_err(Failure::Infrastructure)?;
    Ok(End::Passed)
}

/// The webhook to stand in front of, where one is named.
fn upstream(arguments: &WebhookArguments) -> Result<Option<Upstream>, Failure> {
    let (Some(url), Some(authority)) = (&arguments.upstream, &arguments.upstream_ca) else {
        return Ok(None);
    };
    let upstream = Upstream::new(url, &read(authority)?).map_err(|error| Failure::Usage(error.into()))?;
    let upstream = match &arguments.upstream_name {
        Some(name) => upstream.with_name(name).map_err(|error| Failure::Usage(error.into()))?,
        None => upstream,
    };
    Ok(Some(upstream))
}

fn read(file: &Utf8Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).with_context(|| format!("read `{file}`")).map_err(Failure::Usage)
}
