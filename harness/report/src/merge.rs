//! Shards of a run become the whole again.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    document::{
        CaseName, CaseStatus, ClusterDocument, Counts, Document, EndedEarlyDocument, FindingDocument,
        PartitionDocument, PreconditionDocument, Problem, RequirementDocument, ScenarioDocument, SuiteScenario,
    },
    version,
};

/// Why reports are not parts of one run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is none.
    #[error("merge no report at all")]
    Nothing,
    /// They are of different things.
    #[error("merge {one} and {other}: {what} differs, `{left}` and `{right}`; give both to `gate` instead")]
    Different {
        /// A report.
        one: String,
        /// Another one.
        other: String,
        /// What differs.
        what: &'static str,
        /// In the one.
        left: String,
        /// In the other.
        right: String,
    },
    /// They do not agree about a scenario.
    #[error("merge {one} and {other}: they were made of different files, `{scenario}` is not the same in both")]
    OtherScenarios {
        /// A report.
        one: String,
        /// Another one.
        other: String,
        /// The scenario.
        scenario: String,
    },
    /// Both have a case.
    #[error("merge {one} and {other}: `{case}` is in both ({left} and {right}), so they are no shards of one run")]
    SameCase {
        /// A report.
        one: String,
        /// Another one.
        other: String,
        /// The case.
        case: String,
        /// What it came to in the one.
        left: &'static str,
        /// What it came to in the other.
        right: &'static str,
    },
}

/// Merges reports of shards, each with the name that its reader knows it by; what follows from the cases is added up anew.
///
/// # Errors
/// See [`MergeError`].
pub fn merge(reports: Vec<(String, Document)>) -> Result<Document, MergeError> {
    let mut reports = reports.into_iter();
    let (first, mut whole) = reports.next().ok_or(MergeError::Nothing)?;
    let mut origins = Origins::default();
    origins.take(&first, &whole)?;
    let mut names = vec![first];
    for (name, part) in reports {
        check_setting(&names[0], &whole, &name, &part)?;
        origins.take(&name, &part)?;
        join(&mut whole, part);
        names.push(name);
    }
    finish(&mut whole);
    Ok(whole)
}

/// Which report has which case and scenario.
#[derive(Default)]
struct Origins {
    cases: BTreeMap<String, (String, CaseStatus)>,
    scenarios: BTreeMap<String, (String, SuiteScenario)>,
}

impl Origins {
    fn take(&mut self, name: &str, part: &Document) -> Result<(), MergeError> {
        for case in &part.cases {
            let key = case.name.key();
            if let Some((one, left)) = self.cases.insert(key.clone(), (name.to_owned(), case.status)) {
                let (left, right) = (left.word(), case.status.word());
                return Err(MergeError::SameCase { one, other: name.to_owned(), case: key, left, right });
            }
        }
        for scenario in &part.suite {
            let held = self.scenarios.entry(scenario.scenario.clone());
            let (one, known) = held.or_insert_with(|| (name.to_owned(), scenario.clone()));
            if known != scenario {
                let (one, scenario) = (one.clone(), scenario.scenario.clone());
                return Err(MergeError::OtherScenarios { one, other: name.to_owned(), scenario });
            }
        }
        Ok(())
    }
}

/// Parts of one run are of one harness, on one kind of cluster, with one webhook.
fn check_setting(one: &str, whole: &Document, other: &str, part: &Document) -> Result<(), MergeError> {
    let cluster = |document: &Document| document.cluster_name().to_owned();
    let settings = [
        ("the harness", whole.harness.clone(), part.harness.clone()),
        ("the cluster", cluster(whole), cluster(part)),
        ("the webhook", whole.webhook.clone(), part.webhook.clone()),
    ];
    for (what, left, right) in settings {
        // A run that broke before it began does not know.
        if left != right && !left.is_empty() && !right.is_empty() {
            return Err(MergeError::Different { one: one.to_owned(), other: other.to_owned(), what, left, right });
        }
    }
    Ok(())
}

fn join(whole: &mut Document, part: Document) {
    let Document {
        schema_version: _,
        harness: _,
        result: _,
        problem,
        cluster,
        webhook,
        flags,
        kubernetes,
        gardener,
        partitions,
        elapsed_seconds,
        counts: Counts { planned, .. },
        left_out,
        ended_early,
        scenarios,
        findings,
        requirements,
        preconditions,
        snapshots,
        left_behind,
        filtered_nodes,
        suite,
        cases,
    } = part;
    join_problems(&mut whole.problem, problem);
    join_clusters(&mut whole.cluster, cluster);
    if whole.webhook.is_empty() {
        whole.webhook = webhook;
    }
    // Shards are given the same ones; one that broke before it began may know of none.
    if whole.flags.is_empty() {
        whole.flags = flags;
    }
    whole.kubernetes.extend(kubernetes);
    whole.gardener.extend(gardener);
    whole.partitions.extend(partitions);
    whole.elapsed_seconds = whole.elapsed_seconds.zip(elapsed_seconds).map(|(one, other)| one + other);
    whole.counts.planned += planned;
    whole.left_out.extend(left_out);
    whole.ended_early = match (whole.ended_early, ended_early) {
        (Some(EndedEarlyDocument::Interrupted), _) | (_, Some(EndedEarlyDocument::Interrupted)) => {
            Some(EndedEarlyDocument::Interrupted)
        }
        (one, other) => one.or(other),
    };
    join_scenarios(&mut whole.scenarios, scenarios);
    join_findings(&mut whole.findings, findings);
    join_requirements(&mut whole.requirements, requirements);
    join_preconditions(&mut whole.preconditions, preconditions);
    whole.snapshots.written.extend(snapshots.written);
    whole.snapshots.pending.extend(snapshots.pending);
    whole.snapshots.orphans.extend(snapshots.orphans);
    whole.left_behind.extend(left_behind);
    whole.filtered_nodes.extend(filtered_nodes);
    let known: BTreeSet<String> = whole.suite.iter().map(|scenario| scenario.scenario.clone()).collect();
    whole.suite.extend(suite.into_iter().filter(|scenario| !known.contains(&scenario.scenario)));
    whole.cases.extend(cases);
}

fn join_problems(whole: &mut Option<Problem>, part: Option<Problem>) {
    match (whole.as_mut(), part) {
        (Some(one), Some(other)) if *one != other => one.message = format!("{}\n{}", one.message, other.message),
        (None, other) => *whole = other,
        (Some(_), _) => {}
    }
}

/// Evidence is worth as much as the least of its parts.
fn join_clusters(whole: &mut Option<ClusterDocument>, part: Option<ClusterDocument>) {
    match (whole.as_mut(), part) {
        (Some(one), Some(other)) => {
            one.api = one.api.min(other.api);
            one.kernel = one.kernel.min(other.kernel);
            one.verified = one.verified.take().filter(|verified| other.verified.as_ref() == Some(verified));
        }
        (None, other) => *whole = other,
        (Some(_), None) => {}
    }
}

fn join_scenarios(whole: &mut Vec<ScenarioDocument>, parts: Vec<ScenarioDocument>) {
    for part in parts {
        if whole.iter().all(|scenario| scenario.id != part.id) {
            whole.push(part);
        }
    }
    whole.sort_by(|left, right| left.id.cmp(&right.id));
}

fn join_findings(whole: &mut Vec<FindingDocument>, parts: Vec<FindingDocument>) {
    let scenario = |finding: &FindingDocument| finding.cases.first().map(|case| case.scenario.clone());
    for part in parts {
        let alike = whole.iter_mut().find(|held| scenario(held) == scenario(&part) && held.failures == part.failures);
        let Some(held) = alike else {
            whole.push(part);
            continue;
        };
        // The evidence is of the first case, so that the least of all brings its own.
        if order(&part) < order(held) {
            held.evidence = part.evidence;
        }
        held.cases.extend(part.cases);
        held.cases.sort_by_cached_key(CaseName::order);
    }
    whole.sort_by_cached_key(order);
}

fn order(finding: &FindingDocument) -> impl Ord + use<> {
    finding.cases.first().map(CaseName::order)
}

fn join_requirements(whole: &mut Vec<RequirementDocument>, parts: Vec<RequirementDocument>) {
    for part in parts {
        if whole.iter().all(|requirement| requirement.id != part.id) {
            whole.push(part);
        }
    }
    whole.sort_by(|left, right| left.id.cmp(&right.id));
}

fn join_preconditions(whole: &mut Vec<PreconditionDocument>, parts: Vec<PreconditionDocument>) {
    let key = |row: &PreconditionDocument| (row.feature_gate, row.managed_namespace, row.skip_label, row.own_profile);
    for part in parts {
        let Some(row) = whole.iter_mut().find(|row| key(row) == key(&part)) else {
            whole.push(part);
            continue;
        };
        row.creations += part.creations;
        row.mutated += part.mutated;
        row.status = row.status.max(part.status);
        row.scenarios.extend(part.scenarios);
        sort(&mut row.scenarios);
    }
}

fn sort(texts: &mut Vec<String>) {
    texts.sort();
    texts.dedup();
}

fn finish(whole: &mut Document) {
    version::sort(&mut whole.kubernetes);
    version::sort(&mut whole.gardener);
    whole.partitions = joined(&whole.partitions);
    whole.partitions.retain(|partition| !is_whole(partition));
    whole.cases.sort_by_cached_key(|case| case.name.order());
    // What one part left out and another one ran was run.
    let ran: BTreeSet<String> = whole.cases.iter().map(|case| case.name.key()).collect();
    let mut told: BTreeSet<String> = ran;
    whole.left_out.retain(|left_out| told.insert(left_out.name.key()));
    for files in [&mut whole.snapshots.written, &mut whole.snapshots.pending, &mut whole.snapshots.orphans] {
        sort(files);
    }
    whole.tally();
}

/// Shards of one whole together.
pub(crate) fn joined(partitions: &[PartitionDocument]) -> Vec<PartitionDocument> {
    let mut joined: Vec<PartitionDocument> = Vec::new();
    let key = |partition: &PartitionDocument| (partition.by.clone(), partition.shards, partition.whole.clone());
    for partition in partitions {
        match joined.iter_mut().find(|held| key(held) == key(partition)) {
            Some(held) => held.ran.extend(&partition.ran),
            None => joined.push(partition.clone()),
        }
    }
    for partition in &mut joined {
        partition.ran.sort_unstable();
        partition.ran.dedup();
    }
    joined
}

/// Whether every shard is there.
pub(crate) fn is_whole(partition: &PartitionDocument) -> bool {
    (1..=partition.shards).all(|shard| partition.ran.contains(&shard))
}
