//! Gardener's own manager: how it is told what to do, and what it needs in a cluster.
//!
//! # Source
//! gardener v1.54.0 to v1.149.3 `resource_manager.go`; tried with v1.89.4 and v1.149.3 on Kubernetes 1.24 and 1.36

use serde_json::{Map, Value, json};

use super::{CA_FILE, Deployment, TLS_FOLDER, pod::Container};
use crate::{
    behaviour::{RESOURCE_MANAGER, Settings},
    registration::WEBHOOK_PATH,
    release::GardenerRelease,
};

/// Where the manager serves its webhooks, behind the recording one.
const WEBHOOK_PORT: u16 = 10_251;
const HEALTH_PORT: u16 = 8081;
const METRICS_PORT: u16 = 8080;
const CONFIGURATION_FOLDER: &str = "/etc/gardener-resource-manager-config";
pub(super) const CONFIGURATION_FILE: &str = "config.yaml";
const TOKEN_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// `ManagedResources` of this class are the manager's; there are none.
const CLASS: &str = "seccomp-harness";

/// What a manager is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serving<'a> {
    /// The namespace whose `ManagedResources` it watches.
    pub(super) namespace: &'a str,
    /// The address of webhooks, health and metrics.
    pub(super) webhooks: (&'a str, u16),
    pub(super) health: (&'a str, u16),
    pub(super) metrics: (&'a str, u16),
    /// The folder with `tls.crt` and `tls.key`.
    pub(super) certificate_folder: &'a str,
    /// Where the API server is; nothing in a cluster.
    pub(super) kubeconfig: Option<&'a str>,
    /// The file that [`configuration`] is written to.
    pub(super) configuration_file: &'a str,
}

/// The manager's configuration file, where the release has one. JSON is YAML.
pub(super) fn configuration(release: GardenerRelease, serving: &Serving<'_>) -> Option<Value> {
    let mut source = match release.settings() {
        Settings::Flags => return None,
        Settings::FileWithNamespace => json!({ "namespace": serving.namespace }),
        Settings::FileWithNamespaces => json!({ "namespaces": [serving.namespace] }),
    };
    let address = |(host, port): (&str, u16)| json!({ "bindAddress": host, "port": port });
    let mut webhooks = address(serving.webhooks);
    webhooks["tls"] = json!({ "serverCertDir": serving.certificate_folder });
    let mut configuration = json!({
        "apiVersion": "resourcemanager.config.gardener.cloud/v1alpha1",
        "kind": "ResourceManagerConfiguration",
        "leaderElection": { "leaderElect": false },
        "logLevel": "info",
        "logFormat": "json",
        "server": {
            "webhooks": webhooks,
            "healthProbes": address(serving.health),
            "metrics": address(serving.metrics),
        },
        "controllers": { "resourceClass": CLASS },
        "webhooks": { "seccompProfile": { "enabled": true } },
    });
    if let Some(kubeconfig) = serving.kubeconfig {
        // Both: without the second it looks for a cluster around it.
        source["kubeconfig"] = kubeconfig.into();
        configuration["targetClientConnection"] = json!({ "kubeconfig": kubeconfig });
    }
    configuration["sourceClientConnection"] = source;
    Some(configuration)
}

/// The manager's arguments.
pub(super) fn arguments(release: GardenerRelease, serving: &Serving<'_>) -> Vec<String> {
    if release.settings() != Settings::Flags {
        return vec![format!("--config={}", serving.configuration_file)];
    }
    let address = |(host, port): (&str, u16)| format!("{host}:{port}");
    let mut arguments = vec![
        "--leader-election=false".to_owned(),
        format!("--port={}", serving.webhooks.1),
        format!("--tls-cert-dir={}", serving.certificate_folder),
        format!("--health-bind-address={}", address(serving.health)),
        format!("--metrics-bind-address={}", address(serving.metrics)),
        format!("--resource-class={CLASS}"),
        format!("--namespace={}", serving.namespace),
        "--seccomp-profile-webhook-enabled=true".to_owned(),
    ];
    if let Some(kubeconfig) = serving.kubeconfig {
        arguments.push(format!("--kubeconfig={kubeconfig}"));
        arguments.push(format!("--target-kubeconfig={kubeconfig}"));
    }
    arguments
}

/// The resource that the manager looks for when it starts, and ends without; as much of it as that takes.
///
/// # Source
/// gardener `example/resource-manager/10-crd-resources.gardener.cloud_managedresources.yaml`
pub(super) fn managed_resources() -> Value {
    let plural = "managedresources";
    let group = "resources.gardener.cloud";
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": "ManagedResource",
                "listKind": "ManagedResourceList",
                "plural": plural,
                "singular": "managedresource",
                "shortNames": ["mr"],
            },
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
            }],
        },
    })
}

impl Deployment {
    /// Gardener's own webhook, with ours in front of it, which records and hands on: two containers of one Pod.
    ///
    /// `image` is the manager's, without it the release's public one. The manager serves on loopback alone, with the
    /// certificate of the Service that both stand behind, so that nothing reaches it past the record.
    pub fn resource_manager(&self, release: GardenerRelease, image: Option<&str>) -> Vec<Value> {
        let configuration_file = format!("{CONFIGURATION_FOLDER}/{CONFIGURATION_FILE}");
        let serving = Serving {
            namespace: &self.namespace,
            webhooks: ("127.0.0.1", WEBHOOK_PORT),
            health: ("0.0.0.0", HEALTH_PORT),
            metrics: ("0.0.0.0", METRICS_PORT),
            certificate_folder: TLS_FOLDER,
            kubeconfig: None,
            configuration_file: &configuration_file,
        };
        let configuration = configuration(release, &serving);
        let public = release.resource_manager_image();
        let manager = Container::new(RESOURCE_MANAGER, image.unwrap_or(&public), &arguments(release, &serving))
            .with_port("health", HEALTH_PORT)
            .with_port("metrics", METRICS_PORT)
            .with_probes("HTTP", HEALTH_PORT)
            .with_memory("30M", "512Mi")
            .with_mount(super::TLS, TLS_FOLDER)
            .with_mount("token", TOKEN_FOLDER);
        let mut volumes = vec![super::tls_volume(), token_volume()];
        let manager = if configuration.is_some() {
            volumes.push(json!({ "name": "configuration", "configMap": { "name": RESOURCE_MANAGER } }));
            manager.with_mount("configuration", CONFIGURATION_FOLDER)
        } else {
            manager
        };
        let recorder = self.webhook(
            "recorder",
            [
                format!("--upstream=https://127.0.0.1:{WEBHOOK_PORT}{WEBHOOK_PATH}"),
                format!("--upstream-ca={TLS_FOLDER}/{CA_FILE}"),
                format!("--upstream-name={RESOURCE_MANAGER}.{}.svc", self.namespace),
            ],
        );
        let configuration = configuration.map(|configuration| self.config_map(&configuration));
        [self.namespace(), self.managed_resources(), self.service_account(), self.role_binding(), self.secret()]
            .into_iter()
            .chain(configuration)
            .chain([self.service(), self.deployment(&[manager, recorder], &volumes)])
            .collect()
    }

    fn managed_resources(&self) -> Value {
        let mut definition = managed_resources();
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        definition["metadata"] = self.cluster_metadata(&name);
        definition
    }

    /// All rights, as Gardener gives its manager in a seed; under a name that is none of Gardener's.
    fn role_binding(&self) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": self.cluster_metadata(&format!("seccomp-harness:{}:{RESOURCE_MANAGER}", self.namespace)),
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
            "subjects": [{ "kind": "ServiceAccount", "name": RESOURCE_MANAGER, "namespace": self.namespace }],
        })
    }

    fn config_map(&self, configuration: &Value) -> Value {
        let data = Map::from_iter([(CONFIGURATION_FILE.to_owned(), format!("{configuration:#}\n").into())]);
        let metadata = self.metadata(RESOURCE_MANAGER);
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data })
    }
}

/// What a container of a ServiceAccount usually finds; here for the manager alone, which asks the API server.
fn token_volume() -> Value {
    let field = json!({ "fieldRef": { "fieldPath": "metadata.namespace" }, "path": "namespace" });
    json!({
        "name": "token",
        "projected": {
            "sources": [
                { "serviceAccountToken": { "path": "token", "expirationSeconds": 43_200 } },
                { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
                { "downwardAPI": { "items": [field] } },
            ],
        },
    })
}
