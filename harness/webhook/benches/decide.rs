//! A 20 kB review, bytes in to bytes out.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seccomp_webhook::Reviewer;
use serde_json::{Value, json};

/// A review of a Pod with many containers and annotations, as API servers send them.
fn mk_review(bytes: usize) -> Vec<u8> {
    let container = |index: usize| {
        json!({
            "name": format!("container-{index}"),
            "image": "registry.example.org/project/image@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5",
            "env": [{ "name": "PATH", "value": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin" }],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
            "volumeMounts": [{ "name": "data", "mountPath": "/data", "readOnly": true }],
            "terminationMessagePath": "/dev/termination-log",
            "imagePullPolicy": "IfNotPresent",
        })
    };
    let mut review = json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1beta1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "namespace": "garden",
            "operation": "CREATE",
            "userInfo": { "username": "system:serviceaccount:kube-system:replicaset-controller" },
            "object": {
                "kind": "Pod", "apiVersion": "v1", "metadata": { "generateName": "web-" },
                "spec": { "containers": [], "securityContext": {} }, "status": {},
            },
            "oldObject": null,
            "dryRun": false,
        },
    });
    let mut size = review.to_string().len();
    if let Some(Value::Array(containers)) = review.pointer_mut("/request/object/spec/containers") {
        while size < bytes {
            containers.push(container(containers.len()));
            size += containers.last().map_or(1, |container| container.to_string().len() + 1);
        }
    }
    review.to_string().into_bytes()
}

fn decide(criterion: &mut Criterion) {
    let review = mk_review(20_000);
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Bytes(review.len() as u64));
    group.bench_function("20 kB review, bytes to bytes", |bencher| {
        bencher.iter(|| Reviewer::default().review(black_box(&review)));
    });
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
