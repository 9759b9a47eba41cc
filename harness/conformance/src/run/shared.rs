//! What all cases of a run share, and how one of them is run.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{RunError, clusters::Clusters};
use crate::{
    artifacts::{case_folder, write_all},
    cluster::Observations,
    error::chain,
    event::CaseFinished,
    execute::Executed,
    expectation,
    plan::Planned,
    snapshot::{PlatformParts, SectionKind, SnapshotBook, text},
    verdict::{Failure, Status, Verdict},
};

/// What all cases of a run share; nothing in it changes while they run.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clusters: Clusters,
    pub(super) book: SnapshotBook,
    /// Ends every case where it is.
    pub(super) cancellation: CancellationToken,
    /// The platform's parts for each minor of the run; where they are seen anew, by the first case.
    pub(super) platform: BTreeMap<Minor, OnceCell<PlatformParts>>,
    /// The folder for what helps to understand a failure.
    pub(super) artifacts: Option<Utf8PathBuf>,
    /// Whether what is seen is compared with the snapshots.
    pub(super) is_compared: bool,
    /// Whether what is seen is kept, to be recorded.
    pub(super) is_kept: bool,
}

impl Shared {
    /// What `minor` gives any Pod.
    async fn platform(&self, minor: Minor) -> Result<PlatformParts, RunError> {
        match self.platform.get(&minor) {
            Some(parts) => parts.get_or_try_init(|| self.clusters.platform(minor)).await.cloned(),
            None => Ok(PlatformParts::default()),
        }
    }

    /// The platform's parts as far as they were needed.
    pub(super) fn seen_platform(&self) -> BTreeMap<Minor, PlatformParts> {
        self.platform.iter().filter_map(|(minor, parts)| Some((*minor, parts.get()?.clone()))).collect()
    }
}

/// A case that ran.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) planned: Planned,
    pub(super) finished: CaseFinished,
    pub(super) creations: Vec<(crate::coverage::Preconditions, bool)>,
    /// What a snapshot would say of it; empty where that is not kept.
    pub(super) texts: Vec<(SectionKind, String)>,
}

/// Runs one case to its verdict.
pub(super) async fn run_case(shared: Arc<Shared>, planned: Planned) -> Ran {
    let start = Instant::now();
    let executed = Box::pin(shared.clusters.execute(&planned, &shared.cancellation)).await;
    let Executed { outcome, masks, mut failures, creations, evidence, logs, .. } = executed;
    let mut texts = Vec::new();
    let mut verdict = Verdict { failures: std::mem::take(&mut failures) };
    if verdict.status() != Status::Broken {
        let observations = shared.clusters.observations();
        verdict.failures.extend(expectation::check(&planned, &outcome, observations));
        match shared.platform(planned.case.minor).await {
            Ok(platform) => texts.push((SectionKind::Calls, text::calls(&outcome, &masks, &platform))),
            Err(error) => verdict.failures.push(Failure::Infrastructure { message: chain(&error) }),
        }
        if observations.kernel {
            texts.push((SectionKind::Containers, text::containers(&outcome, &masks)));
        }
        if shared.is_compared && planned.has_snapshot {
            verdict.failures.extend(compare(&shared.book, &planned, &texts, observations));
        }
    }
    if !shared.is_kept || !planned.has_snapshot {
        texts.clear();
    }
    if let Some(root) = &shared.artifacts
        && verdict.status() >= Status::Failed
    {
        let folder = case_folder(root, &planned.case);
        let copied = logs.map_or(Ok(()), |logs| logs.copy_since(&folder));
        if let Err(error) = copied.and_then(|()| write_all(&folder, &evidence)) {
            tracing::warn!(%error, %folder, "could not write what the cluster tells of a failed case");
        }
    }
    let case = Arc::clone(&planned.case);
    let finished = CaseFinished { case, outcome: Arc::new(outcome), verdict, elapsed: start.elapsed() };
    Ran { planned, finished, creations, texts }
}

fn compare(
    book: &SnapshotBook,
    planned: &Planned,
    texts: &[(SectionKind, String)],
    observations: Observations,
) -> Vec<Failure> {
    let case = &planned.case;
    let mut failures: Vec<Failure> = Vec::new();
    for kind in [SectionKind::Calls, SectionKind::Containers] {
        if kind == SectionKind::Containers && !observations.kernel {
            continue;
        }
        let seen = texts.iter().find(|(seen, _)| *seen == kind).map(|(_, text)| text.as_str());
        let failure = book.compare(&case.scenario, case.minor, kind, &planned.variation, seen);
        failures.extend(failure.filter(|failure| !failures.contains(failure)));
    }
    failures
}
