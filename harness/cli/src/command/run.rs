//! `run`: scenarios on clusters, and the report.

mod folded;

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use camino::Utf8Path;
use clap::ValueEnum as _;
use seccomp_conformance::{
    ClusterKind as Cluster, Event, HarnessImage, KindSettings, KubeconfigSettings, Partition, PlanError, Predicate,
    RunError, RunOptions, Selection, SnapshotMode, Suite, WebhookKind,
};
use seccomp_report::{Document, Progress, Run, RunVerdict, TextOptions, render_text};
use seccomp_scenario::Suite as Files;
use seccomp_webhook::ForeignWebhook;
use tokio::sync::mpsc;

use self::folded::{Folded, came_to, fault};
use crate::{
    arguments::{
        self, ClusterKind, Format, RunArguments, SnapshotUpdate,
        real::{Given, RealClusters, Subject},
    },
    command::Context,
    diagnostics,
    end::End,
    error::Failure,
    folders::Found,
    reporting::Reporting,
    selection,
    terminal::{self, Environment},
    webhook_choice::{TestedWebhook, WebhookChoice},
};

/// How long a cancelled run on simulated clusters has to sum up; the whole command ends within a second of the signal.
const SUMMING_UP: Duration = Duration::from_millis(600);

/// Runs what is selected and reports it, whatever becomes of the run: also when a signal ends it, or a fault of the harness.
pub(crate) async fn run(arguments: RunArguments, context: &Context) -> Result<End, Failure> {
    let reporting = Reporting::new(&arguments.reporting, &context.environment);
    let folded = Folded::new(requested(&arguments));
    // First of all there are reports that say that there is no more than this: a run that is killed leaves them.
    reporting.write(&folded.unfinished())?;
    let format = arguments.output;
    // A task of its own: a fault of the harness ends it alone, and is reported.
    let attempt = tokio::spawn(attempt(arguments, context.clone(), folded.clone()));
    let attempted = came_to(attempt.await);
    folded.close(attempted.as_ref().err(), context.cancellation.is_cancelled());
    let run = folded.take();
    let document = Document::from(&run);
    let written = reporting.write(&document).and_then(|()| reporting.publish(&document));
    let options = match (attempted, written) {
        (Ok(options), Ok(())) => options,
        (Err(failure), written) => {
            // Both are told; what the run itself ended by decides how the command ends.
            if let Err(unwritten) = written {
                diagnostics::report(&unwritten, context.terminal);
            }
            return Err(failure);
        }
        (Ok(_), Err(unwritten)) => return Err(unwritten),
    };
    terminal::print(&match format {
        Format::Text => render_text(&run, &options),
        Format::Json => document.to_json().map_err(|error| Failure::Infrastructure(error.into()))?,
    })?;
    Ok(match (end(run.verdict()), tell_left_behind(&run)) {
        (End::Passed, true) => End::LeftBehind,
        (end, _) => end,
    })
}

/// Tells what could not be taken away again, whether or not scenarios hold.
fn tell_left_behind(run: &Run) -> bool {
    let left_behind = run.summary.iter().flat_map(|summary| &summary.left_behind);
    left_behind.map(|what| terminal::note(&format!("left behind: {what}"))).count() > 0
}

/// The run that is asked for, as far as that can be told before anything is read.
fn requested(arguments: &RunArguments) -> Run {
    let cluster = arguments.cluster.name();
    let webhook = webhook(arguments).map(|webhook| webhook.to_string()).unwrap_or_default();
    let minors = if arguments.selection.kubernetes.is_empty() {
        Vec::new()
    } else {
        selection::minors(&arguments.selection.kubernetes).unwrap_or_default()
    };
    Run::requested(&cluster, &webhook, minors, arguments.reached_by())
}

/// Reads the scenarios and runs them, and says how the report for people is written.
async fn attempt(arguments: RunArguments, context: Context, folded: Folded) -> Result<TextOptions, Failure> {
    let folders = arguments.folders.find()?;
    let files = Files::read(&folders.scenarios)?;
    let options = options(&arguments, &files, &folders, &context)?;
    execute(Suite::from(files), options, &context, &folded).await?;
    Ok(TextOptions {
        color: context.terminal.color_stdout,
        quiet: context.terminal.quiet,
        scenarios: folders.scenarios,
        snapshots: folders.snapshots,
    })
}

/// The one place that turns a verdict into how the command ends.
fn end(verdict: RunVerdict) -> End {
    match verdict {
        RunVerdict::Passed => End::Passed,
        RunVerdict::NothingSelected => End::NothingSelected,
        RunVerdict::Pending => End::SnapshotsPending,
        RunVerdict::Failed => End::Failed,
        // A run is cancelled by a signal alone, which has an exit code of its own.
        RunVerdict::Broken | RunVerdict::Cancelled => End::Infrastructure,
    }
}

/// Drives the run to its end, or as far as it comes.
async fn execute(suite: Suite, options: RunOptions, context: &Context, folded: &Folded) -> Result<(), Failure> {
    let is_real = !matches!(options.cluster, Cluster::Simulated);
    let (events, mut received) = mpsc::unbounded_channel();
    // A task of its own, so that cases go on while their events are folded.
    let running = tokio::spawn(async move { seccomp_conformance::run(&suite, &options, events).await });
    let mut progress = Progress::new(context.terminal.progress);
    let fold = async {
        while let Some(event) = received.recv().await {
            take(&event, folded, &mut progress);
        }
    };
    let cut_off = async {
        context.cancellation.cancelled().await;
        if is_real {
            // Cleaning up takes as long as it takes; a second signal does not wait for it.
            std::future::pending::<()>().await;
        }
        tokio::time::timeout(SUMMING_UP, std::future::pending::<()>()).await
    };
    let came_to_an_end = tokio::select! {
        () = fold => true,
        _ = cut_off => false,
    };
    drop(progress);
    if !came_to_an_end {
        running.abort();
        // Only when it has ended is what it held released.
        let _ = running.await;
        return Ok(());
    }
    match running.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(RunError::Plan(PlanError::NothingSelected))) => {
            terminal::note("nothing is selected; `seccomp-harness list` shows what there is");
            Ok(())
        }
        Ok(Err(error @ RunError::Plan(PlanError::EverythingLeftOut { .. }))) => {
            terminal::note(&error.to_string());
            Ok(())
        }
        Ok(Err(
            error @ (RunError::Plan(PlanError::UnknownRelease { .. })
            | RunError::UnknownMutant { .. }
            | RunError::UnfitWebhook { .. }
            | RunError::UnknownNodeImage { .. }
            | RunError::SameMinor { .. }
            | RunError::NoCluster { .. }),
        )) => Err(Failure::Usage(error.into())),
        Ok(Err(error)) => Err(Failure::Infrastructure(error.into())),
        Err(error) => Err(fault(error)),
    }
}

fn take(event: &Event, folded: &Folded, progress: &mut Progress) {
    if let Event::RunStarted { cases, scenarios, .. } = event {
        tracing::info!(cases, scenarios, "run started");
    }
    if let Event::CaseFinished(finished) = event {
        tracing::debug!(case = %finished.case, status = ?finished.verdict.status(), "case finished");
    }
    progress.apply(event);
    folded.apply(event);
}

fn options(arguments: &RunArguments, files: &Files, folders: &Found, context: &Context) -> Result<RunOptions, Failure> {
    Ok(RunOptions {
        snapshots: folders.snapshots.clone(),
        selection: select(
            &arguments.selection,
            arguments.partition.share(&context.environment)?,
            files,
            &folders.scenarios,
        )?,
        cluster: cluster(arguments, &context.environment)?,
        webhook: webhook(arguments)?,
        image: HarnessImage { binary: arguments.real.harness_binary.clone() },
        snapshot_mode: snapshot_mode(arguments, &context.environment)?,
        parallel: arguments.parallel.and_then(|number| NonZeroUsize::new(number.into())),
        fail_fast: arguments.fail_fast,
        artifacts: arguments.artifacts.clone().or_else(|| context.environment.artifacts.clone()),
        control_plane: context.environment.envtest.settings(&arguments.assets)?,
        cancellation: context.cancellation.clone(),
    })
}

/// What is selected, as a run takes it.
pub(super) fn select(
    selection: &arguments::selection::Selection,
    partition: Option<Partition>,
    files: &Files,
    folder: &Utf8Path,
) -> Result<Selection, Failure> {
    let named = selection.scenarios(files, folder)?;
    let ids: BTreeSet<String> = named.into_iter().map(|scenario| scenario.id.clone()).collect();
    let predicate: Predicate = Arc::new(move |case| ids.contains(&case.scenario));
    let gardener = if selection.gardener.is_empty() { Vec::new() } else { selection::releases(&selection.gardener)? };
    Ok(Selection {
        paths: Vec::new(),
        requirements: Vec::new(),
        minors: if selection.kubernetes.is_empty() { Vec::new() } else { selection::minors(&selection.kubernetes)? },
        ranges: selection.kubernetes.clone(),
        gardener: gardener.into_iter().map(|release| release.to_string()).collect(),
        predicate: (!selection.names_all_scenarios()).then_some(predicate),
        partition,
    })
}

fn cluster(arguments: &RunArguments, environment: &Environment) -> Result<Cluster, Failure> {
    let real = &arguments.real;
    for Given { name, subject, .. } in real.given() {
        if let Subject::Cluster(kind) = subject
            && kind != arguments.cluster
        {
            return Err(Failure::usage(format!("--{name} goes with --cluster {}", kind.name())));
        }
    }
    match arguments.cluster {
        ClusterKind::Simulated => Ok(Cluster::Simulated),
        ClusterKind::Kind => Ok(Cluster::Kind(KindSettings {
            node_images: arguments.real.node_image.clone(),
            is_kept: arguments.real.keep,
            lifetime: None,
        })),
        ClusterKind::Kubeconfig => kubeconfig(real).map(Cluster::Kubeconfig),
        ClusterKind::ControlPlane => {
            let assets = environment.envtest.assets(&arguments.assets)?;
            Ok(Cluster::ControlPlane { assets })
        }
    }
}

/// The cluster that exists.
fn kubeconfig(real: &RealClusters) -> Result<KubeconfigSettings, Failure> {
    if let Some(image) = real.harness_image.as_deref().filter(|image| !is_fixed(image)) {
        let why = "nodes pull such an image anew for each Pod, and Pods that ask for it are stored otherwise";
        return Err(Failure::usage(format!("--harness-image {image}: give it a tag other than `latest`; {why}")));
    }
    let default = KubeconfigSettings::default();
    Ok(KubeconfigSettings {
        file: real.kubeconfig.clone(),
        context: real.context.clone(),
        image: real.harness_image.clone(),
        listen: real.webhook_listen.unwrap_or(default.listen),
    })
}

/// Whether a kubelet takes the image that it has: by its digest, or by a tag that is not `latest`.
fn is_fixed(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.contains('@') || name.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest")
}

fn webhook(arguments: &RunArguments) -> Result<WebhookKind, Failure> {
    let real = &arguments.real;
    for Given { name, subject, .. } in real.given() {
        if let Subject::Webhook(webhook) = subject
            && webhook != arguments.webhook
        {
            return Err(Failure::usage(format!("--{name} goes with --webhook {webhook}")));
        }
    }
    Ok(match arguments.webhook {
        TestedWebhook::Own(WebhookChoice::Reference) => WebhookKind::Reference,
        TestedWebhook::Own(WebhookChoice::Mutant(mutant)) => WebhookKind::Mutant(mutant.name().to_owned()),
        TestedWebhook::ResourceManager => {
            WebhookKind::ResourceManager { image: real.webhook_image.clone(), program: real.webhook_program.clone() }
        }
        TestedWebhook::Url => WebhookKind::Url(foreign(real)?),
    })
}

/// The server that somebody runs.
fn foreign(real: &RealClusters) -> Result<ForeignWebhook, Failure> {
    let (Some(url), Some(authority)) = (&real.webhook_url, &real.webhook_ca) else {
        return Err(Failure::usage("--webhook url needs --webhook-url and --webhook-ca"));
    };
    let ca_bundle = std::fs::read_to_string(authority)
        .with_context(|| format!("read `{authority}`, which --webhook-ca names"))
        .map_err(Failure::Usage)?;
    Ok(ForeignWebhook { url: url.clone(), ca_bundle, server_name: real.webhook_server_name.clone() })
}

/// The flag first, then insta's own variable; where neither says anything, CI only compares.
///
/// What a mutant does is nothing to review, so nothing of it is left pending either.
fn snapshot_mode(arguments: &RunArguments, environment: &Environment) -> Result<SnapshotMode, Failure> {
    let is_mutant = matches!(arguments.webhook, TestedWebhook::Own(WebhookChoice::Mutant(_)));
    let from_insta = || {
        let Some(text) = &environment.insta_update else { return Ok(SnapshotUpdate::Auto) };
        SnapshotUpdate::from_str(text, true)
            .map_err(|_| Failure::usage(format!("INSTA_UPDATE is `{text}`: expected auto, new, always or no")))
    };
    Ok(match arguments.update_snapshots.map_or_else(from_insta, Ok)? {
        SnapshotUpdate::Auto if environment.ci || is_mutant => SnapshotMode::Check,
        SnapshotUpdate::Auto | SnapshotUpdate::New => SnapshotMode::WritePending,
        SnapshotUpdate::Always => SnapshotMode::Accept,
        SnapshotUpdate::No => SnapshotMode::Check,
    })
}
