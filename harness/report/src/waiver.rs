//! What need not hold for now: who says so, why, and until when.

use camino::Utf8Path;
use jiff::civil::Date;
use schemars::JsonSchema;
use seccomp_conformance::{Configuration, ScenarioErrors, VersionRange};
use serde::Deserialize;

use crate::policy::{Catalogue, read_range};

/// What need not hold for now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Waivers")]
pub(crate) struct WaiversFile {
    /// The waivers; an empty list where there is none.
    waivers: Vec<WaiverFile>,
}

/// Something that need not hold for now. It names a requirement, a scenario or a mutant; where it names several, and
/// versions, clusters or webhooks besides, all of them must be met.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Waiver")]
pub(crate) struct WaiverFile {
    /// The requirement, by its id.
    requirement: Option<String>,
    /// The scenario, `<area>/<behaviour>`.
    scenario: Option<String>,
    /// The broken webhook that need not be found out, by its name.
    mutant: Option<String>,
    /// The Kubernetes minors, `"1.36.."`. Without it, all.
    kubernetes: Option<String>,
    /// The Gardener releases, `"..1.131"`. Without it, all.
    gardener: Option<String>,
    /// The kinds of cluster. Without it, all.
    #[schemars(length(min = 1))]
    clusters: Option<Vec<String>>,
    /// The webhooks. Without it, all.
    #[schemars(length(min = 1))]
    webhooks: Option<Vec<String>>,
    /// Who answers for it.
    owner: String,
    /// Why it need not hold.
    reason: String,
    /// The last day on which it need not hold, `"2026-12-31"`.
    until: String,
}

/// What need not hold for now.
#[derive(Clone, Debug)]
pub struct Waiver {
    pub(crate) requirement: Option<String>,
    pub(crate) scenario: Option<String>,
    pub(crate) mutant: Option<String>,
    pub(crate) kubernetes: Option<VersionRange>,
    pub(crate) gardener: Option<VersionRange>,
    pub(crate) clusters: Vec<String>,
    pub(crate) webhooks: Vec<String>,
    pub(crate) owner: String,
    pub(crate) reason: String,
    pub(crate) until: Date,
}

impl Waiver {
    /// Reads a file of waivers.
    ///
    /// # Errors
    /// All that is wrong with the file, names that no report knows included.
    pub fn read_all(path: &Utf8Path, text: &str, known: &Catalogue) -> Result<Vec<Self>, ScenarioErrors> {
        let mut file: Configuration<WaiversFile> = Configuration::read(path, text)?;
        let files = file.value().waivers.clone();
        let waivers = files.into_iter().enumerate();
        let waivers =
            waivers.filter_map(|(place, waiver)| waiver.read(&mut file, &format!("/waivers/{place}"), known)).collect();
        file.finish()?;
        Ok(waivers)
    }

    /// The JSON schema of a file of waivers.
    pub fn schema() -> serde_json::Value {
        seccomp_conformance::schema_of::<WaiversFile>()
    }

    /// Whether it is about what is looked at; a part that is not known of that is met by a waiver that leaves it open.
    pub(crate) fn covers(&self, cell: &Cell<'_>) -> bool {
        let is_named = |named: &Option<String>, name: &str| named.as_deref().is_none_or(|named| named == name);
        let is_listed = |list: &[String], name: &str| list.is_empty() || list.iter().any(|listed| listed == name);
        let is_within = |range: Option<VersionRange>, ends: Option<VersionRange>| match (range, ends) {
            (None, _) => true,
            (Some(range), Some(VersionRange { from: Some(from), until: Some(until) })) => {
                range.contains(from) && range.contains(until)
            }
            (Some(_), _) => false,
        };
        let minor = VersionRange { from: Some(cell.minor), until: Some(cell.minor) };
        self.mutant.is_none()
            && is_named(&self.requirement, cell.requirement)
            && is_named(&self.scenario, cell.scenario)
            && is_within(self.kubernetes, Some(minor))
            && is_within(self.gardener, cell.gardener)
            && is_listed(&self.clusters, cell.cluster)
            && is_listed(&self.webhooks, cell.webhook)
    }

    /// Whether it may be about what another policy demands: it names a kind of cluster or a webhook.
    pub(crate) fn is_particular(&self) -> bool {
        !self.clusters.is_empty() || !self.webhooks.is_empty()
    }

    /// What it is about, in a few words.
    pub(crate) fn subject(&self) -> String {
        let names = [&self.requirement, &self.scenario, &self.mutant];
        names.into_iter().flatten().cloned().collect::<Vec<_>>().join(" in ")
    }
}

/// What a waiver may be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    pub(crate) requirement: &'a str,
    /// Empty where no scenario tests the requirement.
    pub(crate) scenario: &'a str,
    pub(crate) minor: u16,
    /// The release, or the range that nothing was run of; nothing where any would do.
    pub(crate) gardener: Option<VersionRange>,
    /// Empty where any would do.
    pub(crate) cluster: &'a str,
    pub(crate) webhook: &'a str,
}

impl WaiverFile {
    /// What it means, or the errors of the file that it stands in.
    pub(crate) fn read<T>(self, file: &mut Configuration<T>, at: &str, known: &Catalogue) -> Option<Waiver> {
        if let Some(id) = &self.requirement {
            known.check_requirement(file, &format!("{at}/requirement"), id);
        }
        if let Some(id) = &self.scenario {
            known.check_scenario(file, &format!("{at}/scenario"), id);
        }
        let is_about_case = self.requirement.is_some() || self.scenario.is_some();
        if is_about_case == self.mutant.is_some() {
            file.refuse(
                at,
                "a waiver names either a requirement or a scenario, or else a mutant",
                "add `requirement: ...`, `scenario: ...` or `mutant: ...`, so that it is plain what is waived",
            );
        }
        for (key, text) in [("owner", &self.owner), ("reason", &self.reason)] {
            if text.trim().is_empty() {
                file.refuse(
                    &format!("{at}/{key}"),
                    format!("`{key}` is empty"),
                    "a waiver says who answers for it, and why",
                );
            }
        }
        let mut range = |key: &str, text: &Option<String>| {
            text.as_deref().and_then(|text| read_range(file, &format!("{at}/{key}"), text))
        };
        let (kubernetes, gardener) = (range("kubernetes", &self.kubernetes), range("gardener", &self.gardener));
        let Ok(until) = self.until.parse::<Date>() else {
            file.refuse(
                &format!("{at}/until"),
                format!("`{}` is no day", self.until),
                "write a day as `\"2026-12-31\"`",
            );
            return None;
        };
        Some(Waiver {
            requirement: self.requirement,
            scenario: self.scenario,
            mutant: self.mutant,
            kubernetes,
            gardener,
            clusters: self.clusters.unwrap_or_default(),
            webhooks: self.webhooks.unwrap_or_default(),
            owner: self.owner,
            reason: self.reason,
            until,
        })
    }
}
