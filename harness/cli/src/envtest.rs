//! The variables by which envtest's users say where a control plane is and how it is run.
//!
//! # Source
//! controller-runtime `pkg/envtest/server.go`, `pkg/internal/testing/process/bin_path_finder.go`

use std::{ffi::OsString, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_conformance::ControlPlaneSettings;

use crate::{duration, error::Failure};

/// Where envtest looks when nothing is named.
const DEFAULT_ASSETS: &str = "/usr/local/kubebuilder/bin";
const START_TIMEOUT: &str = "KUBEBUILDER_CONTROLPLANE_START_TIMEOUT";
const STOP_TIMEOUT: &str = "KUBEBUILDER_CONTROLPLANE_STOP_TIMEOUT";

/// What the variables say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envtest {
    assets: Option<Utf8PathBuf>,
    etcd: Option<Utf8PathBuf>,
    apiserver: Option<Utf8PathBuf>,
    start_timeout: Option<String>,
    stop_timeout: Option<String>,
    is_output_attached: bool,
}

impl Envtest {
    /// Reads what `lookup` finds; an empty variable says nothing.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name| lookup(name)?.into_string().ok().filter(|value| !value.is_empty());
        let path = |name| text(name).map(Utf8PathBuf::from);
        Self {
            assets: path("KUBEBUILDER_ASSETS"),
            etcd: path("TEST_ASSET_ETCD"),
            apiserver: path("TEST_ASSET_KUBE_APISERVER"),
            start_timeout: text(START_TIMEOUT),
            stop_timeout: text(STOP_TIMEOUT),
            is_output_attached: text("KUBEBUILDER_ATTACH_CONTROL_PLANE_OUTPUT").as_deref() == Some("true"),
        }
    }

    /// The folders with control planes, where `named` names none.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn assets(&self, named: &[Utf8PathBuf]) -> Result<Vec<Utf8PathBuf>, Failure> {
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let beside =
            |program: &Option<Utf8PathBuf>| program.as_deref().and_then(Utf8Path::parent).map(Utf8Path::to_owned);
        let default = || Some(Utf8PathBuf::from(DEFAULT_ASSETS)).filter(|folder| folder.is_dir());
        let folder =
            self.assets.clone().or_else(|| beside(&self.apiserver)).or_else(|| beside(&self.etcd)).or_else(default);
        folder.map(|folder| vec![folder]).ok_or_else(|| {
            Failure::usage(
                "--cluster control-plane needs etcd and kube-apiserver: name their folder with --assets or \
                 KUBEBUILDER_ASSETS; `setup-envtest use 1.31.x -p path` downloads them and prints it",
            )
        })
    }

    /// How control planes are run; programs that are named by variables give way to folders that are `named`.
    ///
    /// # Errors
    /// A variable says what cannot be read.
    pub(crate) fn settings(&self, named: &[Utf8PathBuf]) -> Result<ControlPlaneSettings, Failure> {
        let default = ControlPlaneSettings::default();
        let limit = |name: &str, text: &Option<String>, default: Duration| match text {
            None => Ok(default),
            Some(text) => duration::parse(text)
                .map_err(|error| Failure::Usage(anyhow::Error::new(error).context(format!("read {name}")))),
        };
        let program = |program: &Option<Utf8PathBuf>| program.clone().filter(|_| named.is_empty());
        Ok(ControlPlaneSettings {
            etcd: program(&self.etcd),
            apiserver: program(&self.apiserver),
            start_limit: limit(START_TIMEOUT, &self.start_timeout, default.start_limit)?,
            stop_limit: limit(STOP_TIMEOUT, &self.stop_timeout, default.stop_limit)?,
            is_output_attached: self.is_output_attached,
            supervisor: this_program(),
        })
    }
}

/// This very program, even where another one has taken its place in the file system since.
fn this_program() -> Option<Utf8PathBuf> {
    Some(Utf8PathBuf::from("/proc/self/exe")).filter(|program| program.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envtest(variables: &[(&str, &str)]) -> Envtest {
        Envtest::from_lookup(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_folder_that_is_named_is_stronger_than_variables() {
        let envtest = envtest(&[("KUBEBUILDER_ASSETS", "/assets"), ("TEST_ASSET_ETCD", "/other/etcd")]);
        let named = [Utf8PathBuf::from("/named")];
        assert_eq!(envtest.assets(&named).expect("a folder"), named);
        assert_eq!(envtest.settings(&named).expect("settings").etcd, None);
        assert_eq!(envtest.assets(&[]).expect("a folder"), ["/assets"]);
        assert_eq!(envtest.settings(&[]).expect("settings").etcd.as_deref(), Some(Utf8Path::new("/other/etcd")));
    }

    #[test]
    fn two_programs_are_enough() {
        let envtest = envtest(&[("TEST_ASSET_ETCD", "/a/etcd"), ("TEST_ASSET_KUBE_APISERVER", "/b/kube-apiserver")]);
        assert_eq!(envtest.assets(&[]).expect("a folder"), ["/b"]);
    }

    #[test]
    fn reads_limits() {
        let settings = envtest(&[(START_TIMEOUT, "1m30s"), (STOP_TIMEOUT, "5s")]).settings(&[]).expect("settings");
        assert_eq!((settings.start_limit, settings.stop_limit), (Duration::from_secs(90), Duration::from_secs(5)));
        let error = envtest(&[(STOP_TIMEOUT, "soon")]).settings(&[]).expect_err("it is refused");
        assert!(error.to_string().contains(STOP_TIMEOUT), "{error}");
    }
}
