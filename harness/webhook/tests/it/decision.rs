//! The decision, case by case: first Gardener's own tests (U1 to U9, I1 to I3), then what it leaves out.

use rstest::rstest;
use seccomp_webhook::{Handler, Outcome};
use serde_json::{Value, json};

use crate::support::{answer, body, mk_pod, mk_review, patched};

fn with(mut review: Value, pointer: &str, value: Value) -> Value {
    *review.pointer_mut(pointer).expect("the review has it") = value;
    review
}

#[rstest]
#[case::u1_update("/request/operation", json!("UPDATE"), Outcome::NotCreate, "only 'create' operation is handled")]
#[case::u2_not_core("/request/kind/group", json!("foo"), Outcome::NotAPod, "resource is not corev1.Pod")]
#[case::u2_not_v1("/request/kind/version", json!("foo"), Outcome::NotAPod, "resource is not corev1.Pod")]
#[case::u2_not_a_pod("/request/kind/kind", json!("foo"), Outcome::NotAPod, "resource is not corev1.Pod")]
fn handle_leaves_other_requests_alone(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] outcome: Outcome,
    #[case] reason: &str,
) {
    let review = with(mk_review(&mk_pod(&json!({ "securityContext": {} }))), pointer, value);
    let answer = answer(Handler::Handle, None, &review);
    assert_eq!(answer.outcome, outcome);
    assert_eq!(body(&answer)["response"]["allowed"], json!(true));
    assert_eq!(body(&answer)["response"]["status"], json!({ "metadata": {}, "reason": reason, "code": 200 }));
    assert!(body(&answer)["response"].get("patch").is_none());
}

#[test]
fn u3_handle_leaves_subresources_alone() {
    let mut review = mk_review(&mk_pod(&json!({})));
    review["request"]["subResource"] = json!("status");
    let answer = answer(Handler::Handle, None, &review);
    assert_eq!(answer.outcome, Outcome::Subresource);
    assert_eq!(body(&answer)["response"]["status"]["reason"], json!("subresources on pods are not supported"));
}

#[rstest]
#[case::u4_handle(Handler::Handle, 422)]
#[case::since_1_59(Handler::Default, 400)]
fn rejects_an_object_that_is_no_pod(
    #[case] handler: Handler,
    #[case] code: u16,
    #[values(json!("text"), json!([]), json!([null, null, null, null]), json!(null),
        json!({ "spec": 5 }), json!({ "spec": [null] }),
        json!({ "spec": { "securityContext": "x" } }), json!({ "spec": { "securityContext": [] } }),
        json!({ "spec": { "securityContext": { "seccompProfile": { "type": 5 } } } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment" }), json!({ "apiVersion": "v1", "kind": "Binding" }))]
    object: Value,
) {
    let answer = answer(handler, None, &mk_review(&object));
    assert_eq!(answer.outcome, Outcome::Undecodable, "{object}");
    assert_eq!(answer.http_status, 200);
    let response = &body(&answer)["response"];
    assert_eq!(response["uid"], json!("705ab4f5-6393-11e8-b7cc-42010a800002"));
    assert_eq!((&response["allowed"], &response["status"]["code"]), (&json!(false), &json!(code)));
}

#[rstest]
#[case::u5_unconfined(json!({ "type": "Unconfined" }))]
#[case::runtime_default(json!({ "type": "RuntimeDefault" }))]
#[case::localhost(json!({ "type": "Localhost", "localhostProfile": "a.json" }))]
#[case::a_type_that_kubernetes_does_not_know(json!({ "type": "Strict" }))]
fn u7_i1_keeps_an_explicit_profile(
    #[case] profile: Value,
    #[values(Handler::Handle, Handler::Default)] handler: Handler,
) {
    let pod = mk_pod(&json!({ "securityContext": { "seccompProfile": profile } }));
    let answer = answer(handler, None, &mk_review(&pod));
    assert_eq!(answer.outcome, Outcome::AlreadySet);
    assert_eq!(patched(&answer, &pod), pod);
    let reason = body(&answer)["response"]["status"]["reason"].clone();
    let texts = [json!(null), json!("seccomp profile is explicitly specified")];
    assert_eq!(reason, texts[usize::from(handler == Handler::Handle)]);
}

#[rstest]
#[case::u6_u9_i2_empty(json!({ "securityContext": {} }))]
#[case::u8_absent(json!({}))]
#[case::null(json!({ "securityContext": null }))]
#[case::profile_null(json!({ "securityContext": { "seccompProfile": null } }))]
#[case::type_empty(json!({ "securityContext": { "seccompProfile": { "type": "" } } }))]
#[case::type_null(json!({ "securityContext": { "seccompProfile": { "type": null } } }))]
#[case::profile_without_type(json!({ "securityContext": { "seccompProfile": { "localhostProfile": "x.json" } } }))]
#[case::container_profile(json!({ "containers": [{ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }] }))]
#[case::privileged(json!({ "containers": [{ "securityContext": { "privileged": true } }], "securityContext": {} }))]
#[case::windows(json!({ "os": { "name": "windows" }, "securityContext": {} }))]
#[case::host_network(json!({ "hostNetwork": true, "hostPID": true, "securityContext": {} }))]
fn sets_the_default_where_no_type_is_set(
    #[case] spec: Value,
    #[values(Handler::Handle, Handler::Default)] handler: Handler,
) {
    let answer = answer(handler, None, &mk_review(&mk_pod(&spec)));
    assert_eq!(answer.outcome, Outcome::Mutated);
    let mut wanted = mk_pod(&spec);
    if !wanted["spec"]["securityContext"].is_object() {
        wanted["spec"]["securityContext"] = json!({});
    }
    wanted["spec"]["securityContext"]["seccompProfile"] = json!({ "type": "RuntimeDefault" });
    assert_eq!(patched(&answer, &mk_pod(&spec)), wanted);
    assert_eq!(body(&answer)["response"]["patchType"], json!("JSONPatch"));
}

#[test]
fn i3_keeps_the_rest_of_the_security_context() {
    let context = json!({ "runAsNonRoot": false, "runAsUser": 3, "supplementalGroups": [4, 5, 6] });
    let pod = mk_pod(&json!({ "securityContext": context }));
    let answer = answer(Handler::Default, None, &mk_review(&pod));
    let mut wanted = pod.clone();
    wanted["spec"]["securityContext"]["seccompProfile"] = json!({ "type": "RuntimeDefault" });
    assert_eq!(patched(&answer, &pod), wanted);
}

#[rstest]
#[case::usual(json!({ "securityContext": {} }), json!([
    { "op": "add", "path": "/spec/securityContext/seccompProfile", "value": { "type": "RuntimeDefault" } },
]))]
#[case::without_security_context(json!({}), json!([
    { "op": "add", "path": "/spec/securityContext", "value": { "seccompProfile": { "type": "RuntimeDefault" } } },
]))]
fn patches_only_what_changes(#[case] spec: Value, #[case] operations: Value) {
    let answer = answer(Handler::Default, None, &mk_review(&mk_pod(&spec)));
    assert_eq!(serde_json::to_value(&answer.patch).expect("a patch is JSON"), operations);
}

#[rstest]
#[case::update("UPDATE", "", Outcome::Mutated)]
#[case::ephemeral_containers("UPDATE", "ephemeralcontainers", Outcome::Mutated)]
#[case::delete("DELETE", "", Outcome::Deletion)]
fn default_asks_neither_for_operation_nor_for_subresource(
    #[case] operation: &str,
    #[case] subresource: &str,
    #[case] outcome: Outcome,
) {
    let mut review = mk_review(&mk_pod(&json!({ "securityContext": {} })));
    review["request"]["operation"] = json!(operation);
    review["request"]["subResource"] = json!(subresource);
    assert_eq!(answer(Handler::Default, None, &review).outcome, outcome);
}

#[test]
fn a_deletion_has_no_object() {
    let mut review = mk_review(&json!(null));
    review["request"]["operation"] = json!("DELETE");
    let answer = answer(Handler::Default, None, &review);
    assert_eq!(body(&answer)["response"]["status"], json!({ "metadata": {}, "code": 200 }));
}

#[test]
fn a_dry_run_is_answered_like_any_other() {
    let mut review = mk_review(&mk_pod(&json!({ "securityContext": {} })));
    review["request"]["dryRun"] = json!(true);
    assert_eq!(answer(Handler::Default, None, &review).outcome, Outcome::Mutated);
}
