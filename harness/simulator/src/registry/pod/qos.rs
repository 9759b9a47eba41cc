//! A Pod's quality of service class.

use serde_json::Value;

use crate::{
    fields::quantity::Quantity,
    minor::{Minor, validation as rule},
    registry::read::Read,
};

/// What all containers together ask for of one resource.
#[derive(Debug, Default)]
struct Sums {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
}

impl Sums {
    /// Adds the amounts above zero; gives how many there were.
    fn add(&mut self, amounts: Option<&Value>) -> usize {
        let mut count = 0;
        for (name, sum) in [("cpu", &mut self.cpu), ("memory", &mut self.memory)] {
            let amount = amounts.field(name).and_then(Value::as_str).and_then(|text| text.parse::<Quantity>().ok());
            if let Some(amount) = amount.filter(|amount| !amount.is_zero() && !amount.is_negative()) {
                *sum = Some(sum.map_or(amount, |sum| sum + amount));
                count += 1;
            }
        }
        count
    }

    fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none()
    }
}

/// `ComputePodQOS`
///
/// # Source
/// kubernetes v1.20 to v1.36 `pkg/apis/core/helper/qos/qos.go`
pub(crate) fn class(minor: Minor, pod: &Value) -> &'static str {
    let spec = pod.field("spec");
    let of_pod = spec.field("resources").filter(|_| *rule::POD_RESOURCES.at(minor));
    let of_containers = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| spec.list(list))
        .map(|container| container.field("resources"));
    let (mut requests, mut limits) = (Sums::default(), Sums::default());
    let mut is_guaranteed = true;
    let mut take = |resources: Option<&Value>| {
        requests.add(resources.field("requests"));
        is_guaranteed &= limits.add(resources.field("limits")) == 2;
    };
    match of_pod {
        Some(resources) => take(Some(resources)),
        None => of_containers.for_each(take),
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if is_guaranteed
        && requests.cpu.is_none_or(|cpu| limits.cpu == Some(cpu))
        && requests.memory.is_none_or(|memory| limits.memory == Some(memory))
        && requests.cpu.is_some() == limits.cpu.is_some()
        && requests.memory.is_some() == limits.memory.is_some()
    {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::nothing(json!({}), "BestEffort")]
    #[case::zero(json!({"limits": {"cpu": "0"}}), "BestEffort")]
    #[case::all_alike(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}}), "Guaranteed")]
    #[case::no_memory(json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), "Burstable")]
    #[case::less_asked(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1m", "memory": "1Gi"}}), "Burstable")]
    fn is_as_documented(#[case] resources: Value, #[case] expected: &str) {
        let pod = json!({"spec": {"containers": [{"resources": resources}]}});
        assert_eq!(class(Minor::NEWEST, &pod), expected);
    }
}
