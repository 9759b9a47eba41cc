//! What became of the objects, and of the containers of those that are Pods.

use std::time::Duration;

use serde_json::Value;

use super::{ExecuteError, Execution, object::Made};
use crate::{
    api::Call,
    cluster::Cluster,
    outcome::{ContainerList, ContainerOutcome, ObjectOutcome},
    probe::ProbeReport,
};

/// How often a log is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

impl<C: Cluster> Execution<'_, C> {
    /// Reads every object that was created, as it is in the end.
    pub(super) async fn observe(&mut self) -> Result<(), ExecuteError> {
        let made: Vec<_> = self.made.iter().filter(|made| made.exists).cloned().collect();
        for made in made {
            let answer = self.cluster.api().call(Call::get(made.path())).await?;
            let stored = answer.is_success().then_some(answer.body);
            let containers = match &stored {
                Some(pod) if made.is_pod() && self.cluster.observations().kernel => {
                    Some(self.containers(&made, pod).await?)
                }
                _ => None,
            };
            self.executed.outcome.objects.push(ObjectOutcome { name: made.name, stored, containers });
        }
        Ok(())
    }

    async fn containers(&self, made: &Made, pod: &Value) -> Result<Vec<ContainerOutcome>, ExecuteError> {
        let mut containers = Vec::new();
        for list in [ContainerList::Init, ContainerList::Main, ContainerList::Ephemeral] {
            let entries = pod.pointer(&format!("/spec/{}", list.field())).and_then(Value::as_array);
            for name in entries.into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str()) {
                let state = state(pod, list, name);
                let has_run = state.starts_with("running") || state.starts_with("terminated");
                let mode = if has_run { self.mode(made, name).await? } else { None };
                containers.push(ContainerOutcome { name: name.to_owned(), list, state, mode });
            }
        }
        Ok(containers)
    }

    /// What the container's probe read of the kernel, beyond what the node itself is subject to.
    async fn mode(&self, made: &Made, container: &str) -> Result<Option<String>, ExecuteError> {
        let call = Call::get(format!("{}/log", made.path())).with("container", container);
        let mut interval = tokio::time::interval(INTERVAL);
        let mut refused = None;
        // A container that runs may not yet have printed, and one that never prints is no probe.
        for _ in 0..self.cluster.log_looks() {
            interval.tick().await;
            let log = match self.cluster.api().log(call.clone()).await? {
                Ok(log) => log,
                Err(error) => {
                    refused = Some(error);
                    continue;
                }
            };
            refused = None;
            if let Some(report) = ProbeReport::from_log(&log) {
                return Ok(Some(match report.mode(self.cluster.baseline()) {
                    Some(mode) => mode.to_owned(),
                    None => format!("unknown: {}", log.trim_end()),
                }));
            }
        }
        Ok(refused.map(|error| format!("unknown: {error}")))
    }
}

/// The container's state in the Pod's status, in a word or two.
fn state(pod: &Value, list: ContainerList, name: &str) -> String {
    let statuses = match list {
        ContainerList::Init => "initContainerStatuses",
        ContainerList::Main => "containerStatuses",
        ContainerList::Ephemeral => "ephemeralContainerStatuses",
    };
    let statuses = pod.pointer(&format!("/status/{statuses}")).and_then(Value::as_array);
    let status = statuses.into_iter().flatten().find(|status| status.get("name").is_some_and(|found| found == name));
    let state = status.and_then(|status| status.get("state")?.as_object()?.iter().next());
    match state {
        None => "not started".to_owned(),
        Some((state, details)) => match details.get("reason").and_then(Value::as_str) {
            Some(reason) => format!("{state}: {reason}"),
            None => state.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_states_from_the_status() {
        let pod = json!({"status": {"containerStatuses": [
            {"name": "a", "state": {"running": {"startedAt": "t"}}},
            {"name": "b", "state": {"waiting": {"reason": "CreateContainerError", "message": "m"}}},
        ]}});
        let states = ["a", "b", "c"].map(|name| state(&pod, ContainerList::Main, name));
        assert_eq!(states, ["running", "waiting: CreateContainerError", "not started"]);
    }
}
