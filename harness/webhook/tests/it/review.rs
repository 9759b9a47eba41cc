//! AdmissionReviews in and out: versions, uids, and what is no review.

use base64::Engine as _;
use rstest::rstest;
use seccomp_webhook::{Handler, Outcome, Reviewer};
use serde_json::{Value, json};

use crate::support::{answer, body, mk_pod, mk_review};

#[rstest]
#[case::v1("admission.k8s.io/v1")]
#[case::v1beta1("admission.k8s.io/v1beta1")]
fn answers_in_the_version_that_was_asked(#[case] version: &str) {
    let mut review = mk_review(&mk_pod(&json!({ "securityContext": {} })));
    review["apiVersion"] = json!(version);
    let answer = answer(Handler::Default, None, &review);
    let operations =
        r#"[{"op":"add","path":"/spec/securityContext/seccompProfile","value":{"type":"RuntimeDefault"}}]"#;
    let wanted = json!({
        "kind": "AdmissionReview",
        "apiVersion": version,
        "response": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "allowed": true,
            "status": { "metadata": {}, "code": 200 },
            "patch": base64::engine::general_purpose::STANDARD.encode(operations),
            "patchType": "JSONPatch",
        },
    });
    assert_eq!(body(&answer), wanted);
}

#[test]
fn a_review_without_kind_is_answered_as_v1() {
    let mut review = mk_review(&mk_pod(&json!({})));
    for key in ["apiVersion", "kind"] {
        review.as_object_mut().expect("a review is an object").remove(key);
    }
    assert_eq!(body(&answer(Handler::Default, None, &review))["apiVersion"], json!("admission.k8s.io/v1"));
}

#[rstest]
#[case::no_json("{]")]
#[case::empty_object_of_another_kind(r#"{"apiVersion":"v1","kind":"Pod"}"#)]
#[case::unknown_version(r#"{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{}}"#)]
#[case::no_request(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#)]
#[case::request_null(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}"#)]
#[case::request_is_a_list(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":[]}"#)]
#[case::uid_is_a_number(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":5}}"#)]
#[case::a_list("[]")]
#[case::cut_off(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"a","object":{"#)]
#[case::a_control_character("\u{0}")]
fn rejects_what_is_no_review(#[case] text: &str) {
    let answer = Reviewer::default().review(text.as_bytes());
    assert_eq!((answer.http_status, answer.outcome), (400, Outcome::Malformed));
    let body = body(&answer);
    assert_eq!(body.get("kind"), None);
    assert_eq!(body["response"]["uid"], json!(""));
    assert_eq!(body["response"]["allowed"], json!(false));
    assert_eq!(body["response"]["status"]["code"], json!(400));
    assert!(body["response"]["status"]["message"].as_str().is_some_and(|text| !text.is_empty()));
}

#[rstest]
#[case::its_own(json!("web"), json!({ "name": "web" }), "web")]
#[case::generated(json!(null), json!({ "generateName": "web-" }), "web-")]
#[case::absent(json!(null), json!({}), "")]
fn tells_the_name_or_what_it_will_be_made_of(#[case] name: Value, #[case] metadata: Value, #[case] told: &str) {
    let mut pod = mk_pod(&json!({}));
    pod["metadata"] = metadata;
    let mut review = mk_review(&pod);
    review["request"]["name"] = name;
    let answer = answer(Handler::Default, None, &review);
    assert_eq!((answer.name.as_str(), answer.namespace.as_str()), (told, "garden"));
    assert_eq!(answer.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
}

#[test]
fn escapes_in_names_are_read() {
    let review = mk_review(&mk_pod(&json!({}))).to_string().replace("705ab4f5", r"\u0037\u002205ab4f5");
    let answer = Reviewer::default().review(review.as_bytes());
    assert_eq!(answer.uid, "7\"05ab4f5-6393-11e8-b7cc-42010a800002");
    assert_eq!(body(&answer)["response"]["uid"], json!(answer.uid));
}
