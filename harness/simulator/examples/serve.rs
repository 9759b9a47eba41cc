//! Serves a simulated cluster until it is interrupted: `cargo run --example serve -- 1.31 kubeconfig.yaml`.

use std::{env, fs, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use kube_simulator::{Minor, SimulatorRequest, SystemClock};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let minor = arguments.next().context("which minor, such as 1.31?")?.parse::<Minor>()?;
    let path = arguments.next().context("where shall the kubeconfig go?")?;
    let cluster = SimulatorRequest::new(minor).with_clock(Arc::new(SystemClock)).start();
    let serving = cluster.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    fs::write(&path, serving.kubeconfig()).with_context(|| format!("write {path}"))?;
    tokio::signal::ctrl_c().await?;
    serving.shutdown().await?;
    Ok(())
}
