//! Steps: one call each, and names by which `then` speaks of their answers.

use crate::{
    check::{Answer, Answers},
    diagnostic::{ScenarioError, nearest, span},
    model::step::pod_template_path,
    yaml::{Entry, Node},
};

/// The calls there are; those of the second kind are about an object that was created before.
const CREATING: [&str; 3] = ["create", "dryRun", STATIC_POD];
const TARGETED: [&str; 5] = ["get", "update", "patch", "ephemeralContainer", "delete"];
const STATIC_POD: &str = "staticPod";
/// What is no call, and has no answer.
const SURROUNDING: [&str; 2] = ["featureGates", "kubelet"];

/// Checks the steps, and returns the answers that they give a name.
pub(super) fn check<'a>(root: &'a Node, errors: &mut Vec<ScenarioError>) -> Answers<'a> {
    let mut answers = Answers::default();
    let mut places = std::collections::BTreeMap::new();
    for step in root.get("when").map_or(&[][..], Node::items) {
        let Some(call) = the_call(step, errors) else {
            answers.is_incomplete = true;
            continue;
        };
        let answer = if TARGETED.contains(&call.key.as_str()) {
            target(call, &mut answers, errors)
        } else {
            created(call, errors)
        };
        if let Some(alias) = step.entry("as").filter(|_| SURROUNDING.contains(&call.key.as_str())) {
            errors.push(ScenarioError::NoAnswer { verb: call.key.clone(), span: span(alias.key_span.clone()) });
        }
        let Some((name, at)) = name(step, call, errors) else { continue };
        if let Some(first) = places.insert(name, at.clone()) {
            errors.push(ScenarioError::DuplicateName { name: name.to_owned(), first: span(first), span: span(at) });
        }
        answers.by_name.insert(name, answer);
    }
    answers
}

/// The one call of a step; nothing where there is none or several, which is reported.
fn the_call<'a>(step: &'a Node, errors: &mut Vec<ScenarioError>) -> Option<&'a Entry> {
    let is_call = |entry: &&Entry| {
        let key = entry.key.as_str();
        CREATING.contains(&key) || TARGETED.contains(&key) || SURROUNDING.contains(&key)
    };
    let calls: Vec<_> = step.entries().iter().filter(is_call).collect();
    if let [call] = calls[..] {
        return Some(call);
    }
    // A call whose name is misspelt is reported as an unknown key already.
    let has_other_key = step.entries().iter().any(|entry| entry.key != "as" && !is_call(&entry));
    if calls.len() > 1 || !has_other_key {
        let at = calls.get(1).map_or(step.span.start..step.span.start + 1, |call| call.key_span.clone());
        let verbs: Vec<_> =
            CREATING.iter().chain(&TARGETED).chain(&SURROUNDING).map(|verb| format!("`{verb}`")).collect();
        let help = if calls.is_empty() {
            format!("the calls are {}", verbs.join(", "))
        } else {
            "make two steps of it".to_owned()
        };
        errors.push(ScenarioError::NotOneAction { count: calls.len(), span: span(at), help });
    }
    None
}

/// What is known of the object that a step is about.
fn target<'a>(call: &'a Entry, answers: &mut Answers<'a>, errors: &mut Vec<ScenarioError>) -> Answer<'a> {
    let Some(of) = call.value.get("of") else { return Answer::default() };
    let Some(name) = of.text() else { return Answer::default() };
    let added = call.value.at(&["container", "name"]).and_then(Node::text);
    match answers.by_name.get_mut(name).filter(|answer| !answer.is_dry_run) {
        Some(answer) => {
            answer.containers.extend(added);
            answer.clone()
        }
        None if answers.is_incomplete => Answer::default(),
        None => {
            let known: Vec<_> =
                answers.by_name.iter().filter(|(_, answer)| !answer.is_dry_run).map(|(name, _)| *name).collect();
            errors.push(ScenarioError::UnknownName {
                what: "object created before this step",
                name: name.to_owned(),
                span: span(of.span.clone()),
                help: nearest(name, &known),
            });
            Answer::default()
        }
    }
}

/// The name of a step's answer, and where it stands.
fn name<'a>(
    step: &'a Node,
    call: &'a Entry,
    errors: &mut Vec<ScenarioError>,
) -> Option<(&'a str, std::ops::Range<usize>)> {
    let named = |node: &'a Node| Some((node.text()?, node.span.clone()));
    if let Some(alias) = step.get("as") {
        return named(alias);
    }
    let verb = CREATING.into_iter().find(|verb| call.key == *verb)?;
    let metadata = |key| call.value.at(&["metadata", key]).and_then(named);
    // No kubelet makes up the name of a static Pod.
    let own = metadata("name").or_else(|| metadata("generateName").filter(|_| verb != STATIC_POD));
    if own.is_none() {
        errors.push(ScenarioError::Unnamed { verb, span: span(call.key_span.clone()) });
    }
    own
}

/// What is known of the object that a step creates.
fn created<'a>(call: &'a Entry, errors: &mut Vec<ScenarioError>) -> Answer<'a> {
    let object = &call.value;
    let kind = object.get("kind");
    if let Some((kind, text)) = kind.and_then(|kind| Some((kind, kind.text()?)))
        && call.key == STATIC_POD
        && text != "Pod"
    {
        errors.push(ScenarioError::UnknownValue {
            value: text.to_owned(),
            span: span(kind.span.clone()),
            help: "a kubelet takes Pods alone from its folder: `Pod`".to_owned(),
        });
    }
    let template = kind.and_then(Node::text).and_then(pod_template_path).and_then(|path| object.at(path));
    Answer {
        containers: containers(object),
        pod_containers: template.map(containers),
        is_dry_run: call.key == "dryRun",
    }
}

/// The names of the containers of a Pod, or of a template of one.
fn containers(pod: &Node) -> Vec<&str> {
    let lists = ["initContainers", "containers"].into_iter().filter_map(|key| pod.at(&["spec", key]));
    lists.flat_map(Node::items).filter_map(|container| container.get("name")?.text()).collect()
}
