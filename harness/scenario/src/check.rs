//! Checks what a document's shape cannot say: names, ranges, requirements.
//!
//! The checks read the document as it stands and pass over what has the wrong shape, so that one mistake does not hide
//! another.

mod expectations;
mod steps;
mod versions;

use std::collections::BTreeMap;

pub(crate) use expectations::bound;

use crate::{
    diagnostic::{ScenarioError, nearest, span},
    model::range::{KUBERNETES, VersionRange},
    requirement::Requirements,
    yaml::Node,
};

/// Checks a document whose parameters are filled in.
pub(crate) fn check(root: &Node, requirements: &Requirements) -> Vec<ScenarioError> {
    let mut errors = Vec::new();
    check_requirements(root, requirements, &mut errors);
    let kubernetes = versions::check_given(root, &mut errors);
    let names = steps::check(root, &mut errors);
    expectations::check(root, &names, kubernetes, &mut errors);
    errors
}

fn check_requirements(root: &Node, requirements: &Requirements, errors: &mut Vec<ScenarioError>) {
    let listed = root.get("requirements").map_or(&[][..], Node::items);
    for (place, node) in listed.iter().enumerate() {
        let Some(id) = node.text() else { continue };
        if listed[..place].iter().any(|earlier| earlier.text() == Some(id)) {
            errors.push(ScenarioError::Repeated { value: id.to_owned(), span: span(node.span.clone()) });
        } else if requirements.get(id).is_none() {
            errors.push(ScenarioError::UnknownRequirement {
                id: id.to_owned(),
                span: span(node.span.clone()),
                help: nearest(id, &requirements.ids().collect::<Vec<_>>()),
            });
        }
    }
}

/// What `when` makes.
#[derive(Debug, Default)]
struct Answers<'a> {
    /// The answers by their names.
    by_name: BTreeMap<&'a str, Answer<'a>>,
    /// Whether a step is not understood, so that any other name may be that of its answer.
    is_incomplete: bool,
}

/// What is known of an answer before anything runs.
#[derive(Clone, Debug, Default)]
struct Answer<'a> {
    /// The names of the object's containers.
    containers: Vec<&'a str>,
    /// The names of the containers of the Pods that controllers make of the object; nothing where they make none.
    pod_containers: Option<Vec<&'a str>>,
    /// Whether the answer is that of a dry run.
    is_dry_run: bool,
}

/// The minors for which a scenario holds, where its range can be read.
type Minors = VersionRange;

/// Every minor.
const ALL_MINORS: Minors = KUBERNETES;
