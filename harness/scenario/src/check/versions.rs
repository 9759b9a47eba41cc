//! Ranges of versions.

use crate::{
    check::{ALL_MINORS, Minors},
    diagnostic::{ScenarioError, span},
    model::range::{GARDENER, KUBERNETES, VersionRange},
    yaml::Node,
};

/// Checks the ranges of `given`, and returns the Kubernetes minors for which the scenario holds.
pub(super) fn check_given(root: &Node, errors: &mut Vec<ScenarioError>) -> Minors {
    check_range(root.at(&["given", "gardener"]), "Gardener", GARDENER, errors);
    check_range(root.at(&["given", "kubernetes"]), "Kubernetes", KUBERNETES, errors).unwrap_or(ALL_MINORS)
}

fn check_range(
    node: Option<&Node>,
    of: &str,
    known: VersionRange,
    errors: &mut Vec<ScenarioError>,
) -> Option<VersionRange> {
    let node = node?;
    let text = node.text()?;
    match text.parse::<VersionRange>() {
        Err(error) => {
            errors.push(ScenarioError::BadRange {
                text: text.to_owned(),
                problem: error.problem.to_owned(),
                span: span(node.span.clone()),
                help: "write `\"1.25..\"`, `\"..1.24\"`, `\"1.22..1.24\"` or `\"1.24\"`; both ends belong to the range"
                    .to_owned(),
            });
            None
        }
        Ok(range) => {
            if let Some(end) = range.ends().find(|end| !known.contains(*end)) {
                errors.push(ScenarioError::ImpossibleRange {
                    what: format!("a range of {of} versions that ends at 1.{end}"),
                    reason: format!("1.{end} is not known"),
                    span: span(node.span.clone()),
                    help: format!("{of} {known} is known"),
                });
            }
            range.intersection(known)
        }
    }
}
