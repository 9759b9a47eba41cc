//! Ctrl-C and its like.

#![cfg(unix)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rstest::rstest;

use crate::house::{House, SKIP_LABEL};

/// More cases than any machine runs before a signal comes.
const MANY: &str = "\
requirements: [not-labelled-skip]
parameters:
  a: [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\"]
  b: [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\"]
given:
  gardener: \"1.54..1.149\"
  namespace: {labels: {gardener.cloud/role: \"${a}${b}\"}}
";

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until a line of standard error contains `text`, and gives it.
fn line_with(lines: &mut impl Iterator<Item = std::io::Result<String>>, text: &str) -> String {
    lines.map(Result::unwrap).find(|line| line.contains(text)).expect("the line comes")
}

#[rstest]
#[case::interrupt("INT", 130)]
#[case::terminate("TERM", 143)]
fn ends_within_a_second_and_reports_what_was_done(#[case] name: &str, #[case] code: i32) {
    let many = SKIP_LABEL
        .replace("requirements: [not-labelled-skip]\n", MANY)
        .replace("given:\n  namespace: {labels: {gardener.cloud/role: shoot}}\n", "");
    let house = House::with_scenario(&many);
    let mut command = house.command(&["run", "-j", "1", "--update-snapshots", "no", "--log", "seccomp_harness=info"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    line_with(&mut lines, "run started");
    let start = Instant::now();
    signal(&child, name);
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(code), "{report}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(report.contains("not run because the run was interrupted"), "{report}");
}

#[test]
fn removes_the_simulators_kubeconfig() {
    let house = House::new();
    let mut command = house.command(&["simulator", "--kubernetes", "1.31", "--kubeconfig", "config"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    line_with(&mut lines, "serving");
    let kubeconfig = house.path().join("config");
    assert!(fs::read_to_string(&kubeconfig).unwrap().contains("certificate-authority-data"));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!kubeconfig.exists());
}
