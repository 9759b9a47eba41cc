//! What a scenario file means, once it was read and found right.

pub(crate) mod claim;
pub(crate) mod given;
pub(crate) mod location;
pub(crate) mod range;
pub(crate) mod step;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::model::{
    claim::{ClaimKey, Expectation},
    given::Given,
    location::Location,
    step::Step,
};

/// One scenario file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// `<area>/<behaviour>`: the path below the scenario folder, without `.yaml`.
    pub id: String,
    /// The file, as it was named when it was read.
    pub path: Utf8PathBuf,
    /// What the scenario says, in a sentence.
    pub title: String,
    /// Where the title stands.
    pub location: Location,
    /// The ids of the requirements it tests; never empty.
    pub requirements: Vec<String>,
    /// One for each combination of parameters, in the file's order; exactly one when there are no parameters.
    pub instances: Vec<Instance>,
}

impl Scenario {
    /// The folder of the scenario, the part of its id before the last `/`; empty at the top.
    pub fn area(&self) -> &str {
        self.id.rsplit_once('/').map_or("", |(area, _)| area)
    }
}

/// A scenario with its parameters filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The parameters' values; empty when the scenario has none.
    pub parameters: BTreeMap<String, Value>,
    /// What holds before the first step.
    pub given: Given,
    /// The API calls, in order; never empty.
    pub when: Vec<Step>,
    /// What must hold, with the conditions of `since`, `until` and `node` blocks; never empty.
    pub then: Vec<Expectation>,
}

impl Instance {
    /// The parameters as one line, `value=true, row="plain"`; empty when there are none.
    ///
    /// A value that is a mapping with a key `case` goes by that. No two instances of a scenario have the same label.
    pub fn label(&self) -> String {
        let pairs = self.parameters.iter().map(|(name, value)| match value.get("case").unwrap_or(value) {
            Value::String(text) => format!("{name}={text:?}"),
            other => format!("{name}={other}"),
        });
        pairs.collect::<Vec<_>>().join(", ")
    }

    /// What must hold on Kubernetes 1.`minor`, on a node whose kubelet has `seccompDefault` on or off.
    ///
    /// Of several expectations about the same thing the most particular one holds: a `since` or `until` block beats the
    /// lines beside it, the nearest bound beats a farther one, and a `node` block beats both.
    pub fn expectations_for(&self, minor: u16, seccomp_default: bool) -> Vec<&Expectation> {
        let mut chosen: BTreeMap<ClaimKey<'_>, &Expectation> = BTreeMap::new();
        for expectation in self.then.iter().filter(|expectation| expectation.condition.holds(minor, seccomp_default)) {
            chosen
                .entry(expectation.key())
                .and_modify(|held| {
                    if expectation.condition.beats(&held.condition) {
                        *held = expectation;
                    }
                })
                .or_insert(expectation);
        }
        // In the order of the file, as a reader sees them.
        self.then.iter().filter(|expectation| chosen.values().any(|held| std::ptr::eq(*held, *expectation))).collect()
    }
}
