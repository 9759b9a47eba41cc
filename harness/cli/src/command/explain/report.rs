//! An explanation, as text and as JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::RangeInclusive,
};

use seccomp_conformance::{Case, CaseFinished, ContainerList, Invocation, Minor, Outcome};
use seccomp_report::{SCHEMA_VERSION, minor_ranges};
use seccomp_webhook::GardenerRelease;
use serde_json::{Value, json};

use crate::{arguments::ExplainArguments, command::explain::pod::Explained};

/// What became of the Pod, releases that agree in everything together.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// Under which circumstances.
    preamble: Vec<String>,
    /// Oldest release first.
    groups: Vec<Group>,
}

/// Releases with which the very same happens.
#[derive(Debug)]
struct Group {
    epochs: Vec<RangeInclusive<GardenerRelease>>,
    picture: Picture,
}

/// What happens with one release.
#[derive(Debug, Default, Eq, PartialEq)]
struct Picture {
    /// What the webhook had to do with it, in words.
    webhook: BTreeMap<String, BTreeSet<Minor>>,
    /// How each container is run.
    containers: BTreeMap<Place, BTreeMap<String, BTreeSet<Minor>>>,
}

/// A container on a kind of node.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    list: ContainerList,
    name: String,
    seccomp_default: bool,
}

impl Explanation {
    /// Folds what was seen.
    pub(crate) fn new(
        arguments: &ExplainArguments,
        pod: &Explained,
        epochs: &[RangeInclusive<GardenerRelease>],
        cases: &[CaseFinished],
    ) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for epoch in epochs {
            let release = epoch.end().to_string();
            let picture = Picture::of(cases.iter().filter(|finished| finished.case.gardener == release));
            match groups.iter_mut().find(|group| group.picture == picture) {
                Some(group) => group.epochs.push(epoch.clone()),
                None => groups.push(Group { epochs: vec![epoch.clone()], picture }),
            }
        }
        Self { preamble: preamble(arguments, pod), groups }
    }

    /// For people.
    pub(crate) fn text(&self, color: bool) -> String {
        let strong = |text: &str| if color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        let mut text = self.preamble.join("\n") + "\n";
        for group in &self.groups {
            let releases = releases(&group.epochs).join(", ");
            let _ = writeln!(text, "\n{}", strong(&format!("Gardener {releases}")));
            for (webhook, minors) in &group.picture.webhook {
                let _ = writeln!(text, "  webhook, on Kubernetes {}: {webhook}", minor_ranges(minors.iter().copied()));
            }
            group.picture.write_containers(&mut text);
        }
        text
    }

    /// For programs.
    pub(crate) fn document(&self) -> Value {
        let groups = self.groups.iter().map(|group| {
            let webhook =
                group.picture.webhook.iter().map(|(said, minors)| json!({ "said": said, "kubernetes": names(minors) }));
            let containers = group.picture.containers.iter().flat_map(|(place, modes)| {
                modes.iter().map(move |(mode, minors)| {
                    json!({
                        "name": place.name,
                        "list": place.list.field(),
                        "seccompDefault": place.seccomp_default,
                        "mode": mode,
                        "kubernetes": names(minors),
                    })
                })
            });
            json!({
                "gardener": releases(&group.epochs),
                "webhook": webhook.collect::<Vec<_>>(),
                "containers": containers.collect::<Vec<_>>(),
            })
        });
        json!({ "schemaVersion": SCHEMA_VERSION, "given": self.preamble, "groups": groups.collect::<Vec<_>>() })
    }
}

fn preamble(arguments: &ExplainArguments, pod: &Explained) -> Vec<String> {
    let labels: Vec<String> =
        arguments.namespace_labels.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let labels = if labels.is_empty() { "without labels".to_owned() } else { format!("labelled {}", labels.join(",")) };
    let namespace = arguments.namespace.as_deref().or(pod.namespace.as_deref());
    let namespace = namespace.map(|name| format!(" {name}")).unwrap_or_default();
    let file = if arguments.file == "-" { "standard input" } else { arguments.file.as_str() };
    let gate = if arguments.feature_gate { "on" } else { "off" };
    let mut lines =
        vec![format!("{file} in a namespace{namespace} {labels}, feature gate DefaultSeccompProfile {gate}")];
    if !pod.left_out.is_empty() {
        lines.push(format!(
            "(left out, as they name other objects and decide nothing here: {})",
            pod.left_out.join(", ")
        ));
    }
    lines
}

fn releases(epochs: &[RangeInclusive<GardenerRelease>]) -> Vec<String> {
    // Neighbours become one range.
    let mut joined: Vec<RangeInclusive<GardenerRelease>> = Vec::new();
    for epoch in epochs {
        match joined.last_mut() {
            Some(last) if last.end().number() + 1 == epoch.start().number() => *last = *last.start()..=*epoch.end(),
            _ => joined.push(epoch.clone()),
        }
    }
    let text = |range: &RangeInclusive<GardenerRelease>| {
        if range.start() == range.end() {
            range.end().to_string()
        } else {
            format!("{}-{}", range.start(), range.end())
        }
    };
    joined.iter().map(text).collect()
}

fn names(minors: &BTreeSet<Minor>) -> Vec<String> {
    minors.iter().map(Minor::to_string).collect()
}

impl Picture {
    fn of<'a>(cases: impl Iterator<Item = &'a CaseFinished>) -> Self {
        let mut picture = Self::default();
        for finished in cases {
            picture.add(&finished.case, &finished.outcome);
        }
        picture
    }

    fn add(&mut self, case: &Case, outcome: &Outcome) {
        let Some(step) = outcome.steps.first() else { return };
        let mut said = step.invocation.as_ref().map_or_else(|| "not asked".to_owned(), webhook);
        if !step.answer.is_success() {
            let message = step.answer.message().map_or_else(|| step.answer.code.to_string(), str::to_owned);
            said = format!("{said}; the API server refuses the Pod: {message}");
        }
        self.webhook.entry(said).or_default().insert(case.minor);
        let containers = outcome.objects.iter().flat_map(|object| object.containers.iter().flatten());
        for container in containers {
            let place = Place {
                list: container.list,
                name: container.name.clone(),
                seccomp_default: case.node.seccomp_default,
            };
            let mode = container.mode.clone().unwrap_or_else(|| format!("does not run ({})", container.state));
            self.containers.entry(place).or_default().entry(mode).or_default().insert(case.minor);
        }
    }

    fn write_containers(&self, text: &mut String) {
        let named: Vec<(String, &Place, String)> = self
            .containers
            .iter()
            .map(|(place, modes)| {
                let kind = if place.list == ContainerList::Init { " (init)" } else { "" };
                let all = |minors: &BTreeSet<Minor>| minor_ranges(minors.iter().copied());
                let mut modes: Vec<_> = modes.iter().collect();
                modes.sort_by_key(|(_, minors)| minors.first().copied());
                let modes: Vec<String> = modes.iter().map(|(mode, minors)| format!("{mode} {}", all(minors))).collect();
                (format!("{}{kind}", place.name), place, modes.join(", "))
            })
            .collect();
        let width = named.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        for (name, place, modes) in &named {
            let setting = if place.seccomp_default { "on" } else { "off" };
            let _ = writeln!(text, "  container {name:<width$}  kubelet's seccompDefault {setting:<3}  {modes}");
        }
    }
}

/// What the webhook had to do with the Pod, in words.
fn webhook(invocation: &Invocation) -> String {
    match invocation {
        Invocation::NotCalled { why, .. } => format!("not asked: {why}"),
        Invocation::Called { reviews } => {
            let Some(review) = reviews.last() else { return "asked".to_owned() };
            if !review.allowed {
                "asked, and refuses the Pod".to_owned()
            } else if review.is_changed() {
                format!("asked, and changes the Pod: {}", review.patch)
            } else {
                "asked, and leaves the Pod as it is".to_owned()
            }
        }
    }
}
