//! The program `kind`: each of its commands that is used.

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    command::{Command, MARK_VARIABLE, path_command},
    engine::{Engine, PROVIDER_VARIABLE},
    error::ClusterError,
    mark::Mark,
};

/// kind, and the engine it is told to use.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) program: Utf8PathBuf,
    pub(crate) engine: Engine,
}

/// A new cluster, as kind is told of it.
pub(crate) struct Creation<'a> {
    pub(crate) name: &'a str,
    pub(crate) mark: &'a Mark,
    pub(crate) config: String,
    /// The file that kind writes the kubeconfig to.
    pub(crate) kubeconfig: &'a Utf8Path,
    pub(crate) kind_release: Option<&'static str>,
}

impl Kind {
    fn command(&self, cluster: &str, what: &str) -> Command {
        Command::new(self.program.as_str(), what).cluster(cluster).variable(PROVIDER_VARIABLE, self.engine.program())
    }

    pub(crate) async fn create(&self, creation: Creation<'_>) -> Result<(), ClusterError> {
        let Creation { name, mark, config, kubeconfig, kind_release } = creation;
        let command = self.command(name, "create the cluster").kind_release(kind_release);
        // Readiness is waited for on our own: kind looks at the control plane alone.
        let command = command.arguments(["create", "cluster", "--name", name, "--config", "-", "--kubeconfig"]);
        let command = command.argument(kubeconfig.as_str()).stdin(config).variable(MARK_VARIABLE, mark.path());
        command.output().await.map(drop)
    }

    /// Deletes `cluster` whatever it is: the caller has seen our mark on it.
    pub(crate) async fn delete(&self, cluster: &str, kubeconfig: &Utf8Path) -> Result<(), ClusterError> {
        let command = self.command(cluster, "delete the cluster");
        command.arguments(delete_arguments(cluster, kubeconfig)).output().await.map(drop)
    }

    /// The same for a destructor, which cannot wait for a runtime; tried until nothing is left, three times at most.
    pub(crate) fn blocking_delete(&self, cluster: &str, kubeconfig: &Utf8Path) {
        for _ in 0..3 {
            let mut command = path_command(self.program.as_str());
            command.env(PROVIDER_VARIABLE, self.engine.program()).args(delete_arguments(cluster, kubeconfig));
            let deleted = command.output();
            tracing::debug!(cluster, ?deleted, "deleted as the last resort");
            if deleted.is_err() || !self.engine.blocking_has_containers(cluster) {
                return;
            }
        }
    }

    pub(crate) async fn kubeconfig(&self, cluster: &str) -> Result<String, ClusterError> {
        self.command(cluster, "read the kubeconfig").arguments(["get", "kubeconfig", "--name", cluster]).output().await
    }

    pub(crate) async fn load(&self, cluster: &str, archive: &Utf8Path, nodes: &[String]) -> Result<(), ClusterError> {
        let nodes = nodes.join(",");
        let command = self.command(cluster, "load an image archive");
        let command =
            command.arguments(["load", "image-archive", archive.as_str(), "--name", cluster, "--nodes", &nodes]);
        command.output().await.map(drop)
    }

    pub(crate) async fn export_logs(&self, cluster: &str, folder: &Utf8Path) -> Result<(), ClusterError> {
        let command = self.command(cluster, "export the logs");
        command.arguments(["export", "logs", folder.as_str(), "--name", cluster]).output().await.map(drop)
    }
}

fn delete_arguments<'a>(cluster: &'a str, kubeconfig: &'a Utf8Path) -> [&'a str; 6] {
    // Without the last, kind takes the cluster out of the user's own kubeconfig.
    ["delete", "cluster", "--name", cluster, "--kubeconfig", kubeconfig.as_str()]
}
