//! What an upstream's answer says, so far as a record tells it.

use base64::Engine as _;
use http::{Response, StatusCode};
use json_patch::PatchOperation;
use serde::Deserialize;

use crate::decide::Outcome;

#[derive(Deserialize)]
struct WireReview {
    response: WireResponse,
}

#[derive(Deserialize)]
struct WireResponse {
    allowed: bool,
    #[serde(default)]
    patch: Option<String>,
}

/// What became of the request, and the operations of the answer's patch.
///
/// Why the upstream left a request alone is not in its answer, or only as a text.
pub(crate) fn read(answer: &Response<impl AsRef<[u8]>>) -> (Outcome, Vec<PatchOperation>) {
    let nothing = (Outcome::Unanswered, Vec::new());
    if answer.status() != StatusCode::OK {
        return nothing;
    }
    let Ok(review) = serde_json::from_slice::<WireReview>(answer.body().as_ref()) else {
        return nothing;
    };
    let WireResponse { allowed, patch } = review.response;
    match patch.filter(|patch| !patch.is_empty()).map(|patch| decode(&patch)) {
        _ if !allowed => (Outcome::Refused, Vec::new()),
        None => (Outcome::LeftAlone, Vec::new()),
        Some(Some(patch)) if patch.is_empty() => (Outcome::LeftAlone, patch),
        Some(Some(patch)) => (Outcome::Mutated, patch),
        Some(None) => nothing,
    }
}

fn decode(patch: &str) -> Option<Vec<PatchOperation>> {
    let json = base64::engine::general_purpose::STANDARD.decode(patch).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn encode(patch: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(patch)
    }

    #[rstest]
    #[case::changed(json!({"allowed": true, "patch": encode(r#"[{"op":"remove","path":"/a"}]"#)}), Outcome::Mutated, 1)]
    #[case::left_alone(json!({"allowed": true}), Outcome::LeftAlone, 0)]
    #[case::an_empty_patch(json!({"allowed": true, "patch": encode("[]")}), Outcome::LeftAlone, 0)]
    #[case::refused(json!({"allowed": false, "status": {"code": 400}}), Outcome::Refused, 0)]
    #[case::no_base64(json!({"allowed": true, "patch": "?"}), Outcome::Unanswered, 0)]
    #[case::no_patch(json!({"allowed": true, "patch": encode("{}")}), Outcome::Unanswered, 0)]
    #[case::no_response(Value::Null, Outcome::Unanswered, 0)]
    fn an_answer_says_what_became_of_the_request(
        #[case] response: Value,
        #[case] outcome: Outcome,
        #[case] operations: usize,
    ) {
        let answer = Response::new(json!({"response": response}).to_string());
        let (found, patch) = read(&answer);
        assert_eq!((found, patch.len()), (outcome, operations));
    }

    #[test]
    fn what_is_not_ok_is_no_answer() {
        let mut answer = Response::new(json!({"response": {"allowed": true}}).to_string());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        assert_eq!(read(&answer), (Outcome::Unanswered, Vec::new()));
    }
}
