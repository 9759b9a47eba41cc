//! Which namespaces and Pods are selected, and what is said where they are not.

use rstest::rstest;
use seccomp_webhook::{GardenerRelease, Labels, Match, Registration, RequestFacts, Target};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn registration(release: &str) -> Registration {
    let release: GardenerRelease = release.parse().expect("the release is known");
    Registration::of(release, true, Target::gardener(), "").expect("the gate is on")
}

fn mk_facts<'a>(namespace: &'a Labels, object: &'a Labels) -> RequestFacts<'a> {
    RequestFacts {
        operation: "CREATE",
        group: "",
        version: "v1",
        resource: "pods",
        subresource: "",
        namespace_labels: Some(namespace),
        object_labels: Some(object),
        old_object_labels: None,
    }
}

/// Whether 1.54, 1.132 and 1.135 change a Pod in a namespace with these labels (Kubernetes 1.21 and later).
#[rstest]
#[case::unlabelled("default", &[], [true, true, false])]
#[case::garden("garden", &[("gardener.cloud/role", "garden")], [true; 3])]
#[case::shoot("shoot--p--n", &[("gardener.cloud/role", "shoot")], [true; 3])]
#[case::role_without_value("x", &[("gardener.cloud/role", "")], [true; 3])]
#[case::exposure_class("x", &[("handler.exposureclass.gardener.cloud/name", "x")], [true, true, false])]
#[case::kube_system("kube-system", &[], [true, false, false])]
#[case::kube_system_of_a_shoot("kube-system", &[("gardener.cloud/purpose", "kube-system")], [false; 3])]
#[case::purpose_kube_system("x", &[("gardener.cloud/purpose", "kube-system")], [false, true, false])]
#[case::purpose_and_role(
    "x", &[("gardener.cloud/purpose", "kubernetes-dashboard"), ("gardener.cloud/role", "x")], [false, true, true]
)]
#[case::dashboard_by_name("kubernetes-dashboard", &[], [true, false, false])]
#[case::kube_system_with_role("kube-system", &[("gardener.cloud/role", "shoot")], [true, false, false])]
fn selects_gardener_managed_namespaces(#[case] name: &str, #[case] own: &[(&str, &str)], #[case] selected: [bool; 3]) {
    let mut namespace = labels(own);
    namespace.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    let pod = labels(&[]);
    let told = ["1.54", "1.132", "1.135"].map(|release| registration(release).explain(&mk_facts(&namespace, &pod)));
    assert_eq!(told.clone().map(|told| told.is_selected()), selected, "{told:?}");
}

/// The API server of 1.20 does not label namespaces with their names.
#[test]
fn kube_system_of_kubernetes_1_20_is_selected_by_gardener_1_132() {
    let nothing = labels(&[]);
    assert!(registration("1.132").explain(&mk_facts(&nothing, &nothing)).is_selected());
}

#[rstest]
#[case::skip("1.149", &[("seccompprofile.resources.gardener.cloud/skip", "true")],
    "objectSelector: seccompprofile.resources.gardener.cloud/skip DoesNotExist")]
#[case::skip_false("1.149", &[("seccompprofile.resources.gardener.cloud/skip", "false")],
    "objectSelector: seccompprofile.resources.gardener.cloud/skip DoesNotExist")]
#[case::skip_empty("1.54", &[("seccompprofile.resources.gardener.cloud/skip", "")],
    "objectSelector: seccompprofile.resources.gardener.cloud/skip DoesNotExist")]
#[case::another_key("1.149", &[("seccomp-profile.resources.gardener.cloud/skip", "true")], "selected")]
#[case::itself("1.54", &[("app", "gardener-resource-manager")], "objectSelector: app NotIn [gardener-resource-manager]")]
#[case::another_app("1.149", &[("app", "web")], "selected")]
#[case::static_pod("1.149", &[("static-pod", "true")], "objectSelector: static-pod NotIn [true]")]
#[case::static_pod_before("1.134", &[("static-pod", "true")], "selected")]
#[case::no_static_pod("1.149", &[("static-pod", "false")], "selected")]
fn says_which_label_exempts_a_pod(#[case] release: &str, #[case] pod: &[(&str, &str)], #[case] told: &str) {
    let namespace = labels(&[("gardener.cloud/role", "garden"), ("kubernetes.io/metadata.name", "garden")]);
    assert_eq!(registration(release).explain(&mk_facts(&namespace, &labels(pod))).to_string(), told);
}

#[rstest]
#[case::update("UPDATE", "", "pods", "", "rules: operation UPDATE")]
#[case::delete("DELETE", "", "pods", "", "rules: operation DELETE")]
#[case::eviction("CREATE", "", "pods", "eviction", "rules: resource pods/eviction")]
#[case::deployment("CREATE", "apps", "deployments", "", "rules: group apps")]
#[case::config_map("CREATE", "", "configmaps", "", "rules: resource configmaps")]
fn says_which_rule_leaves_a_request_out(
    #[case] operation: &str,
    #[case] group: &str,
    #[case] resource: &str,
    #[case] subresource: &str,
    #[case] told: &str,
) {
    let namespace = labels(&[("gardener.cloud/role", "garden")]);
    let pod = labels(&[]);
    let facts = RequestFacts { operation, group, resource, subresource, ..mk_facts(&namespace, &pod) };
    assert_eq!(registration("1.149").explain(&facts).to_string(), told);
}

#[test]
fn says_that_there_is_no_registration() {
    let nothing = labels(&[]);
    let told = Registration::explain_optional(None, &mk_facts(&nothing, &nothing));
    assert_eq!(told, Match::NotRegistered);
    assert_eq!(told.to_string(), "not registered: feature gate DefaultSeccompProfile is off");
}

/// An object selector is met when the object or the old object meets it.
#[test]
fn the_old_object_counts_too() {
    let namespace = labels(&[("gardener.cloud/role", "garden")]);
    let (skipping, plain) = (labels(&[("seccompprofile.resources.gardener.cloud/skip", "")]), labels(&[]));
    let facts = RequestFacts { old_object_labels: Some(&plain), ..mk_facts(&namespace, &skipping) };
    assert!(registration("1.149").explain(&facts).is_selected());
    let facts = RequestFacts { old_object_labels: Some(&skipping), ..mk_facts(&namespace, &skipping) };
    assert!(!registration("1.149").explain(&facts).is_selected());
}
