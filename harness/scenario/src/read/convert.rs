//! From a decoded file to what it means.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    check::bound,
    diagnostic::locate,
    file::{ExpectationsFile, FeatureGatesFile, GivenFile, PodExpectationsFile, RejectionFile, ScenarioFile, StepFile},
    model::{
        Instance,
        claim::{Claim, Condition, Expectation, Rejection, Subject},
        given::{DEFAULT_SECCOMP_PROFILE, Given, Namespace, Node as GivenNode},
        location::Location,
        range::{VersionRange, parse_minor},
        step::{Action, Step},
    },
    yaml::{Entry, Kind, Node},
};

/// What a file means with one combination of parameters. `root` is the document that `file` was decoded from.
pub(super) fn instance(file: ScenarioFile, root: &Node, text: &str, parameters: BTreeMap<String, Value>) -> Instance {
    let steps = root.get("when").map_or(&[][..], Node::items);
    let when = file.when.into_iter().zip(steps).filter_map(|(step, node)| convert_step(step, node, text));
    let mut then = Vec::new();
    for (name, block) in file.then {
        if let Some(node) = root.at(&["then", &name]) {
            Expectations { of: &name, text, subject: Subject::Answer, claims: &mut then }.block(
                block,
                node,
                &Condition::default(),
            );
        }
    }
    then.sort_by_key(|expectation| expectation.location.span.start);
    Instance { parameters, given: convert_given(file.given), when: when.collect(), then }
}

fn convert_given(file: GivenFile) -> Given {
    let range = |text: Option<String>| text.and_then(|text| text.parse::<VersionRange>().ok());
    let mut feature_gates = gates(&file.feature_gates);
    feature_gates.entry(DEFAULT_SECCOMP_PROFILE.to_owned()).or_insert(true);
    Given {
        namespace: Namespace {
            name: file.namespace.name,
            labels: file.namespace.labels,
            annotations: file.namespace.annotations,
        },
        feature_gates,
        gardener: range(file.gardener),
        kubernetes: range(file.kubernetes).unwrap_or_default(),
        node: GivenNode {
            seccomp_default: file.node.seccomp_default.map_or_else(|| vec![false, true], |values| values.0),
            localhost_profiles: file.node.localhost_profiles.into_iter().collect(),
        },
    }
}

fn gates(file: &FeatureGatesFile) -> BTreeMap<String, bool> {
    file.default_seccomp_profile.map(|value| (DEFAULT_SECCOMP_PROFILE.to_owned(), value)).into_iter().collect()
}

fn convert_step(file: StepFile, node: &Node, text: &str) -> Option<Step> {
    let created = file.create.as_ref().or(file.dry_run.as_ref()).or(file.static_pod.as_ref());
    let own_name = created.and_then(|object| {
        let metadata = object.get("metadata")?;
        let name = metadata.get("name").or_else(|| metadata.get("generateName"));
        name?.as_str().map(str::to_owned)
    });
    let action = match file {
        StepFile { create: Some(object), .. } => Action::Create(Value::Object(object)),
        StepFile { dry_run: Some(object), .. } => Action::DryRun(Value::Object(object)),
        StepFile { get: Some(target), .. } => Action::Get { of: target.of },
        StepFile { update: Some(update), .. } => Action::Update { of: update.of, set: Value::Object(update.set) },
        StepFile { patch: Some(patch), .. } => {
            Action::Patch { of: patch.of, patch_type: patch.patch_type, patch: patch.patch }
        }
        StepFile { ephemeral_container: Some(added), .. } => {
            Action::EphemeralContainer { of: added.of, container: Value::Object(added.container) }
        }
        StepFile { delete: Some(target), .. } => Action::Delete { of: target.of },
        StepFile { static_pod: Some(manifest), .. } => Action::StaticPod(Value::Object(manifest)),
        StepFile { kubelet: Some(settings), .. } => Action::Kubelet { seccomp_default: settings.seccomp_default },
        StepFile { feature_gates: Some(file), .. } => Action::FeatureGates(gates(&file)),
        // A step without a call was refused before.
        StepFile { feature_gates: None, .. } => return None,
    };
    let call = node.entries().iter().find(|entry| entry.key != "as")?;
    Some(Step { action, name: file.name.or(own_name), location: locate(text, call.key_span.clone()) })
}

/// Gathers the expectations about one answer.
struct Expectations<'a> {
    of: &'a str,
    text: &'a str,
    subject: Subject,
    claims: &'a mut Vec<Expectation>,
}

impl Expectations<'_> {
    fn add(&mut self, claim: Claim, entry: Option<&Entry>, condition: &Condition) {
        let location = entry.map_or_else(Location::default, |entry| locate(self.text, place(entry)));
        self.claims.push(Expectation {
            of: self.of.to_owned(),
            subject: self.subject,
            claim,
            location,
            condition: condition.clone(),
        });
    }

    /// What holds of the Pods of a workload: the same claims, about another subject.
    fn pods(&mut self, file: PodExpectationsFile, entry: Option<&Entry>, condition: &Condition) {
        let Some(entry) = entry else { return };
        let mut pods = Expectations { subject: Subject::Pods, of: self.of, text: self.text, claims: self.claims };
        if let Some(count) = file.count {
            pods.add(Claim::Count(count), entry.value.entry("count"), condition);
        }
        let claims = ExpectationsFile {
            mutated: file.mutated,
            called: file.called,
            profile: file.profile,
            annotations: file.annotations,
            stored: file.stored,
            containers: file.containers,
            ..ExpectationsFile::default()
        };
        pods.block(claims, &entry.value, condition);
    }

    fn block(&mut self, file: ExpectationsFile, node: &Node, condition: &Condition) {
        // A refusal says that the call is not admitted, and says it better.
        let admitted = file.admitted.filter(|admitted| *admitted || file.rejected.is_none());
        let claims = [
            ("admitted", admitted.map(Claim::Admitted)),
            ("rejected", file.rejected.map(|rejection| Claim::Rejected(convert_rejection(rejection)))),
            ("mutated", file.mutated.map(Claim::Mutated)),
            ("called", file.called.map(Claim::Called)),
            ("skippedBy", file.skipped_by.map(Claim::SkippedBy)),
            ("profile", file.profile.and_then(|text| text.parse().ok()).map(Claim::Profile)),
            ("stored", file.stored.map(|part| Claim::Stored(Value::Object(part)))),
            ("warnings", file.warnings.map(Claim::Warnings)),
        ];
        for (key, claim) in claims {
            if let Some(claim) = claim {
                self.add(claim, node.entry(key), condition);
            }
        }
        for (key, value) in file.annotations {
            let entry = node.get("annotations").and_then(|node| node.entry(&key));
            self.add(Claim::Annotation { key: key.clone(), value }, entry, condition);
        }
        for (name, state) in file.containers {
            let entry = node.get("containers").and_then(|node| node.entry(&name));
            self.add(Claim::Container { name: name.clone(), state }, entry, condition);
        }
        self.pods(file.pods, node.entry("pods"), condition);
        for (key, blocks) in [("since", file.since), ("until", file.until)] {
            for (version, block) in blocks {
                let minors =
                    parse_minor(&version).and_then(|minor| condition.kubernetes.intersection(bound(key, minor)));
                if let (Some(kubernetes), Some(node)) = (minors, node.at(&[key, &version])) {
                    self.block(block, node, &Condition { kubernetes, ..condition.clone() });
                }
            }
        }
        let nodes = [
            ("withSeccompDefault", true, file.node.with_seccomp_default),
            ("withoutSeccompDefault", false, file.node.without_seccomp_default),
        ];
        for (key, value, block) in nodes {
            if let (Some(block), Some(node)) = (block, node.at(&["node", key])) {
                self.block(*block, node, &Condition { seccomp_default: Some(value), ..condition.clone() });
            }
        }
    }
}

fn convert_rejection(file: RejectionFile) -> Rejection {
    Rejection { code: file.code, reason: file.reason, field: file.field, message: file.message }
}

/// What is marked of an expectation: its key, and its value where that is one word.
fn place(entry: &Entry) -> std::ops::Range<usize> {
    let is_word =
        !matches!(entry.value.kind, Kind::Map(_) | Kind::List(_)) && entry.value.span.start >= entry.key_span.end;
    entry.key_span.start..if is_word { entry.value.span.end } else { entry.key_span.end }
}
