//! Runs the cases of a plan in parallel, tells what happens, and adds it up.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc::UnboundedSender,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    recording::Recording,
    shared::{Ran, Shared, run_case},
};
use crate::{
    coverage::Coverage,
    event::{CaseFinished, EndedEarly, Event, Summary},
    outcome::Outcome,
    plan::Planned,
    verdict::{Failure, Status, Verdict},
};

/// How the cases of a run are driven.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) parallel: usize,
    pub(super) fail_fast: bool,
    pub(super) cancellation: CancellationToken,
    pub(super) events: UnboundedSender<Event>,
}

/// What the cases came to.
#[derive(Debug)]
pub(super) struct Driven {
    pub(super) summary: Summary,
    pub(super) recording: Recording,
}

impl Driver {
    /// Runs `cases` until all are done, one fails with fail-fast, or the run is cancelled.
    pub(super) async fn run(&self, shared: &Arc<Shared>, cases: Vec<Planned>, coverage: Coverage) -> Driven {
        let mut tally = Tally::new(&cases, coverage);
        let is_shared = shared.clusters.outlive_cases();
        let mut waiting = cases.into_iter();
        let mut running: JoinSet<Ran> = JoinSet::new();
        let mut on_their_way: HashMap<Id, Planned> = HashMap::new();
        let mut endings: JoinSet<Vec<String>> = JoinSet::new();
        let mut ended_early = None;
        loop {
            while running.len() < self.parallel
                && ended_early.is_none()
                && let Some(planned) = waiting.next()
            {
                let handle = running.spawn(run_case(Arc::clone(shared), planned.clone()));
                on_their_way.insert(handle.id(), planned);
            }
            let joined = tokio::select! {
                biased;
                () = self.cancellation.cancelled() => {
                    ended_early = Some(EndedEarly::Cancelled);
                    break;
                }
                joined = running.join_next_with_id() => joined,
            };
            let ran = match joined {
                None => break,
                Some(Ok((id, ran))) => {
                    on_their_way.remove(&id);
                    ran
                }
                Some(Err(error)) => match on_their_way.remove(&error.id()) {
                    Some(planned) => panicked(planned, &error),
                    None => continue,
                },
            };
            if self.fail_fast && ran.finished.verdict.status() >= Status::Failed && waiting.len() > 0 {
                ended_early = Some(EndedEarly::FailedFast);
            }
            let minor = ran.finished.case.minor;
            let has_failed = ran.finished.verdict.status() >= Status::Failed;
            self.tell(&mut tally, ran);
            if is_shared {
                // Beside the cases of other minors, since a cluster takes seconds to end.
                let shared = Arc::clone(shared);
                endings.spawn(async move { shared.clusters.finished(minor, has_failed).await });
            }
        }
        if is_shared {
            // Each of them sees that the run is cancelled, and takes away what it made.
            while running.join_next().await.is_some() {}
        }
        running.abort_all();
        while let Some(ended) = endings.join_next().await {
            tally.summary.left_behind.extend(ended.unwrap_or_default());
        }
        tally.summary.ended_early = ended_early;
        tally.summary.elapsed = tally.start.elapsed();
        Driven { summary: tally.summary, recording: tally.recording }
    }

    fn tell(&self, tally: &mut Tally, ran: Ran) {
        let finished = tally.add(ran);
        // Who does not listen does not want to know.
        for event in finished {
            let _ = self.events.send(event);
        }
    }
}

/// A case whose own code failed: a case that breaks ends by a verdict, so this is a fault of the harness.
fn panicked(planned: Planned, error: &JoinError) -> Ran {
    let failure = Failure::Infrastructure { message: format!("run the case: {error}") };
    let finished = CaseFinished {
        case: Arc::clone(&planned.case),
        outcome: Arc::new(Outcome::default()),
        verdict: Verdict { failures: vec![failure] },
        elapsed: Duration::ZERO,
    };
    Ran { planned, finished, creations: Vec::new(), texts: Vec::new() }
}

/// What is known of a run on its way.
struct Tally {
    start: Instant,
    summary: Summary,
    recording: Recording,
    scenarios: BTreeMap<String, ScenarioTally>,
}

/// What is known of a scenario on its way.
struct ScenarioTally {
    cases: usize,
    left: usize,
    status: Status,
}

impl Tally {
    fn new(cases: &[Planned], coverage: Coverage) -> Self {
        let mut scenarios: BTreeMap<String, ScenarioTally> = BTreeMap::new();
        for planned in cases {
            let tally = scenarios.entry(planned.case.scenario.clone());
            let tally = tally.or_insert(ScenarioTally { cases: 0, left: 0, status: Status::Passed });
            tally.cases += 1;
            tally.left += 1;
        }
        let summary = Summary {
            planned: cases.len(),
            left_out: Vec::new(),
            passed: 0,
            failed: 0,
            pending: 0,
            broken: 0,
            ended_early: None,
            orphan_snapshots: Vec::new(),
            pending_snapshots: Vec::new(),
            written_snapshots: Vec::new(),
            left_behind: Vec::new(),
            filtered_nodes: Vec::new(),
            coverage,
            elapsed: Duration::ZERO,
        };
        Self { start: Instant::now(), summary, recording: Recording::default(), scenarios }
    }

    /// Adds a case, and says what there is to tell.
    fn add(&mut self, ran: Ran) -> Vec<Event> {
        let Ran { planned, finished, creations, texts } = ran;
        let case = Arc::clone(&finished.case);
        let status = finished.verdict.status();
        match status {
            Status::Passed => self.summary.passed += 1,
            Status::Pending => self.summary.pending += 1,
            Status::Failed => self.summary.failed += 1,
            Status::Broken => self.summary.broken += 1,
        }
        self.summary.coverage.add(&case, &creations, status);
        self.recording.add(&planned, texts);
        let mut events = vec![Event::CaseFinished(finished)];
        if let Some(scenario) = self.scenarios.get_mut(&case.scenario) {
            scenario.left -= 1;
            scenario.status = scenario.status.max(status);
            if scenario.left == 0 {
                events.push(Event::ScenarioFinished {
                    scenario: case.scenario.clone(),
                    file: case.file.clone(),
                    title: case.title.clone(),
                    requirements: case.requirements.clone(),
                    cases: scenario.cases,
                    status: scenario.status,
                });
            }
        }
        events
    }
}
