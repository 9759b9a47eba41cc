//! Creating, reading and deleting.

use k8s_openapi::api::core::v1::{Namespace, Pod, Volume};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use kube_simulator::{Minor, SimulatorRequest};
use serde_json::json;

fn client(minor: Minor) -> Client {
    Client::new(SimulatorRequest::new(minor).start().service(), "default")
}

fn mk_pod(name: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "probe"}]},
    }))
    .unwrap()
}

#[tokio::test]
async fn accepts_a_namespace_and_a_pod() {
    for minor in Minor::all() {
        let client = client(minor);
        let namespaces = Api::<Namespace>::all(client.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
        let namespace = namespaces.create(&PostParams::default(), &namespace).await.unwrap();
        assert_eq!(namespace.status.unwrap().phase.as_deref(), Some("Active"), "{minor}");

        let pods = Api::<Pod>::namespaced(client, "a");
        let pod = pods.create(&PostParams::default(), &mk_pod("p")).await.unwrap();
        assert!(pod.metadata.uid.is_some() && pod.metadata.resource_version.is_some(), "{minor}: {pod:?}");
        let listed = pods.list(&ListParams::default()).await.unwrap();
        assert_eq!(listed.items.len(), 1, "{minor}");
        let error = pods.create(&PostParams::default(), &mk_pod("p")).await.unwrap_err();
        assert!(error.to_string().contains("pods \"p\" already exists"), "{minor}: {error}");
        pods.delete("p", &DeleteParams::default().grace_period(0)).await.unwrap();
        let error = pods.get("p").await.unwrap_err();
        assert!(error.to_string().contains("pods \"p\" not found"), "{minor}: {error}");
    }
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let pods = Api::<Pod>::default_namespaced(client(Minor::NEWEST));
    let pod = pods.create(&PostParams { dry_run: true, ..PostParams::default() }, &mk_pod("p")).await.unwrap();
    assert_eq!(pod.metadata.resource_version, None);
    assert!(pods.get_opt("p").await.unwrap().is_none());
}

/// kubernetes v1.20 `plugin/pkg/admission/serviceaccount/admission.go` sets no `defaultMode`; the storage answers with what
/// it decodes from what it wrote (`apiserver/pkg/storage/etcd3/store.go` `Create`).
#[tokio::test]
async fn what_plug_ins_add_is_stored_with_its_defaults() {
    for minor in Minor::all() {
        let pods = Api::<Pod>::default_namespaced(client(minor));
        let pod = pods.create(&PostParams::default(), &mk_pod("p")).await.unwrap();
        let volumes = pod.spec.unwrap().volumes.unwrap();
        let mode = |volume: &Volume| match (&volume.projected, &volume.secret) {
            (Some(projected), _) => projected.default_mode,
            (_, Some(secret)) => secret.default_mode,
            _ => None,
        };
        assert_eq!(volumes.iter().map(mode).collect::<Vec<_>>(), [Some(420)], "{minor}");
    }
}
