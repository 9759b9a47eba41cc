//! What the API server says of itself: groups, versions, resources.

use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::respond::Reply;
use crate::minor::{
    Minor,
    api::{self as rows, AggregatedDiscovery},
    node::KUBELET_VERSION,
    resource::{Resource, Subresource},
};

/// Groups with their versions, in the order of the table.
fn groups(minor: Minor) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups = Vec::<(&str, Vec<&str>)>::new();
    for resource in Resource::all(minor) {
        match groups.iter_mut().find(|(group, _)| *group == resource.group) {
            Some((_, versions)) if versions.contains(&resource.version) => {}
            Some((_, versions)) => versions.push(resource.version),
            None => groups.push((resource.group, vec![resource.version])),
        }
    }
    groups
}

/// `/api`.
pub(crate) fn core_versions(minor: Minor, headers: &HeaderMap) -> Reply {
    aggregated(minor, headers, str::is_empty).unwrap_or_else(|| {
        let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": "kube-simulator"}]);
        Reply::json(200, &json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}))
    })
}

/// `/apis`.
pub(crate) fn group_list(minor: Minor, headers: &HeaderMap) -> Reply {
    aggregated(minor, headers, |group| !group.is_empty()).unwrap_or_else(|| {
        let named = groups(minor).into_iter().filter(|(group, _)| !group.is_empty());
        let groups = named.map(|(group, versions)| describe_group(group, &versions)).collect::<Vec<_>>();
        Reply::json(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
    })
}

/// `/apis/<group>`.
pub(crate) fn group(minor: Minor, name: &str) -> Option<Reply> {
    let (group, versions) = groups(minor).into_iter().find(|(group, _)| !group.is_empty() && *group == name)?;
    let mut described = describe_group(group, &versions);
    described["kind"] = json!("APIGroup");
    described["apiVersion"] = json!("v1");
    Some(Reply::json(200, &described))
}

fn describe_group(group: &str, versions: &[&str]) -> Value {
    let versions = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect::<Vec<_>>();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// `/api/v1` and `/apis/<group>/<version>`.
pub(crate) fn resources(minor: Minor, group: &str, version: &str) -> Option<Reply> {
    let mut list = Vec::new();
    let mut group_version = None;
    for resource in Resource::all(minor).filter(|found| found.group == group && found.version == version) {
        group_version = Some(resource.api_version());
        list.push(describe(minor, resource));
        list.extend(resource.subresources_at(minor).map(|subresource| describe_subresource(resource, subresource)));
    }
    let mut document = json!({"kind": "APIResourceList", "groupVersion": group_version?, "resources": list});
    if !group.is_empty() {
        document["apiVersion"] = json!("v1");
    }
    Some(Reply::json(200, &document))
}

fn describe(minor: Minor, resource: &Resource) -> Value {
    let singular = if *rows::SINGULAR_NAMES.at(minor) { resource.singular } else { "" };
    let mut described = json!({
        "name": resource.name,
        "singularName": singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs,
    });
    for (field, list) in [("shortNames", resource.short_names), ("categories", resource.categories)] {
        if !list.is_empty() {
            described[field] = json!(list);
        }
    }
    described
}

fn describe_subresource(resource: &Resource, subresource: &Subresource) -> Value {
    let mut described = json!({
        "name": format!("{}/{}", resource.name, subresource.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": subresource.kind,
        "verbs": subresource.verbs,
    });
    if let Some((group, version)) = subresource.kind_version {
        described["group"] = json!(group);
        described["version"] = json!(version);
    }
    described
}

/// All groups in one document, where the client asks for that and the minor has it.
fn aggregated(minor: Minor, headers: &HeaderMap, wanted: fn(&str) -> bool) -> Option<Reply> {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let version = accept.flat_map(|value| value.split(',')).find_map(|clause| {
        let asked = clause.contains("g=apidiscovery.k8s.io") && clause.contains("as=APIGroupDiscoveryList");
        let version = clause.split(';').find_map(|parameter| parameter.trim().strip_prefix("v="))?;
        AggregatedDiscovery::named(version).filter(|_| asked)
    });
    let version = version.filter(|version| rows::AGGREGATED_DISCOVERY.at(minor).contains(version))?;
    let items = groups(minor).into_iter().filter(|(group, _)| wanted(group)).map(|(group, versions)| {
        let versions = versions.into_iter().map(|version| {
            let inside = Resource::all(minor).filter(|found| found.group == group && found.version == version);
            let resources = inside.map(|resource| aggregate(minor, resource)).collect::<Vec<_>>();
            json!({"version": version, "resources": resources, "freshness": "Current"})
        });
        let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
        json!({"metadata": metadata, "versions": versions.collect::<Vec<_>>()})
    });
    let document = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{}", version.name()),
        "metadata": {},
        "items": items.collect::<Vec<_>>(),
    });
    Some(Reply::typed(version.content_type(), format!("{document}\n")))
}

fn aggregate(minor: Minor, resource: &Resource) -> Value {
    // The groups of kinds are empty in these documents, as on a real API server, unless they differ.
    let own = json!({"group": "", "version": "", "kind": resource.kind});
    let mut described = json!({
        "resource": resource.name,
        "responseKind": own,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    for (field, list) in [("shortNames", resource.short_names), ("categories", resource.categories)] {
        if !list.is_empty() {
            described[field] = json!(list);
        }
    }
    let subresources = resource.subresources_at(minor).map(|subresource| {
        let (group, version) = subresource.kind_version.unwrap_or_default();
        json!({
            "subresource": subresource.name,
            "responseKind": {"group": group, "version": version, "kind": subresource.kind},
            "verbs": subresource.verbs,
        })
    });
    let subresources = subresources.collect::<Vec<_>>();
    if !subresources.is_empty() {
        described["subresources"] = json!(subresources);
    }
    described
}

/// `/version`.
pub(crate) fn version(minor: Minor) -> Reply {
    let mut version = json!({
        "major": "1",
        "minor": minor.number().to_string(),
        "gitVersion": KUBELET_VERSION.at(minor),
        "gitCommit": "kube-simulator",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "simulated",
    });
    if *rows::VERSION_TELLS_EMULATION.at(minor) {
        version["emulationMajor"] = json!("1");
        version["emulationMinor"] = json!(minor.number().to_string());
        version["minCompatibilityMajor"] = json!("1");
        version["minCompatibilityMinor"] = json!((minor.number() - 1).to_string());
    }
    Reply::json(200, &version)
}
