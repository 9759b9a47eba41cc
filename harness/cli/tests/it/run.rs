//! Runs, their reports, exit codes and snapshots.

use std::{fs, path::Path, process::Command};

use insta::assert_snapshot;
use serde_json::Value;

use crate::house::{House, SKIP_LABEL, ended};

/// A report without the time it took and what names the simulator gave.
fn stable(report: &str) -> String {
    let mask = |line: &str| {
        let masked =
            ["resourceVersion: ", "uid: ", "name: kube-api-access-", "real API servers: "].into_iter().find_map(
                |name| Some(format!("{}{name}[{}]", line.split_once(name)?.0, name.trim_end_matches([':', ' ']))),
            );
        masked.unwrap_or_else(|| line.split_once(", in ").map_or(line, |(before, _)| before).to_owned())
    };
    report.lines().map(mask).collect::<Vec<_>>().join("\n")
}

/// A house whose snapshots are recorded.
fn recorded(scenario: &str, minors: &str) -> House {
    let house = House::with_scenario(scenario);
    let ended = house.run(&["run", "--kubernetes", minors, "--update-snapshots", "always"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    house
}

#[test]
fn passes_with_0_and_a_line_a_scenario() {
    let ended = recorded(SKIP_LABEL, "1.24,1.25").run(&["run", "--kubernetes", "1.24,1.25"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert_snapshot!(stable(&ended.stdout), @r"
    ok   preconditions/skip_label  1.24-1.25    4 cases

    Kubernetes 1.
    24 25  Gardener  requirement
    ok ok  1.149     not-labelled-skip
    (ok: holds, a dot: no case)

    namespace  skip label  own profile   gate on                        gate off
    managed    no          no            no case                        no case
    managed    no          yes           no case                        no case
    managed    yes         no            4 left alone                   no case
    managed    yes         yes           no case                        no case
    other      no          no            no case                        no case
    other      no          yes           no case                        no case
    other      yes         no            no case                        no case
    other      yes         yes           no case                        no case

    passed: 4 of 4 cases of 1 scenario passed
    on Kubernetes 1.24-1.25 (simulated) with Gardener 1.149, webhook reference
    simulator compared with real API servers: [real API servers]
    ");
}

#[test]
fn fails_with_1_and_says_what_where_and_why() {
    let house = recorded(SKIP_LABEL, "1.24");
    house.write(
        "scenarios/preconditions/skip_label.yaml",
        &SKIP_LABEL.replace("mutated: false, called: false", "profile: RuntimeDefault"),
    );
    let ended = house.run(&["run", "--kubernetes", "1.24"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_snapshot!(stable(&ended.stdout), @r#"
    FAIL preconditions/skip_label: The skip label exempts a Pod
      on Kubernetes 1.24, Gardener 1.149, node seccompDefault=false and seccompDefault=true
      2 cases alike; what follows is of Kubernetes 1.24, Gardener 1.149, node seccompDefault=false

      x labelled: profile must be RuntimeDefault, and is none
           ╭─[scenarios/preconditions/skip_label.yaml:14]
        13 │ then:
        14 │   labelled: {profile: RuntimeDefault}
           ·   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           ╰─

      create Pod labelled (labelled), line 6
        submitted, and as stored (+ added, - removed; without managedFields and status):
            apiVersion: v1
            kind: Pod
            metadata:
          +   creationTimestamp: "1970-01-01T00:00:00Z"
              labels:
                seccompprofile.resources.gardener.cloud/skip: "true"
              name: labelled
          +   namespace: namespace-of-the-case
          +   resourceVersion: [resourceVersion]
          +   uid: [uid]
            spec:
              containers:
              - image: seccomp-harness/probe:v1
          +     imagePullPolicy: IfNotPresent
                name: main
          +     resources: {}
          +     terminationMessagePath: /dev/termination-log
          +     terminationMessagePolicy: File
          +     volumeMounts:
          +     - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
          +       name: kube-api-access-[name: kube-api-access-]
          +       readOnly: true
          +   dnsPolicy: ClusterFirst
          +   enableServiceLinks: true
              nodeSelector:
                seccomp-harness/node: node-of-the-case
          +   preemptionPolicy: PreemptLowerPriority
          +   priority: 0
          +   restartPolicy: Always
          +   schedulerName: default-scheduler
          +   securityContext: {}
          +   serviceAccount: default
          +   serviceAccountName: default
          +   terminationGracePeriodSeconds: 30
          +   tolerations:
          +   - effect: NoExecute
          +     key: node.kubernetes.io/not-ready
          +     operator: Exists
          +     tolerationSeconds: 300
          +   - effect: NoExecute
          +     key: node.kubernetes.io/unreachable
          +     operator: Exists
          +     tolerationSeconds: 300
          +   volumes:
          +   - name: kube-api-access-[name: kube-api-access-]
          +     projected:
          +       defaultMode: 420
          +       sources:
          +       - serviceAccountToken:
          +           expirationSeconds: 3607
          +           path: token
          +       - configMap:
          +           items:
          +           - key: ca.crt
          +             path: ca.crt
          +           name: kube-root-ca.crt
          +       - downwardAPI:
          +           items:
          +           - fieldRef:
          +               apiVersion: v1
          +               fieldPath: metadata.namespace
          +             path: namespace
        webhook: not asked: objectSelector: seccompprofile.resources.gardener.cloud/skip DoesNotExist
        containers of labelled: main (running), the kernel says Unconfined

      again: seccomp-harness run preconditions/skip_label --kubernetes 1.24 --gardener 1.149

    FAIL preconditions/skip_label  1.24         2 cases

    Kubernetes 1.
    24  Gardener  requirement
    NO  1.149     not-labelled-skip
    (ok: holds, NO: does not hold, a dot: no case)

    namespace  skip label  own profile   gate on                        gate off
    managed    no          no            no case                        no case
    managed    no          yes           no case                        no case
    managed    yes         no            2 left alone, FAIL             no case
    managed    yes         yes           no case                        no case
    other      no          no            no case                        no case
    other      no          yes           no case                        no case
    other      yes         no            no case                        no case
    other      yes         yes           no case                        no case

    failed: 0 of 2 cases of 1 scenario passed, 2 failed
    on Kubernetes 1.24 (simulated) with Gardener 1.149, webhook reference
    simulator compared with real API servers: [real API servers]
    "#);
}

#[test]
fn shows_a_command_that_fails_again_the_same_way() {
    let house = House::with_scenario(SKIP_LABEL);
    fs::rename(house.path().join("scenarios"), house.path().join("our scenarios")).unwrap();
    let given = ["--webhook", "mutant:ignores-skip-label", "--scenarios", "our scenarios", "--update-snapshots", "no"];
    let first = house.run(&[&["run", "--kubernetes", "1.24,1.25"], given.as_slice()].concat());
    assert_eq!(first.code, Some(1), "{first:?}");
    let line = first.stdout.lines().find_map(|line| line.trim_start().strip_prefix("again: ")).unwrap();

    let programs = Path::new(env!("CARGO_BIN_EXE_seccomp-harness")).parent().unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).current_dir(house.path()).env_clear().env("PATH", programs);
    let second = ended(&mut shell);
    assert_eq!((second.code, second.stderr.as_str()), (Some(1), ""), "{line}: {second:?}");
    let failure = "x labelled: mutated must be false, and is true";
    assert!(first.stdout.contains(failure) && second.stdout.contains(failure), "{line}: {second:?}");
}

#[test]
fn fails_with_1_against_a_broken_webhook() {
    let house = recorded(SKIP_LABEL, "1.24");
    let ended = house.run(&["run", "--kubernetes", "1.24", "--webhook", "mutant:ignores-skip-label", "-q"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("labelled: mutated must be false, and is true"), "{}", ended.stdout);
    assert!(ended.stdout.contains("said: allowed, patch"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("pending"), "what a mutant does is nothing to review: {}", ended.stdout);
    assert_eq!(house.run(&["run", "--kubernetes", "1.24"]).code, Some(0));
}

#[test]
fn writes_one_document_for_programs() {
    let ended = recorded(SKIP_LABEL, "1.24").run(&["run", "--kubernetes", "1.24", "-o", "json"]);
    assert_eq!(ended.code, Some(0));
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["result"], "passed");
    assert_eq!(document["counts"]["passed"], document["counts"]["planned"]);
}

#[test]
fn ends_with_4_where_nothing_is_selected() {
    let ended = House::with_scenario(SKIP_LABEL).run(&["run", "--run", "nothing"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[test]
fn leaves_snapshots_pending_with_6_until_they_are_accepted() {
    let house = House::with_scenario(SKIP_LABEL);
    let pending = |house: &House| {
        let folder = house.path().join("snapshots/preconditions");
        let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|ending| ending == "new")).count()
    };
    assert_eq!(house.run(&["run", "--kubernetes", "1.24"]).code, Some(6));
    assert_eq!(pending(&house), 1);
    assert_eq!(house.run(&["snapshot", "reject"]).code, Some(0));
    assert_eq!(pending(&house), 0);
    assert_eq!(house.run(&["run", "--kubernetes", "1.24"]).code, Some(6));
    assert_eq!(house.run(&["snapshot", "accept"]).code, Some(0));
    assert_eq!(house.run(&["run", "--kubernetes", "1.24"]).code, Some(0));
}

#[test]
fn only_compares_snapshots_in_ci() {
    let house = House::with_scenario(SKIP_LABEL);
    let ended = ended(house.command(&["run", "--kubernetes", "1.24"]).env("CI", "true"));
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(!house.path().join("snapshots/preconditions").exists(), "nothing is written in CI");
}

#[test]
fn records_snapshots_as_insta_is_told_to() {
    let house = House::with_scenario(SKIP_LABEL);
    let ended = ended(house.command(&["run", "--kubernetes", "1.24"]).env("INSTA_UPDATE", "always"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(house.path().join("snapshots/preconditions").exists());
}
