//! The webhook under test: what it is, of which release, and on which clusters it can be tested.

use std::{fmt, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_webhook::{ForeignWebhook, GardenerRelease, Mutant, RESOURCE_MANAGER, Upstream};
use tokio::process::Command;

use super::{ClusterKind, RunError, infrastructure};
use crate::suite::Selection;

/// How long a program may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// How long a server that somebody runs may take to answer at all.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The webhook under test.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum WebhookKind {
    /// Our own, with the documented behaviour.
    #[default]
    Reference,
    /// Our own, broken in one way.
    Mutant(String),
    /// Gardener's own.
    ResourceManager {
        /// Its image; without it the release's public one.
        image: Option<String>,
        /// Its program on this machine, for API servers without nodes.
        program: Option<Utf8PathBuf>,
    },
    /// One that somebody runs.
    Url(ForeignWebhook),
}

impl WebhookKind {
    /// That clusters of this kind can run it.
    pub(super) fn check_fit(&self, cluster: &ClusterKind) -> Result<(), RunError> {
        let Self::ResourceManager { image, program } = self else { return Ok(()) };
        let problem = match cluster {
            ClusterKind::Simulated => {
                "a simulated API server has no custom resources, which it needs; `--cluster control-plane` runs its program, \
                 `--cluster kind` and `--cluster kubeconfig` run its image"
            }
            ClusterKind::ControlPlane { .. } if image.is_some() => {
                "there are no nodes that could run an image; name its program with --webhook-program"
            }
            ClusterKind::ControlPlane { .. } if program.is_none() => {
                "there are no nodes that could run its image; name its program on this machine with --webhook-program"
            }
            ClusterKind::Kubeconfig(_) if program.is_some() && image.is_some() => {
                "it is one of both: --webhook-program runs it on this machine, --webhook-image in the cluster"
            }
            ClusterKind::Kind(_) if program.is_some() => {
                "its program runs beside API servers without nodes, `--cluster control-plane` or `--cluster kubeconfig`; here, \
                 --webhook-image names its image"
            }
            ClusterKind::ControlPlane { .. } | ClusterKind::Kind(_) | ClusterKind::Kubeconfig(_) => return Ok(()),
        };
        Err(self.unfit(problem.to_owned()))
    }

    /// That a cluster that exists can run it, where our image can or cannot stand in front of it.
    pub(super) fn check_fit_existing(&self, has_image: bool) -> Result<(), RunError> {
        match self {
            Self::ResourceManager { program: None, .. } if !has_image => Err(self.unfit(
                "in the cluster it runs behind ours, which records, on nodes that have the image of --harness-image; without \
                 nodes or that image, name its program on this machine with --webhook-program"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn unfit(&self, problem: String) -> RunError {
        RunError::UnfitWebhook { webhook: self.to_string(), problem }
    }

    /// What is broken about it.
    pub(super) fn mutant(&self) -> Result<Option<Mutant>, RunError> {
        match self {
            Self::Reference | Self::ResourceManager { .. } | Self::Url(_) => Ok(None),
            Self::Mutant(name) => name.parse().map(Some).map_err(|_| RunError::UnknownMutant { name: name.clone() }),
        }
    }

    /// The server that ours stands in front of, from the start.
    pub(super) fn upstream(&self) -> Result<Option<Upstream>, RunError> {
        let Self::Url(foreign) = self else { return Ok(None) };
        foreign.upstream().map(Some).map_err(|error| self.unfit(crate::error::chain(&error)))
    }

    /// That it answers, where those who call it are on this machine.
    pub(super) async fn check_reachable(&self, cluster: &ClusterKind) -> Result<(), RunError> {
        match (self.upstream()?, cluster) {
            (Some(upstream), ClusterKind::Simulated | ClusterKind::ControlPlane { .. }) => {
                upstream.reach(ANSWER_LIMIT).await.map_err(infrastructure("webhook `url`"))
            }
            // From inside a cluster's Pods the world may look different.
            (_, ClusterKind::Kind(_) | ClusterKind::Kubeconfig(_)) | (None, _) => Ok(()),
        }
    }

    /// Its images in the selected releases, where it is not ours.
    pub(super) fn images(&self, selection: &Selection) -> Vec<String> {
        match self {
            Self::Reference | Self::Mutant(_) | Self::Url(_) => Vec::new(),
            Self::ResourceManager { image: Some(image), .. } => vec![image.clone()],
            Self::ResourceManager { image: None, .. } => {
                let releases = selection.gardener.iter().filter_map(|release| release.parse::<GardenerRelease>().ok());
                releases.map(GardenerRelease::resource_manager_image).collect()
            }
        }
    }

    /// What of `selection` can be run with it.
    ///
    /// What is not ours is one release: that which its program says it is, or that of its image's tag, else the newest,
    /// unless others are selected. Of a program, one alone may be: a build of one's own may say what it likes.
    pub(super) async fn selection(&self, selection: &Selection) -> Result<Selection, RunError> {
        let mut selection = selection.clone();
        let named = match self {
            Self::Reference | Self::Mutant(_) => return Ok(selection),
            Self::ResourceManager { program: Some(program), .. } => {
                self.check_releases(program, &selection.gardener)?;
                if selection.gardener.is_empty() { Some(self.said_by(program).await?) } else { None }
            }
            Self::ResourceManager { image: Some(image), .. } => release_of(image),
            Self::ResourceManager { .. } | Self::Url(_) => None,
        };
        if selection.gardener.is_empty() {
            selection.gardener.push(named.unwrap_or(GardenerRelease::NEWEST).to_string());
        }
        Ok(selection)
    }

    /// That a program is to be no two releases.
    fn check_releases(&self, program: &Utf8Path, selected: &[String]) -> Result<(), RunError> {
        match selected {
            [_, _, ..] => {
                let selected = selected.join(", ");
                Err(self.unfit(format!("`{program}` is one release; select only that with --gardener, not {selected}")))
            }
            [] | [_] => Ok(()),
        }
    }

    /// The release that Gardener's program says it is.
    async fn said_by(&self, program: &Utf8Path) -> Result<GardenerRelease, RunError> {
        let version =
            version_of(program).await.map_err(|problem| self.unfit(format!("`{program} --version`: {problem}")))?;
        let known = version.split_whitespace().last().and_then(|version| version.parse().ok());
        known.ok_or_else(|| {
            let said = version.lines().next().unwrap_or_default();
            let problem = format!("`{program}` says that it is `{said}`, which is no release that is known");
            self.unfit(format!("{problem}; say with --gardener which it behaves like"))
        })
    }
}

impl fmt::Display for WebhookKind {
    /// As the command line names it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference => formatter.write_str("reference"),
            Self::Mutant(name) => write!(formatter, "mutant:{name}"),
            Self::ResourceManager { .. } => formatter.write_str(RESOURCE_MANAGER),
            Self::Url(_) => formatter.write_str("url"),
        }
    }
}

/// The release that the tag of an image names: `registry/manager:v1.89.4@sha256:...`.
fn release_of(image: &str) -> Option<GardenerRelease> {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    name.rsplit_once(':').and_then(|(_, tag)| tag.parse().ok())
}

/// What Gardener's program says of itself.
///
/// # Source
/// gardener `cmd/gardener-resource-manager/app/app.go`; it prints `Kubernetes v1.149.3`
async fn version_of(program: &Utf8Path) -> Result<String, String> {
    let output = Command::new(program).arg("--version").kill_on_drop(true).output();
    let output = match tokio::time::timeout(VERSION_LIMIT, output).await {
        Ok(output) => output.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("no answer within {} s", VERSION_LIMIT.as_secs())),
    };
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::run::KindSettings;

    fn mk_manager(image: Option<&str>, program: Option<&str>) -> WebhookKind {
        WebhookKind::ResourceManager { image: image.map(str::to_owned), program: program.map(Utf8PathBuf::from) }
    }

    #[rstest]
    #[case::simulated(ClusterKind::Simulated, None, Some("manager"), "has no custom resources")]
    #[case::no_program(ClusterKind::ControlPlane { assets: Vec::new() }, None, None, "with --webhook-program")]
    #[case::an_image(ClusterKind::ControlPlane { assets: Vec::new() }, Some("manager:v1"), Some("manager"), "no nodes")]
    #[case::nodes(ClusterKind::Kind(KindSettings::default()), None, Some("manager"), "--webhook-image")]
    fn rejects_what_a_cluster_cannot_run(
        #[case] cluster: ClusterKind,
        #[case] image: Option<&str>,
        #[case] program: Option<&str>,
        #[case] expected: &str,
    ) {
        let error = mk_manager(image, program).check_fit(&cluster).expect_err("it cannot").to_string();
        assert!(error.contains(expected), "{error}");
        assert!(WebhookKind::Reference.check_fit(&cluster).is_ok());
    }

    #[rstest]
    #[case::nothing(&[], true)]
    #[case::one(&["1.149"], true)]
    #[case::two(&["1.149", "1.89"], false)]
    fn a_program_is_one_release(#[case] selected: &[&str], #[case] is_fit: bool) {
        let selected: Vec<_> = selected.iter().map(|&release| release.to_owned()).collect();
        let manager = mk_manager(None, Some("manager"));
        assert_eq!(manager.check_releases(Utf8Path::new("manager"), &selected).is_ok(), is_fit);
    }

    #[cfg(unix)]
    #[rstest]
    #[case::release("echo Kubernetes v1.89.4", Ok("1.89"))]
    #[case::own_build("echo Kubernetes v0.0.0-dev", Err("--gardener"))]
    #[case::another_program("echo what >&2; exit 3", Err("what"))]
    #[tokio::test]
    async fn a_program_says_which_it_is(#[case] script: &str, #[case] expected: Result<&str, &str>) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let program = Utf8Path::from_path(folder.path()).expect("UTF-8").join("manager");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("it is written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
        let manager = mk_manager(None, Some(program.as_str()));
        let selection = manager.selection(&Selection::default()).await.map(|selection| selection.gardener.join(","));
        match (selection, expected) {
            (Ok(selected), Ok(expected)) => assert_eq!(selected, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (selection, _) => panic!("{selection:?}"),
        }
    }

    #[rstest]
    #[case::tag("registry:5000/manager:v1.89.4", "1.89")]
    #[case::digest_too("registry/manager:v1.89.4@sha256:0123", "1.89")]
    #[case::another_tag("registry/manager:dev", "1.149")]
    #[case::none("registry:5000/manager", "1.149")]
    #[tokio::test]
    async fn an_image_is_the_release_of_its_tag_or_the_newest(#[case] image: &str, #[case] release: &str) {
        let selection = mk_manager(Some(image), None).selection(&Selection::default()).await;
        assert_eq!(selection.expect("it can be").gardener, [release]);
    }
}
