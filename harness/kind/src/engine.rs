//! The container engine below kind: found as kind finds it, and asked what kind does not tell.

use std::{fmt, str::FromStr, time::Duration};

use serde::Deserialize;

use crate::{
    command::{Command, path_command},
    error::ClusterError,
};

/// How long an engine may take over a container that it was asked for.
pub(crate) const CONTAINER_LIMIT: Duration = Duration::from_secs(60);
/// kind's own label with the cluster's name.
pub(crate) const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// The variable by which kind is told its provider.
pub(crate) const PROVIDER_VARIABLE: &str = "KIND_EXPERIMENTAL_PROVIDER";

/// A container engine that kind can use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Engine {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// nerdctl, or a program that takes its commands: `nerdctl`, `nerdctl.lima`, `finch`.
    Nerdctl(String),
}

/// A container of some kind cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) mounts: Vec<String>,
    /// Its addresses in all of its networks; none where it does not run, or the engine does not tell.
    pub(crate) addresses: Vec<String>,
}

/// What `inspect` prints of a container, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    name: String,
    #[serde(default)]
    config: InspectedConfig,
    #[serde(default)]
    mounts: Vec<InspectedMount>,
    #[serde(default)]
    network_settings: InspectedNetworkSettings,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedNetworkSettings {
    networks: Option<std::collections::BTreeMap<String, InspectedNetwork>>,
}

#[derive(Deserialize)]
struct InspectedNetwork {
    #[serde(default, rename = "IPAddress")]
    ipv4: String,
    #[serde(default, rename = "GlobalIPv6Address")]
    ipv6: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedMount {
    #[serde(default)]
    destination: String,
}

impl Engine {
    /// The engine that kind uses: the one in `KIND_EXPERIMENTAL_PROVIDER`, or the first of Docker, nerdctl and Podman that
    /// is installed.
    ///
    /// # Errors
    /// - [`ClusterError::NoEngine`]: none is installed.
    /// - [`ClusterError::UnknownEngine`]: the variable names none.
    pub async fn detect() -> Result<Self, ClusterError> {
        #[expect(clippy::disallowed_methods, reason = "kind reads this variable, and both must choose alike")]
        let named = std::env::var(PROVIDER_VARIABLE).unwrap_or_default();
        if !named.is_empty() {
            return named.parse();
        }
        let candidates = [
            (Self::Docker, "Docker version"),
            (Self::Nerdctl("nerdctl".to_owned()), "nerdctl version"),
            (Self::Podman, "podman version"),
        ];
        for (engine, answer) in candidates {
            // Podman can stand in for Docker under its name, and says so.
            let output = Command::new(engine.program(), "ask for its version").argument("-v").output().await;
            if output.is_ok_and(|output| output.starts_with(answer)) {
                return Ok(engine);
            }
        }
        Err(ClusterError::NoEngine)
    }

    /// The program that is run.
    pub fn program(&self) -> &str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Nerdctl(program) => program,
        }
    }

    fn command(&self, what: &str) -> Command {
        Command::new(self.program(), what)
    }

    /// Whether the image `reference` is on the machine.
    pub(crate) async fn has_image(&self, reference: &str) -> Result<bool, ClusterError> {
        let command = self.command("look for a node image").arguments(["image", "inspect", reference]);
        match command.output().await {
            Ok(_) => Ok(true),
            // An engine that is not running fails here too, and better says so when it is asked for its images.
            Err(ClusterError::Command(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes the image `reference` to `file`, as an archive that containerd imports.
    pub(crate) async fn save_image(&self, reference: &str, file: &camino::Utf8Path) -> Result<(), ClusterError> {
        let command = self.command("save an image").arguments(["image", "save", "--output", file.as_str(), reference]);
        command.output().await.map(drop)
    }

    /// The images of `repository` on the machine, each with its tag.
    pub(crate) async fn image_tags(&self, repository: &str) -> Result<Vec<String>, ClusterError> {
        let format = "{{.Repository}}:{{.Tag}}";
        let command = self.command("list node images").arguments(["image", "ls", "--format", format]);
        let output = command.output().await?;
        // Podman names Docker's hub in full.
        let names = output.lines().map(|line| line.strip_prefix("docker.io/").unwrap_or(line));
        let prefix = format!("{repository}:");
        Ok(names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect())
    }

    /// The containers of all kind clusters, or of one, running or not.
    pub(crate) async fn containers(&self, cluster: Option<&str>) -> Result<Vec<Container>, ClusterError> {
        let label = cluster.map_or(CLUSTER_LABEL.to_owned(), |cluster| format!("{CLUSTER_LABEL}={cluster}"));
        let filter = format!("label={label}");
        let list = ["ps", "--all", "--no-trunc", "--quiet", "--filter", filter.as_str()];
        let ids = self.command("list kind's containers").arguments(list).output().await?;
        if ids.trim().is_empty() {
            return Ok(Vec::new());
        }
        // A container that went away since then is left out, with a failure that means nothing here.
        let inspect = self.command("inspect kind's containers").arguments(["inspect", "--type=container"]);
        let inspect = inspect.arguments(ids.split_whitespace());
        let (command, output) = (inspect.line(), inspect.output_whatever_status().await?);
        read_containers(&output).map_err(|source| ClusterError::Output { command, source })
    }

    /// A command to be run in `container`.
    pub(crate) fn exec(&self, container: &str, what: &str) -> Command {
        self.command(what).arguments(["exec", container])
    }

    /// The same for a destructor, which cannot wait for a runtime.
    pub(crate) fn blocking_exec(&self, container: &str) -> std::process::Command {
        let mut command = path_command(self.program());
        command.args(["exec", container]);
        command
    }

    /// Whether containers of `cluster` exist, for a destructor; when in doubt, they do not.
    pub(crate) fn blocking_has_containers(&self, cluster: &str) -> bool {
        let filter = format!("label={CLUSTER_LABEL}={cluster}");
        let output = path_command(self.program()).args(["ps", "--all", "--quiet", "--filter", &filter]).output();
        output.is_ok_and(|output| !output.stdout.trim_ascii().is_empty())
    }
}

fn read_containers(output: &str) -> Result<Vec<Container>, serde_json::Error> {
    if output.trim().is_empty() {
        return Ok(Vec::new());
    }
    let inspected: Vec<Inspected> = serde_json::from_str(output)?;
    let containers = inspected.into_iter().filter_map(|container| {
        let networks = container.network_settings.networks.unwrap_or_default().into_values();
        let addresses = networks.flat_map(|network| [network.ipv4, network.ipv6]);
        Some(Container {
            name: container.name.trim_start_matches('/').to_owned(),
            cluster: container.config.labels?.remove(CLUSTER_LABEL)?,
            mounts: container.mounts.into_iter().map(|mount| mount.destination).collect(),
            addresses: addresses.filter(|address| !address.is_empty()).collect(),
        })
    });
    Ok(containers.collect())
}

impl FromStr for Engine {
    type Err = ClusterError;

    fn from_str(name: &str) -> Result<Self, ClusterError> {
        match name {
            "docker" => Ok(Self::Docker),
            "podman" => Ok(Self::Podman),
            "nerdctl" | "nerdctl.lima" | "finch" => Ok(Self::Nerdctl(name.to_owned())),
            _ => Err(ClusterError::UnknownEngine { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the forms that `docker inspect` and `podman inspect` print.
    #[test]
    fn reads_containers_of_both_engines() {
        let output = r#"[
          {"Name": "/a-worker", "Config": {"Labels": {"io.x-k8s.kind.cluster": "a", "io.x-k8s.kind.role": "worker"}},
           "Mounts": [{"Type": "bind", "Source": "/dev/null", "Destination": "/kind-cluster/v1/x", "RW": false}],
           "NetworkSettings": {"Networks": {"kind": {"IPAddress": "172.18.0.4", "GlobalIPv6Address": "fc00::4"}}}},
          {"Name": "b-control-plane", "Config": {"Labels": {"io.x-k8s.kind.cluster": "b"}}, "Mounts": [],
           "NetworkSettings": {"Networks": {"kind": {"IPAddress": "", "GlobalIPv6Address": ""}}}},
          {"Name": "/other", "Config": {"Labels": null}}
        ]"#;
        let containers = read_containers(output).expect("containers");
        let worker = Container {
            name: "a-worker".to_owned(),
            cluster: "a".to_owned(),
            mounts: vec!["/kind-cluster/v1/x".to_owned()],
            addresses: vec!["172.18.0.4".to_owned(), "fc00::4".to_owned()],
        };
        let other = Container {
            name: "b-control-plane".to_owned(),
            cluster: "b".to_owned(),
            mounts: Vec::new(),
            addresses: Vec::new(),
        };
        assert_eq!(containers, [worker, other]);
        assert_eq!(read_containers("").expect("none"), []);
    }

    #[test]
    fn accepts_the_names_that_kind_knows_alone() {
        for name in ["docker", "podman", "nerdctl", "nerdctl.lima", "finch"] {
            assert_eq!(name.parse::<Engine>().expect("an engine").program(), name);
        }
        assert!(matches!("rkt".parse::<Engine>(), Err(ClusterError::UnknownEngine { .. })));
    }
}
