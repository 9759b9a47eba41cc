//! Runs the stages on all versions at once, and gathers what differs.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use seccomp_webhook::ServingCertificate;
use tokio_util::sync::CancellationToken;

use super::{
    FidelityError,
    case::{Case, Stage},
    certificate::{Certificate, Proven, StageCounts},
    compare::{Difference, compare},
    generate::Generator,
    listed::ListedDifferences,
    recorded::Recorded,
    recorder::Recorder,
    scenarios, shrink,
    side::{Exchange, Side},
    webhooks::Webhooks,
};
use crate::{
    api::Call,
    cluster::{Cluster as _, control_plane::ControlPlane},
    suite::Suite,
};

/// How many cases of a stage run at the same time on one API server; registrations are the whole server's.
const WORKERS: usize = 4;
/// How many API servers run at the same time, where nothing is recorded.
const AT_ONCE: usize = 2;
/// How many smaller cases are tried for one difference.
const ATTEMPTS: usize = 600;

/// How long one side may take for one case; a webhook may be given 30 seconds a call, and a registration is waited for.
const CASE_LIMIT: Duration = Duration::from_secs(180);

/// What is compared.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Folders with etcd and kube-apiserver, one a version.
    pub assets: Vec<Utf8PathBuf>,
    /// How control planes are run.
    pub settings: crate::ControlPlaneSettings,
    /// The minors that are compared; all of the folders' where it is empty.
    pub minors: Vec<Minor>,
    /// What cases are drawn from.
    pub seed: u64,
    /// How many generated requests each version gets at least.
    pub requests: usize,
    /// The stages that are run.
    pub stages: Vec<Stage>,
    /// The scenarios whose requests are compared too.
    pub suite: Suite,
    /// Differences that are known.
    pub listed: ListedDifferences,
    /// Where each other difference is recorded as a case.
    pub record: Option<Utf8PathBuf>,
    /// A folder of recorded cases that are recorded anew.
    pub again: Option<Utf8PathBuf>,
    /// Today, as the certificate shows it.
    pub date: String,
    /// The version of the simulator, as the certificate shows it.
    pub simulator: String,
    /// Ends the comparison early; what was compared until then is still told.
    pub cancellation: CancellationToken,
}

/// What a verification found.
#[derive(Debug)]
pub struct Verified {
    /// For a file.
    pub certificate: Certificate,
    /// The differences that are not listed, each of a kind once.
    pub found: Vec<Found>,
    /// How long each stage took, by minor.
    pub durations: BTreeMap<(String, Stage), Duration>,
    /// Whether all was compared; else it was cancelled, and the certificate is of what came before.
    pub is_complete: bool,
}

/// A kind of difference that is not listed.
#[derive(Clone, Debug)]
pub struct Found {
    /// The first minor that it was seen on.
    pub minor: String,
    /// The stage.
    pub stage: Stage,
    /// What differs, in the smallest case that shows it.
    pub difference: Difference,
    /// That case, as JSON.
    pub case: String,
    /// How many cases showed it, on all minors.
    pub cases: usize,
    /// Where it was recorded.
    pub recorded: Option<Utf8PathBuf>,
    smallest: Option<Case>,
}

/// How far a verification is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// A stage ended on one version.
    StageFinished {
        /// The version.
        minor: String,
        /// The stage.
        stage: Stage,
        /// What was compared.
        counts: StageCounts,
        /// How long it took.
        elapsed: Duration,
    },
    /// A difference that is not listed, of a kind that was not seen before.
    Differs(Box<Found>),
}

/// Compares the simulator with real API servers.
///
/// # Errors
/// What keeps a comparison from being made; [`FidelityError::NothingSelected`] where there is none to make.
///
/// # Cancel safety
/// Dropping the future ends the API servers.
pub async fn verify(options: &VerifyOptions, progress: &(dyn Fn(Progress) + Sync)) -> Result<Verified, FidelityError> {
    // What is recorded is asked of all versions, which have to be there for it.
    let is_recorded = options.record.is_some() || options.again.is_some();
    let selected = selected(options).await?;
    let at_once = if is_recorded { selected.len() } else { AT_ONCE };
    let (found, durations) = (Mutex::default(), Mutex::default());
    let mut kubernetes = Vec::new();
    for assets in selected.chunks(at_once) {
        let planes = start(options, assets).await?;
        let driver = Driver {
            options,
            planes: &planes,
            generator: Generator::new(options.seed)?,
            tls: ServingCertificate::for_run(["127.0.0.1"])?,
            progress,
            found: &found,
            durations: &durations,
        };
        let proven = driver.run().await;
        for mut plane in planes {
            plane.shutdown().await;
        }
        kubernetes.extend(proven?);
    }
    kubernetes.sort_by_key(|proven| proven.minor.clone());
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect();
    let durations = durations.into_inner().unwrap_or_else(PoisonError::into_inner);
    let is_complete = !options.cancellation.is_cancelled();
    Ok(Verified { certificate: certificate(options, kubernetes), found, durations, is_complete })
}

/// The folders whose API servers are compared with.
async fn selected(options: &VerifyOptions) -> Result<Vec<Utf8PathBuf>, FidelityError> {
    let mut there = Vec::new();
    for folder in &options.assets {
        there.push((ControlPlane::minor_in(folder, &options.settings).await?, folder));
    }
    let is_wanted = |minor: &Minor| options.minors.is_empty() || options.minors.contains(minor);
    let selected: Vec<_> =
        there.iter().filter(|(minor, _)| is_wanted(minor)).map(|(_, folder)| (*folder).clone()).collect();
    if selected.is_empty() {
        return Err(FidelityError::NothingSelected { there: there.into_iter().map(|(minor, _)| minor).collect() });
    }
    Ok(selected)
}

fn certificate(options: &VerifyOptions, kubernetes: Vec<Proven>) -> Certificate {
    let met = kubernetes.iter().flat_map(|proven| proven.stages.values()).flat_map(|counts| counts.listed.keys());
    let reason = |name: &String| {
        let listed = options.listed.differences.iter().find(|listed| listed.name == *name);
        (name.clone(), listed.map(|listed| listed.reason.clone()).unwrap_or_default())
    };
    let listed = met.map(reason).collect();
    let differences = |proven: &Proven| proven.stages.values().map(|counts| counts.differences).sum::<usize>();
    Certificate {
        schema_version: 1,
        date: options.date.clone(),
        seed: options.seed,
        simulator: options.simulator.clone(),
        unlisted_differences: kubernetes.iter().map(differences).sum(),
        kubernetes,
        listed,
    }
}

async fn start(options: &VerifyOptions, assets: &[Utf8PathBuf]) -> Result<Vec<ControlPlane>, FidelityError> {
    let settings = &options.settings;
    let started = assets.iter().map(|folder: &Utf8PathBuf| ControlPlane::start(folder, settings));
    let mut planes = futures::future::try_join_all(started).await?;
    planes.sort_by_key(ControlPlane::minor);
    Ok(planes)
}

struct Driver<'a> {
    options: &'a VerifyOptions,
    planes: &'a [ControlPlane],
    generator: Generator,
    tls: ServingCertificate,
    progress: &'a (dyn Fn(Progress) + Sync),
    found: &'a Mutex<BTreeMap<String, Found>>,
    durations: &'a Mutex<BTreeMap<(String, Stage), Duration>>,
}

/// Waits for a side's answers, but not for ever.
async fn in_time(
    side: &'static str,
    answers: impl Future<Output = Result<Vec<Exchange>, FidelityError>>,
) -> Result<Vec<Exchange>, FidelityError> {
    tokio::time::timeout(CASE_LIMIT, answers).await.unwrap_or(Err(FidelityError::Silent { side }))
}

/// What a worker needs to run cases: a namespace, and webhooks for each side.
struct Place {
    namespace: String,
    real: Webhooks,
    simulated: Webhooks,
}

impl Driver<'_> {
    async fn run(&self) -> Result<Vec<Proven>, FidelityError> {
        let proven = self.planes.iter().map(|plane| Box::pin(self.version(plane)));
        let kubernetes = futures::future::try_join_all(proven).await?;
        let mut found: Vec<Found> =
            self.found.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        self.record(&mut found).await?;
        let mut recorded = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.extend(found.into_iter().map(|found| (found.difference.kind.clone(), found)));
        Ok(kubernetes)
    }

    /// Writes down what was found, when nobody else asks the same API servers anything.
    async fn record(&self, found: &mut [Found]) -> Result<(), FidelityError> {
        let recorder = Recorder { planes: self.planes, tls: &self.tls };
        if let Some(folder) = &self.options.record {
            for found in found {
                if let Some(case) = &found.smallest {
                    let recorded = Recorded::of(case.clone(), &found.difference);
                    found.recorded = Some(recorder.record(recorded, folder).await?);
                }
            }
        }
        if let Some(folder) = &self.options.again {
            recorder.again(folder).await?;
        }
        Ok(())
    }

    /// All stages on one version.
    async fn version(&self, plane: &ControlPlane) -> Result<Proven, FidelityError> {
        let version = plane.for_case().api().call(Call::get("/version")).await?;
        let git_version = version.body.get("gitVersion").and_then(serde_json::Value::as_str).unwrap_or_default();
        let mut stages = BTreeMap::new();
        for stage in Stage::ALL.into_iter().filter(|stage| self.options.stages.contains(stage)) {
            let start = Instant::now();
            let counts = match stage {
                Stage::Scenarios => self.scenarios(plane).await?,
                _ => self.stage(plane, stage).await?,
            };
            let elapsed = start.elapsed();
            let minor = plane.minor().to_string();
            let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
            durations.insert((minor.clone(), stage), elapsed);
            drop(durations);
            (self.progress)(Progress::StageFinished { minor, stage, counts: counts.clone(), elapsed });
            stages.insert(stage, counts);
        }
        Ok(Proven { minor: plane.minor().to_string(), git_version: git_version.to_owned(), stages })
    }

    /// The share of all generated requests that a stage has.
    fn share(&self, stage: Stage) -> usize {
        let percent = match stage {
            Stage::Scenarios => 0,
            Stage::Pods => 50,
            Stage::Registrations => 20,
            Stage::Sequences => 30,
        };
        (self.options.requests * percent).div_ceil(100)
    }

    async fn scenarios(&self, plane: &ControlPlane) -> Result<StageCounts, FidelityError> {
        let mut counts = StageCounts::default();
        let compared = scenarios::compare_all(plane, &self.options.suite, &self.options.cancellation).await?;
        for compared in compared {
            counts.cases += 1;
            counts.requests += compared.requests;
            if let Some(difference) = compared.difference {
                self.take(plane.minor(), Stage::Scenarios, &mut counts, difference, || async { (None, compared.name) })
                    .await;
            }
        }
        Ok(counts)
    }

    async fn stage(&self, plane: &ControlPlane, stage: Stage) -> Result<StageCounts, FidelityError> {
        // What is drawn next, and how much is enough.
        let (next, done, wanted) = (AtomicUsize::new(0), AtomicUsize::new(0), self.share(stage));
        let workers = if stage == Stage::Registrations { 1 } else { WORKERS };
        let counts = (0..workers).map(|worker| {
            let (next, done) = (&next, &done);
            async move {
                let place = self.place(plane, worker).await?;
                let mut counts = StageCounts::default();
                while done.load(Ordering::Relaxed) < wanted && !self.options.cancellation.is_cancelled() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = self.generator.case(stage, index) else { break };
                    done.fetch_add(case.len(), Ordering::Relaxed);
                    self.one(plane, stage, &case, &place, &mut counts).await?;
                }
                Ok::<_, FidelityError>(counts)
            }
        });
        let all = futures::future::try_join_all(counts).await?;
        let mut sum = StageCounts::default();
        for counts in all {
            sum.cases += counts.cases;
            sum.requests += counts.requests;
            sum.differences += counts.differences;
            for (name, count) in counts.listed {
                *sum.listed.entry(name).or_default() += count;
            }
        }
        Ok(sum)
    }

    async fn place(&self, plane: &ControlPlane, worker: usize) -> Result<Place, FidelityError> {
        let namespace = format!("fidelity-{worker}");
        Side::Real { plane }.prepare(&namespace).await?;
        let (real, simulated) = (Webhooks::start(&self.tls).await?, Webhooks::start(&self.tls).await?);
        Ok(Place { namespace, real, simulated })
    }

    async fn one(
        &self,
        plane: &ControlPlane,
        stage: Stage,
        case: &Case,
        place: &Place,
        counts: &mut StageCounts,
    ) -> Result<(), FidelityError> {
        counts.cases += 1;
        counts.requests += case.len();
        let start = Instant::now();
        let difference = self.differ(plane, case, place).await.inspect_err(|error| {
            let case = serde_json::to_string(case).unwrap_or_default();
            tracing::error!(minor = %plane.minor(), %error, case, "cannot be compared");
        })?;
        let minor = plane.minor();
        tracing::debug!(%minor, %stage, requests = case.len(), elapsed = ?start.elapsed(), "compared");
        let Some(difference) = difference else { return Ok(()) };
        let kind = difference.kind.clone();
        let shrunk = || async {
            let smallest = self.shrink(plane, case.clone(), &kind, place).await;
            let text = serde_json::to_string_pretty(&smallest).unwrap_or_default();
            (Some(smallest), text)
        };
        self.take(plane.minor(), stage, counts, difference, shrunk).await;
        Ok(())
    }

    /// Both sides' exchanges compared.
    async fn differ(
        &self,
        plane: &ControlPlane,
        case: &Case,
        place: &Place,
    ) -> Result<Option<Difference>, FidelityError> {
        let real = Side::Real { plane };
        let real = in_time("real", real.run(case, &place.namespace, &place.real)).await?;
        let simulated = Side::Simulated { minor: plane.minor() };
        let simulated = in_time("simulated", simulated.run(case, &place.namespace, &place.simulated)).await?;
        Ok(compare(&real, &simulated, &case.verbs()))
    }

    /// The smallest case that shows the same difference.
    async fn shrink(&self, plane: &ControlPlane, mut case: Case, kind: &str, place: &Place) -> Case {
        let mut attempts = 0;
        // Each registration is waited for.
        let most = if case.webhooks.is_empty() { ATTEMPTS } else { ATTEMPTS / 4 };
        'smaller: loop {
            for candidate in shrink::smaller(&case) {
                attempts += 1;
                if attempts > most || self.options.cancellation.is_cancelled() {
                    return case;
                }
                // One that breaks shows nothing.
                let differs = self.differ(plane, &candidate, place).await;
                if differs.is_ok_and(|found| found.is_some_and(|found| found.kind == kind)) {
                    case = candidate;
                    continue 'smaller;
                }
            }
            return case;
        }
    }

    /// Counts a difference; the first of its kind is made small, recorded and told.
    async fn take<F: Future<Output = (Option<Case>, String)>>(
        &self,
        minor: Minor,
        stage: Stage,
        counts: &mut StageCounts,
        difference: Difference,
        shrunk: impl FnOnce() -> F,
    ) {
        if stage != Stage::Scenarios
            && let Some(listed) = self.options.listed.find(&difference)
        {
            *counts.listed.entry(listed.name.clone()).or_default() += 1;
            return;
        }
        counts.differences += 1;
        let kind = difference.kind.clone();
        {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = found.get_mut(&kind) {
                found.cases += 1;
                return;
            }
            let first = Found {
                minor: minor.to_string(),
                stage,
                difference,
                case: String::new(),
                cases: 1,
                smallest: None,
                recorded: None,
            };
            found.insert(kind.clone(), first);
        }
        let (smallest, text) = shrunk().await;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = found.get_mut(&kind) {
            found.case = text;
            found.smallest = smallest;
            let told = found.clone();
            (self.progress)(Progress::Differs(Box::new(told)));
        }
    }
}
