//! What a simulated cluster costs: to start it, to get a first Pod admitted, and to admit one Pod more.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use kube_simulator::{ApiService, Minor, SimulatorRequest};
use tower::ServiceExt as _;

/// A Pod that is given a name by the server.
const POD: &str =
    r#"{"metadata": {"generateName": "p-"}, "spec": {"containers": [{"name": "main", "image": "probe"}]}}"#;

async fn create(service: ApiService) {
    let request = Request::post("/api/v1/namespaces/default/pods?dryRun=All")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from_static(POD.as_bytes())));
    let response = service.oneshot(request.expect("a valid request")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::CREATED);
}

fn benchmarks(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    criterion.bench_function("start a cluster", |bencher| {
        bencher.iter(|| black_box(SimulatorRequest::new(Minor::NEWEST).start()));
    });
    criterion.bench_function("from start to the first admitted Pod", |bencher| {
        bencher.to_async(&runtime).iter(|| create(SimulatorRequest::new(Minor::NEWEST).start().service()));
    });
    let mut group = criterion.benchmark_group("admission");
    group.throughput(Throughput::Elements(1));
    let service = SimulatorRequest::new(Minor::NEWEST).start().service();
    group.bench_function("one Pod more", |bencher| bencher.to_async(&runtime).iter(|| create(service.clone())));
    group.finish();
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
