//! The patch law: applied to any Pod, the patch changes the one path and nothing else.

use proptest::prelude::*;
use seccomp_webhook::{AdmissionRequest, Handler, Outcome, Reviewer, decide};
use serde_json::{Map, Value, json};

use crate::support::{mk_review, patched};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            any_fields(inner).prop_map(Value::Object),
        ]
    })
}

fn any_fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((".{0,12}", value), 0..6).prop_map(|fields| fields.into_iter().collect())
}

fn any_profile() -> impl Strategy<Value = Option<Value>> {
    let kinds = prop_oneof![Just(None), Just(Some("")), Just(Some("RuntimeDefault")), Just(Some("Unconfined"))];
    let profile = (kinds, any_fields(any_json())).prop_map(|(kind, mut fields)| {
        fields.remove("type");
        fields.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
        Value::Object(fields)
    });
    prop_oneof![Just(None), Just(Some(Value::Null)), profile.prop_map(Some)]
}

/// Any Pod: any fields anywhere, and on the one path whatever may stand there.
fn any_pod() -> impl Strategy<Value = Value> {
    let context = (any_fields(any_json()), any_profile()).prop_map(|(mut fields, profile)| {
        fields.extend(profile.map(|profile| ("seccompProfile".to_owned(), profile)));
        Value::Object(fields)
    });
    let context = prop_oneof![Just(None), Just(Some(Value::Null)), context.prop_map(Some)];
    (any_fields(any_json()), any_fields(any_json()), context).prop_map(|(mut pod, mut spec, context)| {
        spec.extend(context.map(|context| ("securityContext".to_owned(), context)));
        for key in ["metadata", "apiVersion", "kind"] {
            pod.remove(key);
        }
        pod.extend([("spec".to_owned(), Value::Object(spec))]);
        Value::Object(pod)
    })
}

/// What Kubernetes' types see at the path: null is absent, an empty type is unset.
fn profile_type(pod: &Value) -> Option<&str> {
    pod.pointer("/spec/securityContext/seccompProfile/type").and_then(Value::as_str).filter(|kind| !kind.is_empty())
}

proptest! {
    #[test]
    fn the_patch_changes_the_one_path_alone(pod in any_pod()) {
        let answer = Reviewer::default().review(mk_review(&pod).to_string().as_bytes());
        let after = patched(&answer, &pod);
        if profile_type(&pod).is_some() {
            prop_assert_eq!(answer.outcome, Outcome::AlreadySet);
            prop_assert_eq!(after, pod);
        } else {
            prop_assert_eq!(answer.outcome, Outcome::Mutated);
            let mut wanted = pod;
            if !wanted["spec"]["securityContext"].is_object() {
                wanted["spec"]["securityContext"] = json!({});
            }
            wanted["spec"]["securityContext"]["seccompProfile"] = json!({ "type": "RuntimeDefault" });
            prop_assert_eq!(after, wanted);
        }
    }

    #[test]
    fn a_second_review_changes_nothing(pod in any_pod()) {
        let once = patched(&Reviewer::default().review(mk_review(&pod).to_string().as_bytes()), &pod);
        let answer = Reviewer::default().review(mk_review(&once).to_string().as_bytes());
        prop_assert_eq!(answer.outcome, Outcome::AlreadySet);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let answer = Reviewer::default().review(&bytes);
        prop_assert!(serde_json::from_slice::<Value>(&answer.body).is_ok());
    }

    #[test]
    fn any_json_in_place_of_the_object_is_decided_alike_from_bytes_and_from_a_value(object in any_json()) {
        let review = mk_review(&object);
        for handler in [Handler::Handle, Handler::Default] {
            let request = AdmissionRequest::from_value(&review["request"]).expect("the request is good");
            let answer = Reviewer { handler, mutant: None }.review(review.to_string().as_bytes());
            prop_assert_eq!(decide(handler, &request).outcome, answer.outcome);
        }
    }
}
