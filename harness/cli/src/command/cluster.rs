//! `cluster`: kind clusters apart from runs, and what killed processes left behind.

mod report;

use std::time::SystemTime;

use camino::Utf8Path;
use seccomp_conformance::{
    KindOptions,
    inventory::{self, Created, InventoryError},
};

use crate::{
    arguments::cluster::{ClusterCommand, CreateArguments, DeleteArguments, GcArguments, ListArguments, Setting},
    command::Context,
    diagnostics,
    end::End,
    error::Failure,
    terminal,
};

/// Does one thing with the clusters of the harness.
pub(crate) async fn run(command: ClusterCommand, context: &Context) -> Result<End, Failure> {
    match command {
        ClusterCommand::Create(arguments) => create(arguments, context).await,
        ClusterCommand::List(arguments) => list(&arguments).await,
        ClusterCommand::Delete(arguments) => delete(arguments, context).await,
        ClusterCommand::Gc(arguments) => gc(&arguments).await,
    }
}

async fn create(arguments: CreateArguments, context: &Context) -> Result<End, Failure> {
    let options = KindOptions {
        node_image: arguments.node_image,
        workers: arguments.seccomp_default.into_iter().map(|setting| setting == Setting::On).collect(),
        lifetime: Some(arguments.lifetime),
        is_retained: true,
    };
    let kubeconfig = arguments.kubeconfig.as_deref();
    let was_there = kubeconfig.is_some_and(Utf8Path::exists);
    let creation = inventory::create(arguments.kubernetes, &options, kubeconfig.map(Utf8Path::to_owned));
    let created = tokio::select! {
        created = creation => created.map_err(InventoryError::into),
        // The other future is dropped, which deletes what it has made.
        () = context.cancellation.cancelled() => Err(Failure::Infrastructure(anyhow::anyhow!("a signal ended the creation"))),
    };
    if let (Err(_), Some(file), false) = (&created, kubeconfig, was_there) {
        // It is of a cluster that is gone; one that was never written is as good.
        let _ = std::fs::remove_file(file);
    }
    let created: Created = created?;
    terminal::print(&report::created(&created, kubeconfig, arguments.output))?;
    Ok(End::Passed)
}

async fn list(arguments: &ListArguments) -> Result<End, Failure> {
    let now = SystemTime::now();
    let inventory = inventory::list(now).await?;
    note_engine(inventory.has_no_engine);
    terminal::print(&report::inventory(&inventory, now, arguments.output))?;
    let is_clean = inventory.leftovers.is_empty() && inventory.clusters.iter().all(|cluster| !cluster.is_left_behind);
    if is_clean {
        return Ok(End::Passed);
    }
    terminal::note("something was left behind; `seccomp-harness cluster gc` removes it");
    Ok(End::LeftBehind)
}

async fn delete(arguments: DeleteArguments, context: &Context) -> Result<End, Failure> {
    let names = if arguments.all {
        let inventory = inventory::list(SystemTime::now()).await?;
        inventory.clusters.into_iter().map(|cluster| cluster.name).collect()
    } else {
        arguments.names
    };
    let mut outcome = Ok(End::Passed);
    let mut deleted = Vec::new();
    for name in names {
        if context.cancellation.is_cancelled() {
            break;
        }
        match inventory::delete(&name).await {
            Ok(was_there) => deleted.push((name, was_there)),
            // One cluster that cannot be deleted does not keep the others from it, nor do others hide why it could not.
            Err(error) if outcome.is_ok() => outcome = Err(error.into()),
            Err(error) => diagnostics::report(&error.into(), context.terminal),
        }
    }
    terminal::print(&report::deleted(&deleted, arguments.output))?;
    outcome
}

async fn gc(arguments: &GcArguments) -> Result<End, Failure> {
    let collected = inventory::collect(SystemTime::now()).await?;
    note_engine(collected.has_no_engine);
    terminal::print(&report::collected(&collected, arguments.output))?;
    Ok(if collected.failed.is_empty() { End::Passed } else { End::LeftBehind })
}

fn note_engine(has_none: bool) {
    if has_none {
        terminal::note("neither Docker nor Podman nor nerdctl is installed, so that there is no kind cluster");
    }
}

impl From<InventoryError> for Failure {
    fn from(error: InventoryError) -> Self {
        if error.is_usage() { Self::Usage(error.into()) } else { Self::Infrastructure(error.into()) }
    }
}
