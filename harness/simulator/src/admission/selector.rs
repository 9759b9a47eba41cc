//! Label selectors as `metav1.LabelSelector` writes them.

use serde_json::{Map, Value};

/// A label selector, read once and asked often.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Reads a `LabelSelector`; the empty one selects everything.
    ///
    /// # Errors
    /// The words of `LabelSelectorAsSelector` for an operator that there is none of.
    ///
    /// # Source
    /// apimachinery v0.36 `apis/meta/v1/helpers.go` `LabelSelectorAsSelector`
    pub(crate) fn parse(selector: &Value) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement { key: key.clone(), operator: Operator::In(vec![value]) });
        }
        for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let values: Vec<String> = values.map(str::to_owned).collect();
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In(values),
                "NotIn" => Operator::NotIn(values),
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{other:?} is not a valid label selector operator")),
            };
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement { key, operator });
        }
        Ok(Self { requirements })
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether it selects an object with `labels`.
    pub(crate) fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str);
            match (&requirement.operator, value) {
                (Operator::In(values), Some(value)) => values.iter().any(|wanted| wanted == value),
                (Operator::NotIn(values), Some(value)) => values.iter().all(|unwanted| unwanted != value),
                (Operator::NotIn(_) | Operator::DoesNotExist, None) | (Operator::Exists, Some(_)) => true,
                (Operator::In(_) | Operator::Exists, None) | (Operator::DoesNotExist, Some(_)) => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::empty(json!({}), true)]
    #[case::equal(json!({"matchLabels": {"role": "shoot"}}), true)]
    #[case::other(json!({"matchLabels": {"role": "seed"}}), false)]
    #[case::not_in_without_key(json!({"matchExpressions": [{"key": "skip", "operator": "NotIn", "values": ["true"]}]}), true)]
    #[case::exists(json!({"matchExpressions": [{"key": "role", "operator": "Exists"}]}), true)]
    #[case::does_not_exist(json!({"matchExpressions": [{"key": "role", "operator": "DoesNotExist"}]}), false)]
    #[case::all_must_hold(json!({"matchLabels": {"role": "shoot"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}), false)]
    fn selects_as_documented(#[case] selector: Value, #[case] expected: bool) {
        let labels = json!({"role": "shoot"});
        let selector = Selector::parse(&selector).expect("a selector");
        assert_eq!(selector.matches(labels.as_object()), expected);
    }

    #[test]
    fn rejects_an_unknown_operator() {
        let error = Selector::parse(&json!({"matchExpressions": [{"key": "a", "operator": "Like"}]}));
        assert_eq!(error, Err("\"Like\" is not a valid label selector operator".to_owned()));
    }
}
