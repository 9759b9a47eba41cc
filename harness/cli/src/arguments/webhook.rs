//! The command line of `webhook`.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, builder::BoolishValueParser};
use seccomp_webhook::GardenerRelease;

use crate::webhook_choice::WebhookChoice;

/// Arguments of `webhook`.
#[derive(Args, Debug)]
pub(crate) struct WebhookArguments {
    /// The certificate chain, PEM; read again when the file changes.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_TLS_CERT")]
    pub(crate) tls_cert: Utf8PathBuf,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_TLS_KEY")]
    pub(crate) tls_key: Utf8PathBuf,
    /// The address to listen on.
    #[arg(long, default_value = "0.0.0.0:10250", value_name = "ADDRESS", env = "SECCOMP_HARNESS_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// The webhook to serve: `reference` or `mutant:NAME`.
    #[arg(long, default_value = "reference", value_name = "WEBHOOK", env = "SECCOMP_HARNESS_WEBHOOK")]
    pub(crate) webhook: WebhookChoice,
    /// The Gardener release that it behaves like; without it the newest known.
    #[arg(long, value_name = "RELEASE", env = "SECCOMP_HARNESS_GARDENER")]
    pub(crate) gardener: Option<GardenerRelease>,
    /// Keep what was asked and answered, and give it to anyone who GETs `/records?namespace=NAME`; for tests alone.
    #[arg(long, env = "SECCOMP_HARNESS_RECORD", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) record: bool,
    /// Hand every review to this webhook and its answer back, both unchanged: `https://HOST:PORT/PATH`.
    #[arg(
        long,
        value_name = "URL",
        requires = "upstream_ca",
        conflicts_with_all = ["webhook", "gardener"],
        env = "SECCOMP_HARNESS_UPSTREAM"
    )]
    pub(crate) upstream: Option<String>,
    /// The authority that signed the upstream's certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "upstream", env = "SECCOMP_HARNESS_UPSTREAM_CA")]
    pub(crate) upstream_ca: Option<Utf8PathBuf>,
    /// The name that the upstream's certificate is for, where it is not the host of its address.
    #[arg(long, value_name = "NAME", requires = "upstream", env = "SECCOMP_HARNESS_UPSTREAM_NAME")]
    pub(crate) upstream_name: Option<String>,
}
