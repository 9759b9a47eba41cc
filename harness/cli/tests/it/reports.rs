//! Reports, shards, the gate, and what CI systems are given.

use std::fs;

use camino::Utf8Path;
use rstest::rstest;
use serde_json::Value;

use crate::house::{House, SKIP_LABEL, ended};

const TARGETS: [&str; 6] =
    ["--report", "json=out/run.json", "--report", "junit=out/run.xml", "--report", "markdown=out/run.md"];

fn recorded() -> House {
    let house = House::with_scenario(SKIP_LABEL);
    assert_eq!(house.run(&["run", "--kubernetes", "1.24,1.25", "--update-snapshots", "always"]).code, Some(0));
    house
}

fn json(house: &House, path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(house.path().join(path)).unwrap()).unwrap()
}

#[rstest]
#[case::passed(&["--kubernetes", "1.24"], 0, "passed")]
#[case::failed(&["--kubernetes", "1.24", "--webhook", "mutant:ignores-skip-label"], 1, "failed")]
#[case::nothing(&["--run", "nothing"], 4, "nothingSelected")]
#[case::usage(&["--requirement", "nothing"], 2, "broken")]
#[case::infrastructure(&["--cluster", "control-plane", "--assets", "nowhere"], 3, "broken")]
fn writes_reports_in_every_outcome(#[case] arguments: &[&str], #[case] code: i32, #[case] result: &str) {
    let house = recorded();
    let ended = house.run(&[&["run"], arguments, &TARGETS].concat());
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(json(&house, "out/run.json")["result"], result);
    let xml = fs::read_to_string(house.path().join("out/run.xml")).unwrap();
    assert_eq!(xml.contains("<failure"), result != "passed", "{xml}");
    assert!(fs::read_to_string(house.path().join("out/run.md")).unwrap().starts_with("## "));
}

#[test]
fn gives_prow_and_github_what_they_expect() {
    let house = recorded();
    let mut command =
        house.command(&["run", "--webhook", "mutant:ignores-skip-label", "--kubernetes", "1.24", "-o", "json"]);
    command.env("ARTIFACTS", "artifacts").env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    let ended = ended(&mut command);
    assert!(house.path().join("artifacts/junit_seccomp.xml").is_file());
    assert!(fs::read_to_string(house.path().join("summary.md")).unwrap().contains("failed"));
    assert!(ended.stderr.contains("::error file=scenarios/preconditions/skip_label.yaml,line="), "{}", ended.stderr);
    assert!(serde_json::from_str::<Value>(&ended.stdout).is_ok(), "annotations are no data");
}

#[test]
fn shards_are_disjoint_merged_and_judged() {
    let house = recorded();
    let mut cases = Vec::new();
    for shard in ["1", "2"] {
        let target = format!("json={shard}.json");
        let mut command = house.command(&["run", "--kubernetes", "1.24,1.25", "--report", &target]);
        assert_eq!(ended(command.env("CI_NODE_INDEX", shard).env("CI_NODE_TOTAL", "2")).code, Some(0));
        let listed =
            house.run(&["list", "--kubernetes", "1.24,1.25", "--partition", &format!("slice:{shard}/2"), "-o", "json"]);
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        cases.extend(listed["cases"].as_array().unwrap().iter().map(Value::to_string));
    }
    cases.sort();
    cases.dedup();
    assert_eq!(cases.len(), 4);
    house.write(
        "gate.yaml",
        "policy: It holds\ndemands:\n  - {demand: here, kubernetes: [\"1.24..1.25\"], clusters: [simulated]}\n",
    );
    let alone = house.run(&["gate", "--policy", "gate.yaml", "1.json"]);
    assert_eq!(alone.code, Some(1), "{alone:?}");
    assert!(
        alone.stdout.contains("only a part, 2 shard is of 2 missing") || alone.stdout.contains("only a part"),
        "{}",
        alone.stdout
    );
    assert_eq!(house.run(&["report", "merge", "1.json", "2.json", "--report", "json=whole.json"]).code, Some(0));
    let whole = house.run(&["gate", "--policy", "gate.yaml", "whole.json"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert_eq!(house.run(&["report", "merge", "1.json", "1.json"]).code, Some(2));
    house.write("gate.yaml", "policy: It holds\ndemand: []\n");
    assert_eq!(house.run(&["gate", "--policy", "gate.yaml", "whole.json"]).code, Some(2));
}

#[test]
fn the_matrix_is_small_enough_for_github() {
    let house = House::new();
    let cells = house.run(&["matrix", "--cluster", "control-plane", "--kubernetes", "1.24,1.25", "--shards", "2"]);
    let cells: Value = serde_json::from_str(&cells.stdout).unwrap();
    assert_eq!(cells["include"].as_array().unwrap().len(), 4);
    assert_eq!(house.run(&["matrix", "--cluster", "control-plane", "--shards", "100"]).code, Some(2));
}

/// A workflow that does something in a line of its own does what nobody can run here.
#[test]
fn every_step_of_the_workflow_is_a_script() {
    let root = Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let path = root.join("ci/github/seccomp-conformance.yaml");
    let workflow = seccomp_scenario::read_object(&path, &fs::read_to_string(&path).unwrap()).unwrap();
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let steps: Vec<&Value> = jobs.flat_map(|job| job["steps"].as_array().unwrap()).collect();
    assert!(steps.iter().any(|step| step["run"] == "ci/steps/gate"));
    for step in steps {
        match (step["run"].as_str(), step["uses"].as_str()) {
            (Some(run), None) => assert!(run.starts_with("ci/steps/") && root.join(run).is_file(), "{run}"),
            (None, Some(uses)) => {
                let commit = uses.split_once('@').unwrap().1;
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{uses}");
            }
            other => panic!("{other:?}"),
        }
    }
    let path = root.join("ci/prow/seccomp-conformance.yaml");
    let prow = seccomp_scenario::read_object(&path, &fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(prow["periodics"][0]["spec"]["containers"][0]["command"][0], "ci/pipeline");
}
