//! Admission in a simulated cluster with the webhook over TLS: the time to the first Pod, and Pods in a row.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt as _, stream};
use http::{Method, Request, header};
use kube::{Client, client::Body};
use kube_simulator::{Minor, SimulatorRequest};
use seccomp_webhook::{GardenerRelease, Registration, Running, ServingCertificate, Target, WebhookRequest};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The one that the command has too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clients that create Pods at the same time.
const CLIENTS: usize = 8;
/// Pods of one measurement.
const PODS: usize = 1_000;

async fn post(client: &Client, path: &str, object: &Value) -> u16 {
    let body = Body::from(serde_json::to_vec(object).expect("JSON"));
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .expect("a request");
    client.send(request).await.expect("an answer").status().as_u16()
}

/// A cluster of the newest minor with the webhook registered, and a namespace that Gardener manages.
async fn cluster(certificate: &ServingCertificate) -> (Client, Running) {
    let webhook =
        WebhookRequest::new(certificate.server_config()).bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port").serve();
    let simulator = SimulatorRequest::new(Minor::NEWEST).start();
    let client = Client::new(simulator.service(), "default");
    let registration =
        Registration::of(GardenerRelease::NEWEST, true, Target::Url(webhook.url()), certificate.ca_bundle());
    let registration = registration.expect("the gate is on").to_json();
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    assert_eq!(post(&client, path, &registration).await, 201);
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "managed", "labels": {"gardener.cloud/role": "shoot"}},
    });
    assert_eq!(post(&client, "/api/v1/namespaces", &namespace).await, 201);
    (client, webhook)
}

/// What is asked for with each Pod: everything up to its start on a node, or admission alone.
const CREATE: &str = "/api/v1/namespaces/managed/pods";
const DRY_RUN: &str = "/api/v1/namespaces/managed/pods?dryRun=All";

async fn create_pod(client: &Client, path: &str) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "pod-"},
        "spec": {"containers": [{"name": "main", "image": "seccomp-harness/probe:v1"}]},
    });
    assert_eq!(post(client, path, &pod).await, 201);
}

fn admission(criterion: &mut Criterion) {
    let certificate = Arc::new(ServingCertificate::for_run([Ipv4Addr::LOCALHOST.to_string()]).expect("a certificate"));
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("admission");

    group.bench_function("start to first admitted Pod", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let (client, webhook) = cluster(&certificate).await;
            create_pod(&client, CREATE).await;
            webhook
        });
    });

    group.sample_size(10).measurement_time(Duration::from_secs(10)).throughput(Throughput::Elements(PODS as u64));
    for (name, path) in [("Pods until they run, webhook over TLS", CREATE), ("admissions, webhook over TLS", DRY_RUN)] {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                let (client, webhook) = cluster(&certificate).await;
                let clients = stream::iter(0..CLIENTS).for_each_concurrent(CLIENTS, |_| {
                    let client = client.clone();
                    async move {
                        let creating = tokio::spawn(async move {
                            for _ in 0..PODS / CLIENTS {
                                create_pod(&client, path).await;
                            }
                        });
                        creating.await.expect("Pods");
                    }
                });
                clients.await;
                webhook
            });
        });
    }
    group.finish();
}

criterion_group!(benches, admission);
criterion_main!(benches);
