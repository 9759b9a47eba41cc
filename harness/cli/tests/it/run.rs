//! Runs, their reports, exit codes and snapshots.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::house::{House, SKIP_LABEL, ended};

/// A report without what differs from run to run.
fn stable(report: &str) -> String {
    let lines = report.lines().map(|line| line.split_once(", in ").map_or(line, |(before, _)| before));
    lines.collect::<Vec<_>>().join("\n")
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
    assert_snapshot!(stable(&ended.stdout), @"");
}

#[test]
fn fails_with_1_and_says_what_where_and_why() {
    let house = recorded(SKIP_LABEL, "1.24");
    house.write("scenarios/preconditions/skip_label.yaml", &SKIP_LABEL.replace("mutated: false", "mutated: true"));
    let ended = house.run(&["run", "--kubernetes", "1.24"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_snapshot!(stable(&ended.stdout), @"");
}

#[test]
fn fails_with_1_against_a_broken_webhook() {
    let house = recorded(SKIP_LABEL, "1.24");
    let ended = house.run(&["run", "--kubernetes", "1.24", "--webhook", "mutant:ignores-skip-label", "-q"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("labelled: called must be false, and is true"), "{}", ended.stdout);
    assert!(ended.stdout.contains("said: allowed, patch"), "{}", ended.stdout);
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
        let files =
            fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
        files.map(|files| files.filter(|name| name.ends_with(".new")).count()).unwrap_or(0)
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
