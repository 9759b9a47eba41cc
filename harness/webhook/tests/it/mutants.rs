//! Each mutant differs from the reference in something, and has a name.

use std::collections::BTreeSet;

use rstest::rstest;
use seccomp_webhook::{GardenerRelease, Handler, Mutant, Registration, Target};
use serde_json::{Value, json};

use crate::support::{answer, body, mk_pod, mk_review};

/// Requests of which each mutant answers at least one otherwise, unless its registration is broken.
fn reviews() -> Vec<Value> {
    let specs = [
        json!({ "securityContext": {}, "containers": [{ "name": "main" }] }),
        json!({ "securityContext": { "runAsUser": 3 } }),
        json!({ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }),
        json!({ "securityContext": { "seccompProfile": { "type": "" } } }),
        json!({ "securityContext": { "appArmorProfile": { "type": "Unconfined" } } }),
        json!({ "os": { "name": "windows" } }),
        json!({ "containers": [{ "name": "main", "securityContext": { "privileged": true } }] }),
        json!({ "containers": [{ "name": "main", "securityContext": { "seccompProfile": { "type": "Unconfined" } } }] }),
    ];
    let mut reviews: Vec<_> = specs.iter().map(|spec| mk_review(&mk_pod(spec))).collect();
    let mut annotated = mk_review(&mk_pod(&specs[0]));
    annotated["request"]["object"]["metadata"]["annotations"] =
        json!({ "seccomp.security.alpha.kubernetes.io/pod": "runtime/default" });
    let mut dry = mk_review(&mk_pod(&specs[0]));
    dry["request"]["dryRun"] = json!(true);
    let mut generated = mk_review(&mk_pod(&specs[0]));
    generated["request"]["name"] = json!("");
    reviews.extend([annotated, dry, generated]);
    reviews
}

#[rstest]
fn every_mutant_differs_from_the_reference() {
    let registration = Registration::of(GardenerRelease::NEWEST, true, Target::gardener(), "").expect("the gate is on");
    let old = GardenerRelease::new(57).expect("1.57 is known");
    let old = Registration::of(old, true, Target::gardener(), "").expect("the gate is on");
    for mutant in Mutant::ALL.iter().copied() {
        let registers_otherwise =
            registration.clone().with_mutant(mutant) != registration || old.clone().with_mutant(mutant) != old;
        let answers_otherwise = [Handler::Handle, Handler::Default].into_iter().any(|handler| {
            reviews()
                .iter()
                .any(|review| body(&answer(handler, Some(mutant), review)) != body(&answer(handler, None, review)))
        });
        assert!(registers_otherwise || answers_otherwise, "{mutant} is no mutant");
    }
}

#[test]
fn names_are_unique_and_read_back() {
    let names: BTreeSet<_> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    assert_eq!(names.len(), Mutant::ALL.len());
    assert!(names.iter().all(|name| name.parse::<Mutant>().is_ok_and(|mutant| mutant.name() == *name)));
    let error = "ignores-everything".parse::<Mutant>().expect_err("there is no such mutant").to_string();
    assert!(error.contains("`ignores-everything`") && error.contains("ignores-skip-label"), "{error}");
}
