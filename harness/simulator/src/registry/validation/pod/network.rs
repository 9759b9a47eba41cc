//! Names and ports that a Pod has on the network.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    words,
};
use super::SPEC;

/// `validatePodHostNetworkDeps`: on the host's network, a container's port is the host's.
pub(super) fn host_ports(check: &mut Check, spec: &Value) {
    if spec.flag("hostNetwork") != Some(true) {
        return;
    }
    let path = SPEC.child("containers");
    for (index, container) in spec.list("containers").iter().enumerate() {
        for (place, port) in container.list("ports").iter().enumerate() {
            let host = port.int("hostPort").unwrap_or_default();
            let own = port.int("containerPort").unwrap_or_default();
            if host == own {
                continue;
            }
            let at = path.index(index);
            let at = at.child("ports");
            let at = at.index(place);
            if *rule::HOST_PORTS_EARLY.at(check.minor) {
                check.invalid(&at.child("hostPort"), host, "must match `containerPort` when `hostNetwork` is true");
            } else {
                check.invalid(&at.child("containerPort"), own, "must match `hostPort` when `hostNetwork` is true");
            }
        }
    }
}

/// `validateDNSPolicy`
pub(super) fn dns_policy(check: &mut Check, spec: &Value) {
    let supported = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    check.one_of(&SPEC.child("dnsPolicy"), spec.text("dnsPolicy"), &supported);
}

/// `validatePodDNSConfig`
pub(super) fn dns_config(check: &mut Check, spec: &Value) {
    let path = SPEC.child("dnsConfig");
    let config = spec.field("dnsConfig");
    if spec.text("dnsPolicy") == "None" {
        if config.is_none() {
            check.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        if config.list("nameservers").is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            check.required(&path.child("nameservers"), detail);
            return;
        }
    }
    let Some(config) = config else { return };
    let servers = config.list("nameservers");
    let at = path.child("nameservers");
    if servers.len() > 3 {
        let text = go::render_texts(check.minor, servers.iter().filter_map(Value::as_str));
        check.invalid(&at, Shown::Rendered(&text), "must not have more than 3 nameservers");
    }
    for (index, server) in servers.iter().enumerate() {
        ip(check, server.as_str().unwrap_or_default(), &at.index(index));
    }
    searches(check, config.list("searches"), &path.child("searches"));
    for (index, option) in config.list("options").iter().enumerate() {
        if option.text("name").is_empty() {
            check.required(&path.child("options").index(index), "must not be empty");
        }
    }
}

fn ip(check: &mut Check, value: &str, path: &Path<'_>) {
    if !words::is_ip(value) {
        let detail = *rule::IP_WORDS.at(check.minor);
        check.invalid(path, value, detail);
    }
}

fn searches(check: &mut Check, searches: &[Value], path: &Path<'_>) {
    let (most, most_together) = *rule::DNS_SEARCHES.at(check.minor);
    let texts = || searches.iter().filter_map(Value::as_str);
    if searches.len() > most {
        let text = go::render_texts(check.minor, texts());
        check.invalid(path, Shown::Rendered(&text), format!("must not have more than {most} search paths"));
    }
    let together = texts().map(str::len).sum::<usize>() + searches.len().saturating_sub(1);
    if together > most_together {
        let text = go::render_texts(check.minor, texts());
        let detail =
            format!("must not have more than {most_together} characters (including spaces) in the search list");
        check.invalid(path, Shown::Rendered(&text), detail);
    }
    let is_relaxed = *rule::RELAXED_SEARCHES.at(check.minor);
    for (index, search) in texts().enumerate() {
        if is_relaxed && search == "." {
            continue;
        }
        let search = search.strip_suffix('.').unwrap_or(search);
        let messages = if is_relaxed {
            words::dns_subdomain_with_underscore(check.minor, search)
        } else {
            words::dns_subdomain(search)
        };
        check.invalid_for_each(&path.index(index), search, messages);
    }
}

/// `ValidateHostAliases`
pub(super) fn host_aliases(check: &mut Check, spec: &Value) {
    let path = SPEC.child("hostAliases");
    let is_indexed = *rule::HOST_ALIASES_INDEXED.at(check.minor);
    for (index, alias) in spec.list("hostAliases").iter().enumerate() {
        let indexed = path.index(index);
        let at = if is_indexed { &indexed } else { &path };
        ip(check, alias.text("ip"), &at.child("ip"));
        let names = at.child("hostnames");
        for (place, name) in alias.list("hostnames").iter().filter_map(Value::as_str).enumerate() {
            let indexed = names.index(place);
            check.invalid_for_each(if is_indexed { &indexed } else { &names }, name, words::dns_subdomain(name));
        }
    }
}

/// `validatePodHostName`
pub(super) fn hostname_override(check: &mut Check, spec: &Value) {
    let Some(name) = spec.field("hostnameOverride").and_then(Value::as_str) else { return };
    if !*rule::HOSTNAME_OVERRIDE.at(check.minor) {
        return;
    }
    let path = SPEC.child("hostnameOverride");
    if spec.flag("setHostnameAsFQDN") == Some(true) {
        check.forbidden(&path, "may not be specified when setHostnameAsFQDN is true");
    }
    if spec.flag("hostNetwork") == Some(true) {
        check.forbidden(&path, "may not be specified when hostNetwork is true");
    }
    if name.len() > 64 {
        check.too_long(&path, 64);
    }
    check.invalid_for_each(&path, name, words::dns_subdomain(name));
}
