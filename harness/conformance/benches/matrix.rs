//! The whole default matrix: every scenario on every minor and node, simulated.

use std::time::Duration;

use camino::Utf8Path;
use criterion::{Criterion, criterion_group, criterion_main};
use seccomp_conformance::{RunOptions, Suite, run};
use tokio::runtime::Runtime;

/// The one that the command has too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn matrix(criterion: &mut Criterion) {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let suite = seccomp_scenario::Suite::read(&root.join("scenarios")).expect("the scenarios are right");
    let suite = Suite::from(suite);
    let options = RunOptions::new(root.join("snapshots"));
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("matrix");
    group.sample_size(10).measurement_time(Duration::from_secs(40));
    group.bench_function("all scenarios on all minors", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
            let listening = tokio::spawn(async move { while told.recv().await.is_some() {} });
            let summary = run(&suite, &options, events).await.expect("a run");
            listening.await.expect("events until the end");
            assert_eq!(summary.broken, 0);
            summary
        });
    });
    group.finish();
}

criterion_group!(benches, matrix);
criterion_main!(benches);
