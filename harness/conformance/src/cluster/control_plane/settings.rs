//! How control planes are run: what envtest lets its users say, and who looks after their end.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

/// How control planes are run, whatever their version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControlPlaneSettings {
    /// The program etcd; without it, the one in the folder of assets.
    pub etcd: Option<Utf8PathBuf>,
    /// The program kube-apiserver; without it, the one in the folder of assets.
    pub apiserver: Option<Utf8PathBuf>,
    /// How long a control plane may take until it is ready.
    pub start_limit: Duration,
    /// How long a program may take to end when it is asked to; then it is killed.
    pub stop_limit: Duration,
    /// Whether the programs write to this process's standard error instead of log files.
    pub is_output_attached: bool,
    /// A program that calls [`crate::supervise`] when it is called with `supervise PARENT PROGRAM ARGUMENT...`.
    ///
    /// Through it, etcd and kube-apiserver end with this process even where it is killed. Without it they go on, until
    /// [`crate::inventory::collect`] finds them.
    pub supervisor: Option<Utf8PathBuf>,
}

impl Default for ControlPlaneSettings {
    fn default() -> Self {
        Self {
            etcd: None,
            apiserver: None,
            start_limit: Duration::from_secs(60),
            stop_limit: Duration::from_secs(20),
            is_output_attached: false,
            supervisor: None,
        }
    }
}

/// The two programs of a control plane.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) etcd: Utf8PathBuf,
    pub(super) apiserver: Utf8PathBuf,
}

/// A program that cannot be what it is taken for.
#[derive(Debug, thiserror::Error)]
#[error("use `{program}` as {name}: {problem}; {HELP}")]
pub(crate) struct ProgramError {
    program: Utf8PathBuf,
    name: &'static str,
    problem: String,
}

/// What to do about it.
const HELP: &str = "name a folder with etcd and kube-apiserver of one version, such as `setup-envtest use 1.31.x -p path` \
                    prints, with --assets or KUBEBUILDER_ASSETS";

impl Programs {
    /// The programs in `assets`, or those that are named instead; both are there and can be run.
    pub(super) fn find(assets: &Utf8Path, settings: &ControlPlaneSettings) -> Result<Self, ProgramError> {
        let program = |name: &'static str, named: &Option<Utf8PathBuf>| {
            let program = named.clone().unwrap_or_else(|| assets.join(name));
            match problem(&program, assets) {
                Some(problem) => Err(ProgramError { program, name, problem }),
                None => Ok(program),
            }
        };
        Ok(Self { etcd: program("etcd", &settings.etcd)?, apiserver: program("kube-apiserver", &settings.apiserver)? })
    }

    /// That the API server is none.
    pub(super) fn not_an_api_server(&self, problem: String) -> ProgramError {
        ProgramError { program: self.apiserver.clone(), name: "kube-apiserver", problem }
    }
}

fn problem(program: &Utf8Path, folder: &Utf8Path) -> Option<String> {
    match std::fs::metadata(program) {
        Ok(metadata) if !metadata.is_file() => Some("it is no file".to_owned()),
        Ok(metadata) if !is_executable(&metadata) => Some("it may not be executed".to_owned()),
        Ok(_) => None,
        Err(_) if program.starts_with(folder) && !folder.is_dir() => Some(format!("there is no folder `{folder}`")),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn assets() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        for name in ["etcd", "kube-apiserver"] {
            std::fs::write(path.join(name), "").expect("it is written");
            std::fs::set_permissions(path.join(name), Permissions::from_mode(0o755)).expect("it may be run");
        }
        (folder, path)
    }

    fn error(assets: &Utf8Path) -> String {
        Programs::find(assets, &ControlPlaneSettings::default()).expect_err("it is refused").to_string()
    }

    #[test]
    fn finds_both_programs_or_those_named_instead() {
        let (_folder, path) = assets();
        let settings = ControlPlaneSettings { etcd: Some(path.join("kube-apiserver")), ..Default::default() };
        let programs = Programs::find(&path, &settings).expect("they are there");
        assert_eq!((programs.etcd, programs.apiserver), (path.join("kube-apiserver"), path.join("kube-apiserver")));
    }

    #[test]
    fn reports_what_is_wrong_with_a_program() {
        let (_folder, path) = assets();
        let missing = error(&path.join("nowhere"));
        assert!(missing.contains("nowhere/etcd` as etcd: there is no folder `"), "{missing}");
        assert!(missing.contains("--assets or KUBEBUILDER_ASSETS"), "{missing}");
        std::fs::set_permissions(path.join("etcd"), Permissions::from_mode(0o644)).expect("it may not be run");
        assert!(error(&path).contains("etcd` as etcd: it may not be executed"));
        std::fs::remove_file(path.join("etcd")).expect("it is removed");
        assert!(error(&path).contains("No such file"));
        std::fs::create_dir(path.join("etcd")).expect("a folder");
        assert!(error(&path).contains("it is no file"));
    }
}
