//! Flags about real clusters.

use std::net::IpAddr;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, builder::BoolishValueParser};

use crate::{arguments::ClusterKind, webhook_choice::TestedWebhook};

/// The name of the flag that keeps clusters.
const KEEP: &str = "keep";

/// Real clusters, and what is put into them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Real clusters")]
pub(crate) struct RealClusters {
    /// A node image for `--cluster kind` instead of the public one of its minor; repeat it for more minors.
    #[arg(long, value_name = "IMAGE", value_delimiter = ',', env = "SECCOMP_HARNESS_NODE_IMAGE")]
    pub(crate) node_image: Vec<String>,
    /// Keep the kind clusters, with the webhook in them, for the next run; `cluster list` shows them.
    #[arg(long, env = "SECCOMP_HARNESS_KEEP", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) keep: bool,
    /// The kubeconfig for `--cluster kubeconfig`; without it as kubectl finds it. It is only read.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_KUBECONFIG")]
    pub(crate) kubeconfig: Option<Utf8PathBuf>,
    /// The context in it; without it the current one.
    #[arg(long, value_name = "NAME", env = "SECCOMP_HARNESS_CONTEXT")]
    pub(crate) context: Option<String>,
    /// An image that the nodes have or can pull, for `--cluster kubeconfig`, with this executable as its ENTRYPOINT and
    /// `probe` as its CMD; without it no container is observed there, and the webhook runs on this machine.
    #[arg(long, value_name = "IMAGE", env = "SECCOMP_HARNESS_IMAGE")]
    pub(crate) harness_image: Option<String>,
    /// The address of this machine at which the API server of `--cluster kubeconfig` finds a webhook that is not deployed;
    /// without it 127.0.0.1.
    #[arg(long, value_name = "ADDRESS", env = "SECCOMP_HARNESS_WEBHOOK_LISTEN")]
    pub(crate) webhook_listen: Option<IpAddr>,
    /// The executable that is put into the image of probe and webhook, static and for Linux; without it this one.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_BINARY")]
    pub(crate) harness_binary: Option<Utf8PathBuf>,
    /// The image of Gardener's resource manager; without it the public one of the release.
    #[arg(long, value_name = "IMAGE", env = "SECCOMP_HARNESS_WEBHOOK_IMAGE")]
    pub(crate) webhook_image: Option<String>,
    /// The program of Gardener's resource manager, for `--cluster control-plane` and API servers that reach this machine.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_WEBHOOK_PROGRAM")]
    pub(crate) webhook_program: Option<Utf8PathBuf>,
    /// The address of the server that `--webhook url` tests: `https://HOST:PORT/PATH`; without a path, Gardener's.
    #[arg(long, value_name = "URL", env = "SECCOMP_HARNESS_WEBHOOK_URL")]
    pub(crate) webhook_url: Option<String>,
    /// The authority that signed its certificate, PEM.
    #[arg(long, value_name = "FILE", env = "SECCOMP_HARNESS_WEBHOOK_CA")]
    pub(crate) webhook_ca: Option<Utf8PathBuf>,
    /// The name that its certificate is for, where it is not the host of its address.
    #[arg(long, value_name = "NAME", env = "SECCOMP_HARNESS_WEBHOOK_SERVER_NAME")]
    pub(crate) webhook_server_name: Option<String>,
}

/// What a flag says something about, and about nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subject {
    /// Clusters of this kind.
    Cluster(ClusterKind),
    /// This webhook.
    Webhook(TestedWebhook),
}

/// A flag that was given.
#[derive(Debug)]
pub(crate) struct Given {
    /// Its name, without dashes.
    pub(crate) name: &'static str,
    /// What it says something about.
    pub(crate) subject: Subject,
    values: Vec<String>,
}

impl RealClusters {
    /// The flags that were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = Given> {
        // Taken apart, so that a flag that is added is not forgotten here.
        let Self {
            node_image,
            keep,
            kubeconfig,
            context,
            harness_image,
            webhook_listen,
            harness_binary,
            webhook_image,
            webhook_program,
            webhook_url,
            webhook_ca,
            webhook_server_name,
        } = self;
        let (kind, existing) = (Subject::Cluster(ClusterKind::Kind), Subject::Cluster(ClusterKind::Kubeconfig));
        let (manager, url) = (Subject::Webhook(TestedWebhook::ResourceManager), Subject::Webhook(TestedWebhook::Url));
        let all = [
            ("kubeconfig", existing, texts(kubeconfig)),
            ("context", existing, texts(context)),
            ("harness-image", existing, texts(harness_image)),
            ("webhook-listen", existing, texts(webhook_listen)),
            ("node-image", kind, texts(node_image)),
            (KEEP, kind, texts(keep.then_some(keep))),
            ("harness-binary", kind, texts(harness_binary)),
            ("webhook-image", manager, texts(webhook_image)),
            ("webhook-program", manager, texts(webhook_program)),
            ("webhook-url", url, texts(webhook_url)),
            ("webhook-ca", url, texts(webhook_ca)),
            ("webhook-server-name", url, texts(webhook_server_name)),
        ];
        let given = all.into_iter().filter(|(_, _, values)| !values.is_empty());
        given.map(|(name, subject, values)| Given { name, subject, values })
    }

    /// They, as `--name=value`, but for the one that is no way to reach anything.
    pub(super) fn reached_by(&self) -> Vec<String> {
        let given = self.given().filter(|given| given.name != KEEP);
        given
            .flat_map(|Given { name, values, .. }| values.into_iter().map(move |value| format!("--{name}={value}")))
            .collect()
    }
}

fn texts<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> Vec<String> {
    values.into_iter().map(ToString::to_string).collect()
}
