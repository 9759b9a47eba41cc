//! The scenarios' own requests, on both sides.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    FidelityError,
    compare::{Difference, compare},
    names::Names,
    side::Exchange,
    webhooks::Asked,
};
use crate::{
    cluster::{
        Cluster,
        control_plane::{ControlPlane, ControlPlaneCase},
    },
    execute::{Executed, execute},
    needs::Abilities,
    outcome::{Invocation, Outcome, Verb},
    plan::{Plan, PlanError, Planned},
    suite::{Selection, Suite},
    webhook::{InForce, LocalWebhooks, Registrar, Webhooks},
};

/// A scenario's case, compared.
pub(super) struct Compared {
    pub(super) name: String,
    pub(super) requests: usize,
    pub(super) difference: Option<Difference>,
}

/// Runs every case that the scenarios have for the plane's minor on it and on the simulator.
///
/// Each Gardener release that behaves alike on both sides is one case here: what a node would do is not seen.
pub(super) async fn compare_all(
    plane: &ControlPlane,
    suite: &Suite,
    cancellation: &CancellationToken,
) -> Result<Vec<Compared>, FidelityError> {
    let minor = plane.minor();
    let plan = match Plan::new(suite, &Selection::default(), &[minor], Abilities::API_SERVER) {
        Ok(plan) => plan,
        Err(PlanError::NothingSelected) => return Ok(Vec::new()),
        Err(error) => return Err(FidelityError::Plan(error)),
    };
    let webhooks = Arc::new(LocalWebhooks::new(None, None)?);
    let case = plane.for_case();
    let in_force = InForce::prepare(&case).await?;
    let registrar = Registrar::new(case.api().clone(), Webhooks::Local(Arc::clone(&webhooks)), Some(in_force));
    let mut compared: Vec<Compared> = Vec::new();
    let mut last: Option<(String, String)> = None;
    for planned in &plan.cases {
        if cancellation.is_cancelled() {
            break;
        }
        // The node's setting is nothing that an API server knows.
        let name = planned.case.to_string();
        let without_node =
            (format!("{:?}", planned.case.parameters), format!("{}{}", planned.case.scenario, planned.case.gardener));
        if last.as_ref() == Some(&without_node) {
            continue;
        }
        last = Some(without_node);
        let one = compare_one(plane, planned, name, (&registrar, &webhooks), cancellation).await?;
        // What was cut off meanwhile shows nothing.
        if !cancellation.is_cancelled() {
            compared.push(one);
        }
    }
    Ok(compared)
}

async fn compare_one(
    plane: &ControlPlane,
    planned: &Planned,
    name: String,
    (registrar, webhooks): (&Registrar, &Arc<LocalWebhooks>),
    cancellation: &CancellationToken,
) -> Result<Compared, FidelityError> {
    let case = plane.for_case();
    let simulated = ControlPlaneCase::simulated(plane.minor(), case.namespace()).await?;
    let real = exchanges(&case, planned, registrar, cancellation).await;
    let immediate = Registrar::new(simulated.api().clone(), Webhooks::Local(Arc::clone(webhooks)), None);
    let simulated = exchanges(&simulated, planned, &immediate, cancellation).await;
    let verbs: Vec<String> = real.iter().map(|exchange| exchange.id.clone()).collect();
    Ok(Compared { name, requests: real.len(), difference: compare(&real, &simulated, &verbs) })
}

async fn exchanges<C: Cluster>(
    cluster: &C,
    planned: &Planned,
    registrar: &Registrar,
    cancellation: &CancellationToken,
) -> Vec<Exchange> {
    let Executed { outcome, failures, .. } = Box::pin(execute(cluster, planned, registrar, cancellation)).await;
    let mut exchanges = named(outcome);
    // A case that broke on one side alone differs.
    for failure in failures.iter().filter(|failure| matches!(failure, crate::Failure::Infrastructure { .. })) {
        exchanges.push(Exchange {
            id: "broken".to_owned(),
            code: 0,
            warnings: Vec::new(),
            body: Value::from(format!("{failure:?}")),
            asked: Vec::new(),
        });
    }
    exchanges
}

fn named(outcome: Outcome) -> Vec<Exchange> {
    let mut names = Names::default();
    let mut exchanges = Vec::new();
    for step in outcome.steps {
        // An update submits what was read before, with all that was drawn for it.
        if let Some(submitted) = step.submitted.as_ref().filter(|_| step.verb != Verb::Update) {
            names.give(submitted);
        }
        let mut body = step.answer.body;
        let mut asked = Vec::new();
        if let Some(Invocation::Called { reviews }) = step.invocation {
            asked.extend(reviews.into_iter().map(|review| Asked { path: review.version, body: review.request }));
        }
        for asked in &mut asked {
            // The harness itself, under another name on each side.
            if let Some(request) = asked.body.as_object_mut() {
                request.insert("userInfo".to_owned(), Value::from("[user]"));
            }
            names.apply(&mut asked.body);
        }
        names.apply(&mut body);
        let warnings = step.answer.warnings.into_iter();
        let warnings = warnings.map(|text| names.text(&text, "").unwrap_or(text)).collect();
        let id = format!("{} {} line {}", step.verb, step.object, step.line);
        exchanges.push(Exchange { id, code: step.answer.code, warnings, body, asked });
    }
    for object in outcome.objects {
        let mut body = object.stored.unwrap_or_default();
        names.apply(&mut body);
        let id = format!("in the end {}", object.name);
        exchanges.push(Exchange { id, code: 200, warnings: Vec::new(), body, asked: Vec::new() });
    }
    exchanges
}
