//! What an API server says in no order.
//!
//! Go's maps are walked in another order each time, and so what is wrong with their entries is told in another order each
//! time, by the same API server to the same request. Two refusals are compared with such neighbours sorted.

use serde_json::Value;

/// What stands in a field's path where a map begins.
const MAPS: [&str; 8] = [
    ".resources",
    ".overhead",
    ".nodeSelector",
    ".matchLabels",
    "metadata.annotations",
    "metadata.labels",
    ".requests",
    ".limits",
];

/// A refusal with the neighbouring causes of one map sorted, in its message too.
pub(super) fn sorted(refusal: &Value) -> Value {
    let mut refusal = refusal.clone();
    let Some(Value::Array(causes)) = refusal.pointer_mut("/details/causes") else { return refusal };
    let before = list(causes);
    for run in causes.chunk_by_mut(|one, other| map(one).is_some() && map(one) == map(other)) {
        run.sort_by_key(Value::to_string);
    }
    let after = list(causes);
    let changed = refusal.get("message").and_then(Value::as_str).and_then(|message| message.strip_suffix(&before));
    if let Some(changed) = changed.map(|start| format!("{start}{after}")) {
        refusal["message"] = Value::from(changed);
    }
    refusal
}

/// The path of the map that a cause is in.
fn map(cause: &Value) -> Option<&str> {
    let field = cause.get("field").and_then(Value::as_str)?;
    MAPS.iter().find_map(|name| field.find(name).map(|at| &field[..at + name.len()]))
}

/// The causes as a message tells them: those that are the same once.
fn list(causes: &[Value]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        let part = |name: &str| cause.get(name).and_then(Value::as_str).unwrap_or_default();
        let text = format!("{}: {}", part("field"), part("message"));
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if let [only] = texts.as_slice() { only.clone() } else { format!("[{}]", texts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(causes: &[(&str, &str)]) -> Value {
        let causes: Vec<_> =
            causes.iter().map(|(field, message)| json!({"field": field, "message": message})).collect();
        json!({"message": format!("Pod is invalid: {}", list(&causes)), "details": {"causes": causes}})
    }

    #[test]
    fn only_neighbours_of_one_map_have_no_order() {
        let (cpu, memory) = (("c[0].resources.limits[cpu]", "a"), ("c[0].resources.limits[memory]", "b"));
        let name = ("c[0].name", "c");
        assert_eq!(sorted(&refusal(&[memory, cpu, name])), refusal(&[cpu, memory, name]));
        assert_eq!(sorted(&refusal(&[memory, name, cpu])), refusal(&[memory, name, cpu]));
        let other = ("c[1].resources.limits[cpu]", "a");
        assert_eq!(sorted(&refusal(&[other, memory])), refusal(&[other, memory]));
    }
}
