//! Expectations: about answers and containers that there are, under conditions that can hold.

use crate::{
    check::{Answer, Answers, Minors},
    diagnostic::{ScenarioError, nearest, span},
    model::{
        claim::Profile,
        range::{KUBERNETES, VersionRange, parse_minor},
    },
    yaml::{Entry, Kind, Node},
};

/// Checks `then`.
pub(super) fn check(root: &Node, answers: &Answers<'_>, kubernetes: Minors, errors: &mut Vec<ScenarioError>) {
    let seccomp_default = match root.at(&["given", "node", "seccompDefault"]) {
        None => vec![false, true],
        Some(node) => std::iter::once(node).chain(node.items()).filter_map(boolean).collect(),
    };
    for entry in root.get("then").map_or(&[][..], Node::entries) {
        let Some(answer) = answers.by_name.get(entry.key.as_str()) else {
            if answers.is_incomplete {
                continue;
            }
            errors.push(ScenarioError::UnknownName {
                what: "answer",
                name: entry.key.clone(),
                span: span(entry.key_span.clone()),
                help: nearest(&entry.key, &answers.by_name.keys().copied().collect::<Vec<_>>()),
            });
            continue;
        };
        let block = Block { name: &entry.key, answer, kubernetes, seccomp_default: &seccomp_default, has_count: false };
        if entry.value.entries().is_empty() && matches!(entry.value.kind, Kind::Map(_)) {
            errors.push(ScenarioError::Empty {
                key: entry.key.clone(),
                span: span(entry.key_span.clone()),
                help: "say what must hold of it".to_owned(),
            });
        }
        block.check(&entry.value, errors);
    }
}

fn boolean(node: &Node) -> Option<bool> {
    if let Kind::Bool(value) = node.kind { Some(value) } else { None }
}

/// Expectations about one answer, under the conditions of the blocks that they stand in.
#[derive(Clone, Copy)]
struct Block<'a> {
    name: &'a str,
    answer: &'a Answer<'a>,
    kubernetes: Minors,
    seccomp_default: &'a [bool],
    /// Whether a block around says how many Pods there are.
    has_count: bool,
}

impl Block<'_> {
    fn check(mut self, node: &Node, errors: &mut Vec<ScenarioError>) {
        self.check_containers(node, &self.answer.containers, errors);
        check_profile(node, errors);
        if let Some(pods) = node.entry("pods") {
            self.check_pods(pods, errors);
            self.has_count = true;
        }
        check_refusal(node, errors);
        for key in ["since", "until"] {
            for entry in node.get(key).map_or(&[][..], Node::entries) {
                let kubernetes = self.versions(key, entry, errors).unwrap_or(self.kubernetes);
                Block { kubernetes, ..self }.check(&entry.value, errors);
            }
        }
        for (key, value) in [("withSeccompDefault", true), ("withoutSeccompDefault", false)] {
            let Some(entry) = node.get("node").and_then(|node| node.entry(key)) else { continue };
            if !self.seccomp_default.contains(&value) {
                errors.push(ScenarioError::ImpossibleRange {
                    what: format!("`{key}`"),
                    reason: format!("no node here has `seccompDefault: {value}`"),
                    span: span(entry.key_span.clone()),
                    help: format!("add {value} to `given.node.seccompDefault`, or remove the block"),
                });
            }
            Block { seccomp_default: &[value], ..self }.check(&entry.value, errors);
        }
    }

    /// The minors for which a `since` or `until` block holds.
    fn versions(self, key: &str, entry: &Entry, errors: &mut Vec<ScenarioError>) -> Option<VersionRange> {
        let at = span(entry.key_span.clone());
        let Some(minor) = parse_minor(&entry.key) else {
            errors.push(ScenarioError::BadRange {
                text: entry.key.clone(),
                problem: "a version is written `1.24`".to_owned(),
                span: at,
                help: format!("`{key}` takes one Kubernetes minor, as in `{key}: {{\"1.25\": ...}}`"),
            });
            return None;
        };
        let own = bound(key, minor);
        let both = self.kubernetes.intersection(own).filter(|_| KUBERNETES.contains(minor));
        if both.is_none() {
            errors.push(ScenarioError::ImpossibleRange {
                what: format!("`{key}` 1.{minor}"),
                reason: format!("Kubernetes {} is what holds around it", self.kubernetes),
                span: at,
                help: "move the bound, or remove the block".to_owned(),
            });
        }
        both
    }

    /// Checks what is said of the Pods of a workload.
    fn check_pods(self, pods: &Entry, errors: &mut Vec<ScenarioError>) {
        let Some(containers) = self.answer.pod_containers.as_deref().filter(|_| !self.answer.is_dry_run) else {
            errors.push(ScenarioError::NoWorkload {
                object: self.name.to_owned(),
                span: span(pods.key_span.clone()),
                help: if self.answer.pod_containers.is_some() {
                    "a dry run makes no Pods".to_owned()
                } else {
                    "say it of the object itself, or create a workload, such as a Deployment".to_owned()
                },
            });
            return;
        };
        if !self.has_count && pods.value.get("count").is_none() {
            errors.push(ScenarioError::MissingKey {
                key: "count".to_owned(),
                span: span(pods.key_span.clone()),
                help: "what holds of each Pod holds of none as well; say how many there are".to_owned(),
            });
        }
        self.check_containers(&pods.value, containers, errors);
        check_profile(&pods.value, errors);
    }

    fn check_containers(self, node: &Node, known: &[&str], errors: &mut Vec<ScenarioError>) {
        for entry in node.get("containers").map_or(&[][..], Node::entries) {
            let is_known = known.contains(&entry.key.as_str());
            if self.answer.is_dry_run || !is_known {
                let help = nearest(&entry.key, known);
                errors.push(ScenarioError::UnknownContainer {
                    object: self.name.to_owned(),
                    name: entry.key.clone(),
                    span: span(entry.key_span.clone()),
                    help: if self.answer.is_dry_run { "a dry run starts no containers".to_owned() } else { help },
                });
            }
        }
    }
}

/// The minors of a `since` or `until` block.
pub(crate) fn bound(key: &str, minor: u16) -> VersionRange {
    if key == "since" {
        VersionRange { from: Some(minor), until: None }
    } else {
        VersionRange { from: None, until: Some(minor) }
    }
}

fn check_profile(node: &Node, errors: &mut Vec<ScenarioError>) {
    let Some(node) = node.get("profile") else { return };
    if let Some(text) = node.text().filter(|text| text.parse::<Profile>().is_err()) {
        errors.push(ScenarioError::UnknownValue {
            value: text.to_owned(),
            span: span(node.span.clone()),
            help: nearest(text, &["none", "Unconfined", "RuntimeDefault", "Localhost/<file>"]),
        });
    }
}

fn check_refusal(node: &Node, errors: &mut Vec<ScenarioError>) {
    let Some(rejected) = node.entry("rejected") else { return };
    if let Some(admitted) = node.entry("admitted").filter(|entry| boolean(&entry.value) == Some(true)) {
        errors.push(ScenarioError::Contradiction {
            one: "admitted: true".to_owned(),
            other: "rejected".to_owned(),
            first: span(rejected.key_span.clone()),
            span: span(admitted.key_span.clone()),
            help: "keep one of the two".to_owned(),
        });
    }
}
