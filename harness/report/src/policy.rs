//! What must hold before a release: the file, and what it means.

use camino::Utf8Path;
use schemars::JsonSchema;
use seccomp_conformance::{Configuration, Minor, ScenarioErrors, VersionRange};
use serde::Deserialize;

use crate::{
    document::{Document, Truth},
    waiver::{Waiver, WaiverFile},
};

/// The webhook that a demand is about where it names none.
const REFERENCE: &str = "reference";

/// What must hold before a release.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Policy")]
pub(crate) struct PolicyFile {
    /// What the policy is for, in one sentence.
    policy: String,
    /// What must hold; all of it.
    #[schemars(length(min = 1))]
    demands: Vec<DemandFile>,
    /// What runs against broken webhooks must show.
    mutants: Option<MutantsFile>,
    /// What need not hold for now; more of them stand in a file of their own.
    #[serde(default)]
    waivers: Vec<WaiverFile>,
}

/// Something that must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Demand")]
struct DemandFile {
    /// Its name, which a reason quotes.
    demand: String,
    /// The requirements, by their ids: each must be tested on each of the minors. Without it, all that there are, where
    /// scenarios test them.
    #[schemars(length(min = 1))]
    requirements: Option<Vec<String>>,
    /// The Kubernetes minors, `"1.24"` or `"1.31..1.36"`: each of them.
    #[schemars(length(min = 1))]
    kubernetes: Vec<String>,
    /// The Gardener releases, `"1.149"` or `"1.118..1.132"`: at least one within each. Without it, any.
    #[schemars(length(min = 1))]
    gardener: Option<Vec<String>>,
    /// The kinds of cluster, `kind` or `simulated`: each of them. Without it, any.
    #[schemars(length(min = 1))]
    clusters: Option<Vec<String>>,
    /// The webhooks, `reference` or `gardener-resource-manager`: each of them. Without it, `reference`.
    #[schemars(length(min = 1))]
    webhooks: Option<Vec<String>>,
    /// Whether the API server must be a real one. Without it, a modelled one is enough.
    api: Option<Evidence>,
    /// Whether a requirement about the kernel needs a real one. Without it, it does.
    kernel: Option<Evidence>,
}

/// How much evidence is enough.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Evidence {
    /// What the real thing does.
    Real,
    /// What the model does, too.
    Modelled,
}

/// What runs against broken webhooks must show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Mutants")]
struct MutantsFile {
    /// How many of a hundred must be found out.
    killed: u32,
    /// How many there must be at least.
    at_least: u32,
}

/// What must hold before a release.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What it is for.
    pub(crate) title: String,
    pub(crate) demands: Vec<Demand>,
    pub(crate) mutants: Option<MutantDemand>,
    pub(crate) waivers: Vec<Waiver>,
}

/// Something that must hold.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) name: String,
    /// Without any, all that there are.
    pub(crate) requirements: Option<Vec<String>>,
    pub(crate) minors: Vec<u16>,
    /// Without any, every release.
    pub(crate) gardener: Vec<VersionRange>,
    /// Without any, every kind.
    pub(crate) clusters: Vec<String>,
    pub(crate) webhooks: Vec<String>,
    pub(crate) api: Truth,
    pub(crate) kernel: Truth,
}

/// What runs against broken webhooks must show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutantDemand {
    pub(crate) killed: u32,
    pub(crate) at_least: u32,
}

/// The names that reports know, so that a misspelt one in a policy is found.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    requirements: Vec<String>,
    scenarios: Vec<String>,
}

impl Catalogue {
    /// The names that the reports know.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Document>) -> Self {
        let mut catalogue = Self::default();
        for report in reports {
            catalogue.requirements.extend(report.requirements.iter().map(|requirement| requirement.id.clone()));
            catalogue.scenarios.extend(report.suite.iter().map(|scenario| scenario.scenario.clone()));
        }
        for names in [&mut catalogue.requirements, &mut catalogue.scenarios] {
            names.sort();
            names.dedup();
        }
        catalogue
    }

    /// Refuses a requirement that no report knows; where no report came far enough to know any, there is nothing to say.
    pub(crate) fn check_requirement<T>(&self, file: &mut Configuration<T>, at: &str, id: &str) {
        refuse_unknown(&self.requirements, file, at, id);
    }

    /// The same for a scenario.
    pub(crate) fn check_scenario<T>(&self, file: &mut Configuration<T>, at: &str, id: &str) {
        refuse_unknown(&self.scenarios, file, at, id);
    }
}

fn refuse_unknown<T>(known: &[String], file: &mut Configuration<T>, at: &str, id: &str) {
    if !known.is_empty() && !known.iter().any(|name| name == id) {
        file.refuse_name(at, id, &known.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

impl Policy {
    /// Reads a policy from the text of its file.
    ///
    /// # Errors
    /// All that is wrong with the file, names that no report knows included.
    pub fn read(path: &Utf8Path, text: &str, known: &Catalogue) -> Result<Self, ScenarioErrors> {
        let mut file: Configuration<PolicyFile> = Configuration::read(path, text)?;
        let demands: Vec<Demand> =
            (0..file.value().demands.len()).map(|place| read_demand(&mut file, place, known)).collect();
        let waivers = (0..file.value().waivers.len())
            .filter_map(|place| {
                let waiver = file.value().waivers.get(place)?.clone();
                waiver.read(&mut file, &format!("/waivers/{place}"), known)
            })
            .collect();
        if file.value().mutants.as_ref().is_some_and(|mutants| mutants.killed > 100) {
            file.refuse("/mutants/killed", "no more than 100 of a hundred can be found out", "write at most 100");
        }
        let read = file.finish()?;
        Ok(Self {
            title: read.policy,
            demands,
            mutants: read.mutants.map(|file| MutantDemand { killed: file.killed, at_least: file.at_least }),
            waivers,
        })
    }

    /// The JSON schema of a policy's file.
    pub fn schema() -> serde_json::Value {
        seccomp_conformance::schema_of::<PolicyFile>()
    }

    /// Adds waivers that stand in a file of their own.
    #[must_use]
    pub fn with_waivers(mut self, waivers: Vec<Waiver>) -> Self {
        self.waivers.extend(waivers);
        self
    }
}

fn read_demand(file: &mut Configuration<PolicyFile>, place: usize, known: &Catalogue) -> Demand {
    let at = format!("/demands/{place}");
    let demand = &file.value().demands[place];
    let name = demand.demand.clone();
    let (requirements, clusters) = (demand.requirements.clone(), demand.clusters.clone().unwrap_or_default());
    let (kubernetes, gardener) = (demand.kubernetes.clone(), demand.gardener.clone().unwrap_or_default());
    let webhooks = demand.webhooks.clone().unwrap_or_else(|| vec![REFERENCE.to_owned()]);
    let truth = |evidence: Evidence| match evidence {
        Evidence::Real => Truth::Real,
        Evidence::Modelled => Truth::Modelled,
    };
    let api = demand.api.map_or(Truth::Modelled, truth);
    let kernel = demand.kernel.map_or(Truth::Real, truth);
    for (number, id) in requirements.iter().flatten().enumerate() {
        known.check_requirement(file, &format!("{at}/requirements/{number}"), id);
    }
    let mut minors = Vec::new();
    for (number, text) in kubernetes.iter().enumerate() {
        let place = format!("{at}/kubernetes/{number}");
        let Some(range) = read_range(file, &place, text) else { continue };
        let within: Vec<u16> =
            Minor::all().map(|minor| u16::from(minor.number())).filter(|minor| range.contains(*minor)).collect();
        if within.is_empty() {
            let help = format!("{} to {} are known", Minor::OLDEST, Minor::NEWEST);
            file.refuse(&place, format!("there is no Kubernetes minor in `{text}`"), help);
        }
        minors.extend(within);
    }
    minors.sort_unstable();
    minors.dedup();
    let gardener = gardener.iter().enumerate();
    let gardener =
        gardener.filter_map(|(number, text)| read_range(file, &format!("{at}/gardener/{number}"), text)).collect();
    Demand { name, requirements, minors, gardener, clusters, webhooks, api, kernel }
}

/// A range of versions, or the file's error.
pub(crate) fn read_range<T>(file: &mut Configuration<T>, at: &str, text: &str) -> Option<VersionRange> {
    let range = text.parse().ok();
    if range.is_none() {
        let help = "write `1.24`, `1.25..1.27`, `..1.24` or `1.25..`";
        file.refuse(at, format!("`{text}` is no range of versions"), help);
    }
    range
}
