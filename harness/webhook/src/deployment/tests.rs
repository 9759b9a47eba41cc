//! The objects, as far as they can be judged without an API server.

use rstest::rstest;

use super::*;
use crate::{
    registration::{Match, Registration, RequestFacts},
    selector::Labels,
};

fn mk_deployment() -> Deployment {
    let certificate = ServingCertificate::for_run(Deployment::names("garden")).unwrap();
    Deployment::new("garden", "seccomp-harness/probe:v1", &certificate)
        .with_label("run", "r1")
        .with_annotation("a", "b")
}

fn release(text: &str) -> GardenerRelease {
    text.parse().unwrap()
}

fn kinds(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["kind"].as_str().unwrap()).collect()
}

fn pod(objects: &[Value]) -> &Value {
    &objects.iter().find(|object| object["kind"] == "Deployment").unwrap()["spec"]["template"]
}

#[test]
fn what_others_need_comes_first_and_no_registration_at_all() {
    let deployment = mk_deployment();
    let reference = deployment.reference(GardenerRelease::NEWEST, None);
    assert_eq!(kinds(&reference), ["Namespace", "ServiceAccount", "Secret", "Service", "Deployment"]);
    let manager = deployment.resource_manager(GardenerRelease::NEWEST, None);
    let expected = [
        "Namespace",
        "CustomResourceDefinition",
        "ServiceAccount",
        "ClusterRoleBinding",
        "Secret",
        "ConfigMap",
        "Service",
        "Deployment",
    ];
    assert_eq!(kinds(&manager), expected);
}

#[test]
fn every_object_and_pod_is_marked() {
    let deployment = mk_deployment();
    let all = deployment.reference(GardenerRelease::NEWEST, None).into_iter();
    let all: Vec<_> = all.chain(deployment.resource_manager(GardenerRelease::NEWEST, None)).collect();
    for object in all.iter().chain([pod(&all)]) {
        let metadata = &object["metadata"];
        assert_eq!(
            (&metadata["labels"]["run"], &metadata["annotations"]["a"]),
            (&"r1".into(), &"b".into()),
            "{object}"
        );
    }
}

/// Whatever a mutant forgets, the webhook is never asked about its own Pods: it could not be started.
#[rstest]
fn its_own_pods_are_never_selected(#[values("1.54", "1.58", "1.89", "1.132", "1.149")] gardener: &str) {
    let (deployment, release) = (mk_deployment(), release(gardener));
    let read = |labels: &Value| serde_json::from_value::<Labels>(labels.clone()).unwrap();
    for mutant in Mutant::ALL.iter().copied().map(Some).chain([None]) {
        let objects = deployment.reference(release, mutant);
        let registration = Registration::of(release, true, deployment.target(), "").unwrap();
        let registration = mutant.into_iter().fold(registration, Registration::with_mutant);
        let namespace_labels = read(&objects[0]["metadata"]["labels"]);
        let object_labels = read(&pod(&objects)["metadata"]["labels"]);
        let matched = registration.explain(&RequestFacts {
            operation: "CREATE",
            group: "",
            version: "v1",
            resource: "pods",
            subresource: "",
            namespace_labels: Some(&namespace_labels),
            object_labels: Some(&object_labels),
            old_object_labels: None,
        });
        assert!(matches!(matched, Match::ObjectSelector(_)), "{mutant:?}: {matched:?}");
    }
}

/// The restricted Pod Security level, and a read-only root file system on top.
#[rstest]
#[case::reference(mk_deployment().reference(GardenerRelease::NEWEST, None))]
#[case::resource_manager(mk_deployment().resource_manager(GardenerRelease::NEWEST, None))]
fn pods_are_restricted(#[case] objects: Vec<Value>) {
    let spec = &pod(&objects)["spec"];
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
    assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    for container in spec["containers"].as_array().unwrap() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["capabilities"]["drop"][0], "ALL");
        assert_eq!(context["readOnlyRootFilesystem"], true);
        for bound in ["requests", "limits"] {
            assert!(container["resources"][bound]["memory"].is_string(), "{container}");
        }
        assert!(container["readinessProbe"].is_object() && container["livenessProbe"].is_object(), "{container}");
    }
}

#[rstest]
#[case::flags("1.58", None)]
#[case::one_namespace("1.79", Some(json!({"namespace": "garden"})))]
#[case::namespaces("1.80", Some(json!({"namespaces": ["garden"]})))]
fn the_manager_is_told_as_its_release_is(#[case] gardener: &str, #[case] source: Option<Value>) {
    let objects = mk_deployment().resource_manager(release(gardener), None);
    let arguments = &pod(&objects)["spec"]["containers"][0]["args"];
    let file = objects.iter().find(|object| object["kind"] == "ConfigMap");
    let file = file.map(|file| file["data"]["config.yaml"].as_str().unwrap().parse::<Value>().unwrap());
    match &source {
        Some(_) => assert_eq!(arguments, &json!(["--config=/etc/gardener-resource-manager-config/config.yaml"])),
        None => assert_eq!(arguments.as_array().unwrap().last().unwrap(), "--seccomp-profile-webhook-enabled=true"),
    }
    assert_eq!(file.map(|file| file["sourceClientConnection"].clone()), source);
}

#[test]
fn a_program_finds_both_clusters_by_the_same_kubeconfig() {
    let certificate = ServingCertificate::for_run(["127.0.0.1"]).unwrap();
    let ports = ProgramPorts { webhooks: 1, health: 2, metrics: 3 };
    let program =
        ResourceManagerProgram::new(release("1.89"), "garden", "/run", "/run/kubeconfig", &certificate, ports);
    assert_eq!(program.arguments, ["--config=/run/config.yaml"]);
    let file: Value = program.files["config.yaml"].parse().unwrap();
    for connection in ["sourceClientConnection", "targetClientConnection"] {
        assert_eq!(file[connection]["kubeconfig"], "/run/kubeconfig");
    }
    assert_eq!(file["server"]["webhooks"]["tls"]["serverCertDir"], "/run/tls");
    assert_eq!(program.files["tls/tls.key"], certificate.key_pem());
    assert_eq!(program.readiness_url, "http://127.0.0.1:2/readyz");
    assert_eq!(program.url, "https://127.0.0.1:1/webhooks/seccomp-profile");
    let older = ResourceManagerProgram::new(release("1.54"), "garden", "/run", "/run/kubeconfig", &certificate, ports);
    assert!(older.arguments.contains(&"--target-kubeconfig=/run/kubeconfig".to_owned()), "{:?}", older.arguments);
    assert!(!older.files.contains_key("config.yaml"));
}
