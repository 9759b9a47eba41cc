//! The smallest case that still shows a difference.
//!
//! Works on the case itself and not on how it was drawn, so that what is left is what matters: requests, then parts of
//! their bodies, the largest first.

use serde_json::Value;

use super::case::{Body, Case};

/// The cases that are one step smaller than `case`, the smallest first.
pub(super) fn smaller(case: &Case) -> Vec<Case> {
    let mut candidates = Vec::new();
    for index in (0..case.requests.len()).rev() {
        let mut candidate = case.clone();
        candidate.requests.remove(index);
        candidates.push(candidate);
    }
    for (index, request) in case.requests.iter().enumerate() {
        for parameter in 0..request.query.len() {
            let mut candidate = case.clone();
            candidate.requests[index].query.remove(parameter);
            candidates.push(candidate);
        }
        let replace = |body: Body| {
            let mut candidate = case.clone();
            candidate.requests[index].body = body;
            candidate
        };
        match &request.body {
            Body::Json(body) => {
                candidates.extend(reduced(body).into_iter().map(|body| replace(Body::Json(body))));
            }
            Body::Answer { of, merge } => candidates
                .extend(reduced(merge).into_iter().map(|merge| replace(Body::Answer { of: of.clone(), merge }))),
            Body::None | Body::Text(_) => {}
        }
    }
    for (path, behaviour) in &case.webhooks {
        let mut candidate = case.clone();
        candidate.webhooks.remove(path);
        candidates.push(candidate);
        for body in reduced(&behaviour.body) {
            let mut candidate = case.clone();
            if let Some(behaviour) = candidate.webhooks.get_mut(path) {
                behaviour.body = body;
            }
            candidates.push(candidate);
        }
    }
    candidates
}

/// `value` without one part, for each part; those without a large part first.
fn reduced(value: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    collect(value, &mut Vec::new(), &mut places);
    places.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let without = |place: &[Step]| {
        let mut value = value.clone();
        remove(&mut value, place);
        value
    };
    places.iter().map(|(_, place)| without(place)).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

fn collect(value: &Value, place: &mut Vec<Step>, places: &mut Vec<(usize, Vec<Step>)>) {
    let children: Vec<(Step, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, field)| (Step::Key(key.clone()), field)).collect(),
        Value::Array(entries) => entries.iter().enumerate().map(|(at, entry)| (Step::Index(at), entry)).collect(),
        _ => return,
    };
    for (step, child) in children {
        place.push(step);
        places.push((size(child), place.clone()));
        collect(child, place, places);
        place.pop();
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        Value::Array(entries) => 1 + entries.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn remove(value: &mut Value, place: &[Step]) {
    match (place, value) {
        ([Step::Key(key)], Value::Object(fields)) => drop(fields.remove(key)),
        ([Step::Index(index)], Value::Array(entries)) if *index < entries.len() => drop(entries.remove(*index)),
        ([Step::Key(key), rest @ ..], Value::Object(fields)) => {
            if let Some(field) = fields.get_mut(key) {
                remove(field, rest);
            }
        }
        ([Step::Index(index), rest @ ..], Value::Array(entries)) => {
            if let Some(entry) = entries.get_mut(*index) {
                remove(entry, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fidelity::case::Request;

    /// Shrinks as a verification does, with a question instead of two API servers.
    fn shrink(mut case: Case, shows: impl Fn(&Case) -> bool) -> Case {
        while let Some(next) = smaller(&case).into_iter().find(&shows) {
            case = next;
        }
        case
    }

    #[test]
    fn leaves_what_matters_and_nothing_else() {
        let request =
            |id: &str, body: Value| Request { id: id.to_owned(), body: Body::Json(body), ..Request::default() };
        let case = Case {
            requests: vec![
                request("a", json!({"x": 1})),
                request("b", json!({"spec": {"containers": [{"name": "a"}, {"name": "b", "image": ""}]}, "y": [1, 2]})),
            ],
            ..Case::default()
        };
        let shows = |case: &Case| {
            case.requests.iter().any(|request| match &request.body {
                Body::Json(body) => body.to_string().contains(r#""image":"""#),
                _ => false,
            })
        };
        let smallest = shrink(case, shows);
        assert_eq!(smallest.requests, [request("b", json!({"spec": {"containers": [{"image": ""}]}}))]);
    }
}
