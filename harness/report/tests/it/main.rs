//! Reports of runs that never were: their events are written by hand.

#![expect(clippy::unwrap_used, reason = "fixtures of tests; what cannot be set up fails the test")]

mod documents;

use std::{fs, sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use insta::assert_snapshot;
use seccomp_conformance::{
    Answer, Case, CaseFinished, ClusterDescription, ContainerList, ContainerOutcome, Coverage, EndedEarly, Event,
    Failure, Invocation, Minor, NodeSetting, ObjectOutcome, Observations, Outcome, PreconditionCoverage, Preconditions,
    RequirementCoverage, Review, Status, StepOutcome, Summary, Verb, Verdict,
};
use seccomp_report::{Document, Run, TextOptions, render_text};
use serde_json::json;

fn mk_minor(number: u8) -> Minor {
    Minor::new(number).unwrap()
}

fn mk_case(scenario: &str, minor: u8) -> Case {
    Case {
        scenario: scenario.to_owned(),
        file: format!("scenarios/{scenario}.yaml").into(),
        title: "The skip label exempts a Pod".to_owned(),
        requirements: vec!["not-labelled-skip".to_owned()],
        parameters: [("value".to_owned(), json!("true"))].into(),
        minor: mk_minor(minor),
        gardener: "1.149".to_owned(),
        node: NodeSetting::default(),
    }
}

fn mk_finished(case: Case, outcome: Outcome, failures: Vec<Failure>) -> Event {
    Event::CaseFinished(CaseFinished {
        case: Arc::new(case),
        outcome: Arc::new(outcome),
        verdict: Verdict { failures },
        elapsed: Duration::from_millis(1),
    })
}

fn mk_started(cases: usize, minors: &[u8]) -> Event {
    Event::RunStarted {
        cluster: ClusterDescription {
            name: "simulated".to_owned(),
            observations: Observations { api: true, kernel: true },
            is_real: false,
            verified: Some("9 requests to v1.24.17 on 2026-11-27".to_owned()),
        },
        webhook: "reference".to_owned(),
        scenarios: 1,
        cases,
        left_out: 0,
        minors: minors.iter().copied().map(mk_minor).collect(),
        gardener: vec!["1.149".to_owned()],
        shard: None,
    }
}

fn mk_summary(planned: usize, ended_early: Option<EndedEarly>) -> Summary {
    Summary {
        planned,
        left_out: Vec::new(),
        passed: 0,
        failed: 0,
        pending: 0,
        broken: 0,
        ended_early,
        orphan_snapshots: Vec::new(),
        pending_snapshots: Vec::new(),
        written_snapshots: Vec::new(),
        left_behind: Vec::new(),
        filtered_nodes: Vec::new(),
        coverage: mk_coverage(),
        elapsed: Duration::from_millis(1_230),
    }
}

fn mk_coverage() -> Coverage {
    let states = [(20, Status::Passed), (21, Status::Failed)];
    let states = states.map(|(minor, status)| ((mk_minor(minor), "1.149".to_owned()), status)).into();
    let met = Preconditions { gate: true, managed_namespace: true, unlabelled: true, profile_unset: true };
    let labelled = Preconditions { unlabelled: false, ..met };
    Coverage {
        requirements: [
            (
                "not-labelled-skip".to_owned(),
                RequirementCoverage { text: "The skip label.".to_owned(), is_about_kernel: false, states },
            ),
            ("only-new-pods".to_owned(), RequirementCoverage::default()),
        ]
        .into(),
        preconditions: [
            (
                met,
                PreconditionCoverage {
                    creations: 1_200,
                    mutated: 1_200,
                    status: Some(Status::Passed),
                    ..Default::default()
                },
            ),
            (
                labelled,
                PreconditionCoverage { creations: 3, mutated: 1, status: Some(Status::Failed), ..Default::default() },
            ),
        ]
        .into(),
        ..Coverage::default()
    }
}

fn mk_outcome() -> Outcome {
    let submitted = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "labelled", "labels": {"seccompprofile.resources.gardener.cloud/skip": "true"}},
        "spec": {"containers": [{"name": "main", "image": "probe"}]}
    });
    let mut stored = submitted.clone();
    stored["spec"]["securityContext"] = json!({"seccompProfile": {"type": "RuntimeDefault"}});
    let review = Review {
        version: "admission.k8s.io/v1".to_owned(),
        request: json!({"operation": "CREATE", "namespace": "case", "name": "labelled", "kind": {"kind": "Pod"}}),
        allowed: true,
        patch: json!([{"op": "add", "path": "/spec/securityContext", "value": {}}]),
        response: json!({"allowed": true}),
    };
    Outcome {
        steps: vec![StepOutcome {
            verb: Verb::Create,
            name: Some("labelled".to_owned()),
            object: "Pod labelled".to_owned(),
            line: 3,
            submitted: Some(submitted),
            answer: Answer { code: 201, warnings: vec!["a warning".to_owned()], body: stored },
            pods: Vec::new(),
            invocation: Some(Invocation::Called { reviews: vec![review] }),
        }],
        objects: vec![ObjectOutcome {
            name: "labelled".to_owned(),
            stored: None,
            containers: Some(vec![ContainerOutcome {
                name: "main".to_owned(),
                list: ContainerList::Main,
                state: "running".to_owned(),
                mode: Some("RuntimeDefault".to_owned()),
            }]),
        }],
    }
}

fn mk_options() -> TextOptions {
    TextOptions { color: false, quiet: false, scenarios: "scenarios".into(), snapshots: "snapshots".into() }
}

fn fold(events: &[Event]) -> Run {
    let mut run = Run::default();
    for event in events {
        run.apply(event);
    }
    run
}

fn failed_run(file: Utf8PathBuf) -> Run {
    let expectation = Failure::Expectation {
        file,
        line: 3,
        of: "labelled".to_owned(),
        subject: "mutated".to_owned(),
        expected: "false".to_owned(),
        actual: "true".to_owned(),
    };
    let name = "preconditions/skip_label";
    fold(&[
        mk_started(4, &[20, 21, 22, 23]),
        mk_finished(mk_case(name, 22), mk_outcome(), vec![expectation.clone()]),
        mk_finished(mk_case(name, 20), Outcome::default(), Vec::new()),
        mk_finished(mk_case(name, 21), mk_outcome(), vec![expectation]),
        mk_finished(mk_case(name, 23), Outcome::default(), Vec::new()),
        Event::RunFinished(Arc::new(mk_summary(4, None))),
    ])
}

#[test]
fn shows_a_failure_with_all_its_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let file = Utf8PathBuf::from_path_buf(folder.path().join("skip_label.yaml")).unwrap();
    fs::write(&file, "scenario: The skip label exempts a Pod\nthen:\n  labelled: {mutated: false}\n").unwrap();
    let text = render_text(&failed_run(file.clone()), &mk_options()).replace(file.as_str(), "skip_label.yaml");
    assert_snapshot!(text, @r#"
    FAIL preconditions/skip_label: The skip label exempts a Pod
      on Kubernetes 1.21-1.22, Gardener 1.149, node seccompDefault=false
      with value="true"
      2 cases alike; what follows is of Kubernetes 1.21, Gardener 1.149, node seccompDefault=false, value="true"

      x labelled: mutated must be false, and is true
          ╭─[skip_label.yaml:3]
        2 │ then:
        3 │   labelled: {mutated: false}
          ·   ^^^^^^^^^^^^^^^^^^^^^^^^^^
          ╰─

      create Pod labelled (labelled), line 3
        submitted, and as stored (+ added, - removed; without managedFields and status):
            apiVersion: v1
            kind: Pod
            metadata:
              labels:
                seccompprofile.resources.gardener.cloud/skip: "true"
              name: labelled
            spec:
              containers:
              - image: probe
                name: main
          +   securityContext:
          +     seccompProfile:
          +       type: RuntimeDefault
        warning: a warning
        webhook: asked (admission.k8s.io/v1) about CREATE of Pod case/labelled
                 said: allowed, patch [{"op":"add","path":"/spec/securityContext","value":{}}]
        containers of labelled: main (running), the kernel says RuntimeDefault

      again: seccomp-harness run preconditions/skip_label --kubernetes 1.21 --gardener 1.149

    FAIL preconditions/skip_label  1.21-1.22    2 cases
    ok                             1.20, 1.23   2 cases

    Kubernetes 1.
    20 21 22 23  Gardener  requirement
    ok NO  .  .  1.149     not-labelled-skip
    (ok: holds, NO: does not hold, a dot: no case)
    1 of 2 requirements have no case here:
      only-new-pods

    namespace  skip label  own profile   gate on                        gate off
    managed    no          no            1,200 changed                  no case
    managed    no          yes           no case                        no case
    managed    yes         no            1 of 3 changed, FAIL           no case
    managed    yes         yes           no case                        no case
    other      no          no            no case                        no case
    other      no          yes           no case                        no case
    other      yes         no            no case                        no case
    other      yes         yes           no case                        no case

    failed: 2 of 4 cases of 1 scenario passed, 2 failed
    on Kubernetes 1.20-1.23 (simulated) with Gardener 1.149, webhook reference, in 1.23 s
    simulator compared with real API servers: 9 requests to v1.24.17 on 2026-11-27
    "#);
}

#[test]
fn says_how_far_an_interrupted_run_came() {
    let finished = mk_finished(mk_case("a/b", 20), Outcome::default(), Vec::new());
    let text = render_text(&fold(&[mk_started(2, &[20]), finished]), &mk_options());
    assert_snapshot!(text, @r"
    ok   a/b  1.20         1 case

    interrupted: 1 of 2 cases of 1 scenario passed, 1 not run because the run was interrupted
    on Kubernetes 1.20 (simulated) with Gardener 1.149, webhook reference
    simulator compared with real API servers: 9 requests to v1.24.17 on 2026-11-27
    ");
}

#[test]
fn uses_colours_only_where_asked() {
    let run = failed_run("nowhere.yaml".into());
    assert!(!render_text(&run, &mk_options()).contains('\u{1b}'));
    assert!(render_text(&run, &TextOptions { color: true, ..mk_options() }).contains("\u{1b}[1;31mFAIL\u{1b}[0m"));
}

#[test]
fn names_snapshots_that_need_a_decision() {
    let mut summary = mk_summary(1, None);
    summary.pending_snapshots = vec!["a/b@1.20.snap.new".into()];
    summary.orphan_snapshots = vec!["a/old@1.20.snap".into()];
    let missing = Failure::SnapshotMissing { file: "a/b@1.20.snap".into(), section: "value=\"true\"".to_owned() };
    let finished = mk_finished(mk_case("a/b", 20), mk_outcome(), vec![missing]);
    let run = fold(&[mk_started(1, &[20]), finished, Event::RunFinished(Arc::new(summary))]);
    let text = render_text(&run, &TextOptions { quiet: true, ..mk_options() });
    assert_snapshot!(text, @r"
    new  a/b 1.20: there is no snapshot yet

    pending snapshots/a/b@1.20.snap.new
    orphan snapshots/a/old@1.20.snap
    Look at what is pending, then: seccomp-harness snapshot accept (or reject)
    No scenario has the orphan snapshots any more: remove them.

    failed: 0 of 1 cases of 1 scenario passed, 1 without a reviewed snapshot, 1 orphan snapshot
    on Kubernetes 1.20 (simulated) with Gardener 1.149, webhook reference, in 1.23 s
    simulator compared with real API servers: 9 requests to v1.24.17 on 2026-11-27
    ");
}

#[test]
fn says_at_the_end_that_only_orphans_fail_the_run() {
    let mut summary = mk_summary(1, None);
    summary.orphan_snapshots = vec!["a/old@1.20.snap".into(), "a/old@1.22.snap".into()];
    let finished = mk_finished(mk_case("a/b", 20), mk_outcome(), Vec::new());
    let run = fold(&[mk_started(1, &[20]), finished, Event::RunFinished(Arc::new(summary))]);
    let text = render_text(&run, &TextOptions { quiet: true, ..mk_options() });
    assert_snapshot!(text, @r"
    orphan snapshots/a/old@1.20.snap
    orphan snapshots/a/old@1.22.snap
    No scenario has the orphan snapshots any more: remove them.

    failed: 1 of 1 cases of 1 scenario passed, 2 orphan snapshots
    on Kubernetes 1.20 (simulated) with Gardener 1.149, webhook reference, in 1.23 s
    simulator compared with real API servers: 9 requests to v1.24.17 on 2026-11-27
    ");
}

#[test]
fn sums_up_on_one_screen() {
    let minors: Vec<u8> = (20..=37).collect();
    let mut summary = mk_summary(1, None);
    let state = |minor: &u8, status| ((mk_minor(*minor), "1.149".to_owned()), status);
    for number in 0..30 {
        let is_new = |minor: &u8| number != 3 || *minor >= 23;
        let status = |minor: &u8| if number == 7 && *minor < 25 { Status::Failed } else { Status::Passed };
        let states = minors.iter().filter(|minor| is_new(minor)).map(|minor| state(minor, status(minor))).collect();
        let requirement = RequirementCoverage { text: "It holds.".to_owned(), is_about_kernel: false, states };
        summary.coverage.requirements.insert(format!("requirement-number-{number:02}"), requirement);
    }
    summary.coverage.requirements.retain(|id, _| id.starts_with("requirement"));
    let finished = mk_finished(mk_case("a/b", 20), mk_outcome(), Vec::new());
    let run = fold(&[mk_started(1, &minors), finished, Event::RunFinished(Arc::new(summary))]);
    let text = render_text(&run, &mk_options());
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("Kubernetes 1.")).collect();
    assert!(lines.len() <= 40, "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 120), "{text}");
    assert_snapshot!(lines[1..5].join("\n"), @r"
    20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37  Gardener  requirement
    NO NO NO NO NO ok ok ok ok ok ok ok ok ok ok ok ok ok  1.149     requirement-number-07
     .  .  . ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok  1.149     requirement-number-03
    ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok  1.149     requirement-number-00 requirement-number-01
    ");
}

#[test]
fn gives_programs_a_document() {
    let document = serde_json::to_value(Document::from(&failed_run("a.yaml".into()))).unwrap();
    assert_eq!(document["schemaVersion"], 2);
    assert_eq!(document["result"], "failed");
    assert_eq!(
        document["counts"],
        json!({"planned": 4, "leftOut": 0, "finished": 4, "passed": 2, "pending": 0, "failed": 2, "broken": 0})
    );
    let finding = &document["findings"][0];
    assert_eq!(finding["cases"][0]["kubernetes"], "1.21", "the oldest case comes first");
    assert_eq!(finding["cases"].as_array().unwrap().len(), 2);
    assert_eq!(finding["failures"][0]["line"], 3);
    assert_eq!(finding["evidence"]["steps"][0]["webhook"]["reviews"][0]["patch"][0]["op"], "add");
    assert_eq!(document["requirements"][0]["states"][1]["status"], "failed");
    let outcomes = &document["scenarios"][0]["outcomes"];
    assert_eq!(outcomes[0], json!({"status": "failed", "kubernetes": ["1.21", "1.22"], "range": "1.21-1.22"}));
}
