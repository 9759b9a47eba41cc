//! The reports that are made of a document.

use quick_xml::{Reader, events::Event as Xml};
use seccomp_conformance::{Event, Failure, Outcome, Partition, PartitionKind, Shard, Summary};
use seccomp_report::{
    Catalogue, Document, JunitFlavor, JunitOptions, NamedReport, Policy, Waiver, github_annotations, judge, merge,
    render_junit, render_markdown,
};
use std::sync::Arc;

use crate::{failed_run, fold, mk_case, mk_finished, mk_options, mk_outcome, mk_started, mk_summary};

fn failed() -> Document {
    Document::from(&failed_run("scenarios/preconditions/skip_label.yaml".into()))
}

/// Elements by name, and the pairs that consumers tell cases by.
fn parse(xml: &str) -> (Vec<String>, Vec<(String, String)>) {
    let mut reader = Reader::from_str(xml);
    let (mut elements, mut keys) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Xml::Eof => return (elements, keys),
            Xml::Start(tag) | Xml::Empty(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                if name == "testcase" {
                    let attribute = |key: &str| {
                        let value = tag.attributes().map(Result::unwrap).find(|at| at.key.as_ref() == key.as_bytes());
                        String::from_utf8(value.unwrap().value.to_vec()).unwrap()
                    };
                    keys.push((attribute("classname"), attribute("name")));
                    assert!(attribute("time").parse::<f64>().is_ok());
                }
                elements.push(name);
            }
            _ => {}
        }
    }
}

#[test]
fn junit_is_read_by_those_who_know_failures_only() {
    for flavor in [JunitFlavor::Jenkins, JunitFlavor::Testgrid, JunitFlavor::Gitlab, JunitFlavor::Surefire] {
        let xml = render_junit(&failed(), &JunitOptions { flavor, details: None }).unwrap();
        let (elements, mut keys) = parse(&xml);
        assert_eq!(elements.iter().filter(|name| *name == "failure").count(), 2, "{xml}");
        assert!(!elements.iter().any(|name| name == "error"), "{xml}");
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!((all, keys.len()), (5, 5), "no two cases have one name, {xml}");
    }
}

#[test]
fn junit_tells_infrastructure_and_cuts_and_cleans_texts() {
    let message = format!("a\u{1b}b\u{0}c {}", "x".repeat(20_000));
    let failure = Failure::Infrastructure { message };
    let run = fold(&[
        mk_started(1, &[20]),
        mk_finished(mk_case("a/b", 20), mk_outcome(), vec![failure]),
        Event::RunFinished(Arc::new(mk_summary(1, None))),
    ]);
    let options = JunitOptions { details: Some("report.json".to_owned()), ..JunitOptions::default() };
    let xml = render_junit(&Document::from(&run), &options).unwrap();
    parse(&xml);
    assert!(xml.contains(r#"type="infrastructure""#) && xml.contains("all of it is in report.json"), "{xml}");
    assert!(!xml.contains('\u{1b}') && !xml.contains('\u{0}'));
    assert!(xml.len() < 13_000, "{}", xml.len());
}

#[test]
fn markdown_stays_within_its_limit() {
    let whole = render_markdown(&failed(), usize::MAX);
    assert!(
        whole.contains("❌ Seccomp conformance: failed") && whole.contains("labelled: mutated must be false"),
        "{whole}"
    );
    for limit in [0, 100, 500, 1_000, 1_500] {
        assert!(render_markdown(&failed(), limit).len() <= limit.max(100), "{limit}");
    }
}

#[test]
fn annotations_are_ten_at_most_and_say_what_was_dropped() {
    let mut events = vec![mk_started(14, &[20])];
    events.extend((0..14).map(|number| {
        let failure = Failure::Infrastructure { message: format!("broken, 100%\n{number}") };
        mk_finished(mk_case(&format!("a/b{number}"), 20), Outcome::default(), vec![failure])
    }));
    events.push(Event::RunFinished(Arc::new(mk_summary(14, None))));
    let lines = github_annotations(&Document::from(&fold(&events)), None);
    assert_eq!(lines.len(), 10);
    assert!(
        lines[0].starts_with("::error file=scenarios/a/b0.yaml,line=1,title=a/b0 on Kubernetes 1.20::"),
        "{}",
        lines[0]
    );
    assert!(lines[9].starts_with("::error title=5 more::"), "{}", lines[9]);
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn a_document_is_read_back_and_fits_its_schema() {
    let document = failed();
    let value = serde_json::to_value(&document).unwrap();
    let validator = jsonschema::validator_for(&Document::schema()).unwrap();
    let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let read = Document::read(&document.to_json().unwrap()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), value);
    let other = document.to_json().unwrap().replace("\"schemaVersion\": 2", "\"schemaVersion\": 1");
    assert!(Document::read(&other).unwrap_err().to_string().contains("schema version 1"));
}

/// One shard of two, with its case on a minor.
fn shard(number: u32, minor: u8) -> Document {
    let partition = Partition::new(PartitionKind::Slice, number, 2).unwrap();
    let mut run = fold(&[
        mk_started(1, &[minor]),
        mk_finished(mk_case("a/b", minor), Outcome::default(), Vec::new()),
        Event::RunFinished(Arc::new(mk_summary(1, None))),
    ]);
    run.shard = Some(Shard { partition, cases: 2, whole: "whole".to_owned() });
    Document::from(&run)
}

#[test]
fn shards_become_the_whole() {
    let merged = merge(vec![("a".to_owned(), shard(1, 20)), ("b".to_owned(), shard(2, 21))]).unwrap();
    let value = serde_json::to_value(merged).unwrap();
    assert_eq!((&value["result"], &value["counts"]["planned"]), (&"passed".into(), &2.into()));
    assert_eq!(value["partitions"], serde_json::json!([]));
    assert_eq!(value["kubernetes"], serde_json::json!(["1.20", "1.21"]));
}

#[test]
fn the_same_case_twice_is_no_shard() {
    let error = merge(vec![("a".to_owned(), shard(1, 20)), ("b".to_owned(), shard(2, 20))]).unwrap_err();
    assert!(error.to_string().starts_with("merge a and b: `a/b on Kubernetes 1.20"), "{error}");
}

const POLICY: &str = "policy: It holds\ndemands:\n  - {demand: here, requirements: [not-labelled-skip], kubernetes: [\"1.20..1.21\"], clusters: [simulated]}\n";

fn reasons(policy: &str, waivers: &str, reports: Vec<Document>) -> Vec<String> {
    let known = Catalogue::default();
    let waivers = Waiver::read_all("waivers.yaml".into(), waivers, &known).unwrap();
    let policy = Policy::read("gate.yaml".into(), policy, &known).unwrap().with_waivers(waivers);
    let reports = reports.into_iter().map(|document| NamedReport { name: "r.json".to_owned(), document });
    let today = jiff::civil::date(2026, 11, 27);
    judge(&policy, &reports.collect::<Vec<_>>(), today).reasons().to_vec()
}

#[test]
fn the_gate_says_what_is_missing() {
    let none = "waivers: []";
    assert!(reasons(POLICY, none, vec![shard(1, 20)]).iter().any(|reason| reason.contains("only a part")));
    let kind = POLICY.replace("[simulated]", "[kind]");
    assert!(reasons(&kind, none, vec![failed()])[0].starts_with("there is no report of kind with webhook reference"));
    let later = POLICY.replace("1.20..1.21", "1.36");
    assert!(reasons(&later, none, vec![failed()])[0].starts_with("nothing was run on Kubernetes 1.36"));
}

#[test]
fn waivers_that_expired_or_are_not_needed_fail() {
    let waiver =
        |until: &str| format!("waivers:\n  - {{requirement: other, owner: me, reason: because, until: \"{until}\"}}\n");
    let said = reasons(POLICY, &waiver("2026-11-26"), vec![failed()]);
    assert!(said.iter().any(|reason| reason.contains("has expired")), "{said:?}");
    let said = reasons(POLICY, &waiver("2026-11-27"), vec![failed()]);
    assert!(said.iter().any(|reason| reason.contains("about nothing that is demanded")), "{said:?}");
}

#[test]
fn a_bad_policy_is_told_with_the_nearest_name() {
    let errors =
        Policy::read("gate.yaml".into(), &POLICY.replace("clusters", "cluster"), &Catalogue::default()).unwrap_err();
    assert_eq!(errors.errors[0].to_string(), "the key `cluster` means nothing here");
    let known = Catalogue::of([&failed()]);
    let errors = Policy::read("gate.yaml".into(), &POLICY.replace("labelled", "labeled"), &known).unwrap_err();
    assert_eq!(errors.errors[0].to_string(), "`not-labeled-skip` is not known here");
    assert_eq!(errors.location(&errors.errors[0]).line, 3);
}

/// Where the machine itself filters its nodes, a mode is no more than a difference: every report says so.
#[test]
fn says_which_nodes_the_machine_filters() {
    let node = "Kubernetes 1.24, node worker: Seccomp 2, 1 filter";
    let summary = Summary { filtered_nodes: vec![node.to_owned()], ..mk_summary(1, None) };
    let run = fold(&[
        mk_started(1, &[20]),
        mk_finished(mk_case("a/b", 20), Outcome::default(), Vec::new()),
        Event::RunFinished(Arc::new(summary)),
    ]);
    let document = Document::from(&run);
    assert_eq!(serde_json::to_value(&document).unwrap()["filteredNodes"], serde_json::json!([node]));
    assert!(render_markdown(&document, usize::MAX).contains("modes are the difference: Kubernetes 1.24, node worker"));
    let text = seccomp_report::render_text(&run, &mk_options());
    assert!(text.contains(&format!("modes are the difference: {node}")), "{text}");
}
