//! The rendered registrations, against the YAML of Gardener's own tests.

use rstest::rstest;
use seccomp_webhook::{GardenerRelease, Registration, Target};
use serde_json::{Value, json};

fn registration(release: &str) -> Value {
    let release: GardenerRelease = release.parse().expect("the release is known");
    Registration::of(release, true, Target::gardener(), "CA").expect("the gate is on").to_json()
}

/// gardener v1.54.0 `resource_manager_test.go`.
#[test]
fn is_the_one_of_1_54() {
    assert_eq!(
        registration("1.54"),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {
                "name": "gardener-resource-manager",
                "labels": {
                    "app": "gardener-resource-manager",
                    "remediation.webhook.shoot.gardener.cloud/exclude": "true",
                },
            },
            "webhooks": [{
                "name": "seccomp-profile.resources.gardener.cloud",
                "rules": [
                    { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"] },
                ],
                "namespaceSelector": { "matchExpressions": [
                    { "key": "gardener.cloud/purpose", "operator": "NotIn", "values": ["kube-system", "kubernetes-dashboard"] },
                ] },
                "objectSelector": { "matchExpressions": [
                    { "key": "seccompprofile.resources.gardener.cloud/skip", "operator": "DoesNotExist" },
                    { "key": "app", "operator": "NotIn", "values": ["gardener-resource-manager"] },
                ] },
                "clientConfig": {
                    "caBundle": "Q0E=",
                    "service": {
                        "name": "gardener-resource-manager", "namespace": "garden", "path": "/webhooks/seccomp-profile",
                    },
                },
                "admissionReviewVersions": ["v1beta1", "v1"],
                "failurePolicy": "Fail",
                "matchPolicy": "Exact",
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }],
        })
    );
}

/// Only the selectors differ between the releases; gardener v1.149.3 `resource_manager_test.go` for the newest.
#[rstest]
#[case::since_1_132("1.132", json!([
    { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kubernetes-dashboard"] },
]), json!([
    { "key": "seccompprofile.resources.gardener.cloud/skip", "operator": "DoesNotExist" },
    { "key": "app", "operator": "NotIn", "values": ["gardener-resource-manager"] },
]))]
#[case::since_1_135("1.149", json!([
    { "key": "gardener.cloud/role", "operator": "Exists" },
    { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kubernetes-dashboard"] },
]), json!([
    { "key": "seccompprofile.resources.gardener.cloud/skip", "operator": "DoesNotExist" },
    { "key": "app", "operator": "NotIn", "values": ["gardener-resource-manager"] },
    { "key": "static-pod", "operator": "NotIn", "values": ["true"] },
]))]
fn later_releases_differ_in_the_selectors_alone(
    #[case] release: &str,
    #[case] namespaces: Value,
    #[case] objects: Value,
) {
    let mut wanted = registration("1.54");
    wanted["webhooks"][0]["namespaceSelector"]["matchExpressions"] = namespaces;
    wanted["webhooks"][0]["objectSelector"]["matchExpressions"] = objects;
    assert_eq!(registration(release), wanted);
}

#[test]
fn is_the_same_throughout_an_epoch() {
    for epoch in GardenerRelease::epochs() {
        let (first, last) = (epoch.start(), epoch.end());
        assert_eq!(registration(&first.to_string()), registration(&last.to_string()));
        assert_eq!(first.handler(), last.handler());
    }
}

#[test]
fn by_url_it_names_no_service() {
    let target = Target::Url("https://127.0.0.1:9449/webhooks/seccomp-profile".to_owned());
    let registration = Registration::of(GardenerRelease::NEWEST, true, target, "CA").expect("the gate is on");
    assert_eq!(
        registration.to_json()["webhooks"][0]["clientConfig"],
        json!({ "caBundle": "Q0E=", "url": "https://127.0.0.1:9449/webhooks/seccomp-profile" })
    );
}

#[test]
fn without_the_gate_there_is_none() {
    assert_eq!(Registration::of(GardenerRelease::NEWEST, false, Target::gardener(), ""), None);
}
