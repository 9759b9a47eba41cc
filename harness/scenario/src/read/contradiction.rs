//! Expectations that cannot hold together.

use crate::{
    diagnostic::{ScenarioError, span},
    model::{
        Instance,
        claim::{Claim, Expectation},
        range::KUBERNETES,
    },
};

/// Finds the contradictions among the expectations that hold at once, on any minor and node of the scenario.
pub(super) fn find(instance: &Instance) -> Vec<ScenarioError> {
    let mut errors = Vec::new();
    let known = KUBERNETES.from.zip(KUBERNETES.until).into_iter().flat_map(|(from, until)| from..=until);
    for minor in known.filter(|minor| instance.given.kubernetes.contains(*minor)) {
        for seccomp_default in &instance.given.node.seccomp_default {
            let expectations = instance.expectations_for(minor, *seccomp_default);
            for (place, one) in expectations.iter().enumerate() {
                errors.extend(expectations[..place].iter().filter_map(|other| contradiction(other, one)));
            }
        }
    }
    errors.sort_by_key(ScenarioError::start);
    errors.dedup();
    errors
}

fn contradiction(first: &Expectation, second: &Expectation) -> Option<ScenarioError> {
    let help = ((&first.of, first.subject) == (&second.of, second.subject))
        .then(|| why(&first.claim, &second.claim).or_else(|| why(&second.claim, &first.claim)))??;
    Some(ScenarioError::Contradiction {
        one: word(&second.claim),
        other: word(&first.claim),
        first: span(first.location.span.clone()),
        span: span(second.location.span.clone()),
        help: help.to_owned(),
    })
}

/// Why two claims about the same answer cannot both hold.
fn why(one: &Claim, other: &Claim) -> Option<&'static str> {
    match (one, other) {
        (
            Claim::Rejected(_) | Claim::Admitted(false),
            Claim::Profile(_) | Claim::Annotation { .. } | Claim::Stored(_) | Claim::Container { .. },
        ) => Some(
            "what the API server refuses is not stored and not run; move this into the block where the call is admitted",
        ),
        (Claim::Called(false) | Claim::SkippedBy(_), Claim::Mutated(true)) => {
            Some("a webhook that is not asked changes nothing")
        }
        (Claim::Count(0), _) => Some("nothing holds of Pods that are not there"),
        (Claim::SkippedBy(_), Claim::Called(true)) => Some("what is skipped is not asked"),
        _ => None,
    }
}

fn word(claim: &Claim) -> String {
    match claim {
        Claim::Admitted(value) => format!("admitted: {value}"),
        Claim::Rejected(_) => "rejected".to_owned(),
        Claim::Mutated(value) => format!("mutated: {value}"),
        Claim::Called(value) => format!("called: {value}"),
        Claim::SkippedBy(_) => "skippedBy".to_owned(),
        Claim::Profile(profile) => format!("profile: {profile}"),
        Claim::Annotation { key, .. } => format!("annotations: {key}"),
        Claim::Stored(_) => "stored".to_owned(),
        Claim::Container { name, .. } => format!("containers: {name}"),
        Claim::Warnings(_) => "warnings".to_owned(),
        Claim::Count(count) => format!("count: {count}"),
    }
}
