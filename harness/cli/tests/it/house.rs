//! A folder with scenarios, and the binary run in it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A requirement for every scenario of these tests.
const REQUIREMENTS: &str = "\
requirements:
  not-labelled-skip:
    statement: A Pod is changed only when it does not carry the skip label.
    source: Gardener docs/usage/security/default_seccomp_profile.md
";

/// A scenario that holds on every minor.
pub(crate) const SKIP_LABEL: &str = "\
scenario: The skip label exempts a Pod
requirements: [not-labelled-skip]
given:
  namespace: {labels: {gardener.cloud/role: shoot}}
when:
  - create:
      apiVersion: v1
      kind: Pod
      metadata:
        name: labelled
        labels: {seccompprofile.resources.gardener.cloud/skip: \"true\"}
      spec: {containers: [{name: main, image: probe}]}
then:
  labelled: {mutated: false, called: false}
";

/// A folder with `scenarios` in it.
pub(crate) struct House {
    folder: TempDir,
}

/// What a command wrote, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl House {
    /// With the catalogue, and no scenario.
    pub(crate) fn new() -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap() };
        house.write("scenarios/requirements.yaml", REQUIREMENTS);
        house
    }

    /// With one scenario, `preconditions/skip_label`.
    pub(crate) fn with_scenario(text: &str) -> Self {
        let house = Self::new();
        house.write("scenarios/preconditions/skip_label.yaml", text);
        house
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary with these arguments, in an environment that says nothing.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seccomp-harness"));
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(&mut self.command(arguments))
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
