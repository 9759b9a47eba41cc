//! `DropDisabledPodFields`: fields that a minor knows, but whose feature gate is off.

use serde_json::{Map, Value};

use crate::minor::{
    Minor,
    gated_fields::GATED_FIELDS,
    pod::{CONTAINER_RESTART_RULES_OFF, IMAGE_VOLUMES, PROC_MOUNT},
};

/// The lists of containers in a Pod's spec.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

type Fields = Map<String, Value>;

/// Drops from a Pod what its minor does not let in; what `old` uses already stays.
///
/// Webhooks see the fields still: this is part of preparing a Pod to be stored, after admission.
///
/// # Source
/// kubernetes v1.36 `pkg/api/pod/util.go` `dropDisabledFields`
pub(crate) fn drop(minor: Minor, pod: &mut Value, old: Option<&Value>) {
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    let empty = Fields::new();
    let old = old.and_then(|old| old.get("spec")).and_then(Value::as_object).unwrap_or(&empty);
    for gated in GATED_FIELDS.iter().filter(|gated| gated.is_off(minor)) {
        if !old.is_empty() && gated.paths.iter().any(|path| is_used(old, path)) {
            continue;
        }
        for path in gated.paths {
            remove(spec, path, gated.prunes);
        }
    }
    if !*PROC_MOUNT.at(minor) && !has_unusual_proc_mount(old) {
        reset_proc_mount(spec);
    }
    if *CONTAINER_RESTART_RULES_OFF.at(minor) && !has_restart_rules(old) {
        drop_restart_rules(spec);
    }
    if !*IMAGE_VOLUMES.at(minor) && !is_used(old, "volumes[].image") {
        drop_image_volumes(spec);
    }
}

/// The first step of a path, whether it goes into the items of a list, and the rest.
fn step(path: &str) -> (&str, bool, Option<&str>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    first.strip_suffix("[]").map_or((first, false, rest), |name| (name, true, rest))
}

fn is_used(fields: &Fields, path: &str) -> bool {
    let (name, is_list, rest) = step(path);
    let below = |value: &Value| rest.is_none_or(|rest| value.as_object().is_some_and(|fields| is_used(fields, rest)));
    let names = if name == "*" { &CONTAINERS[..] } else { &[name] };
    names
        .iter()
        .filter_map(|name| fields.get(*name))
        .any(|value| if is_list { value.as_array().is_some_and(|items| items.iter().any(below)) } else { below(value) })
}

/// Removes what the path names; whether anything was there.
fn remove(fields: &mut Fields, path: &str, prunes: bool) -> bool {
    let (name, is_list, rest) = step(path);
    let Some(rest) = rest else {
        return fields.remove(name).is_some();
    };
    let names = if name == "*" { &CONTAINERS[..] } else { &[name] };
    let mut is_any = false;
    for name in names {
        let Some(value) = fields.get_mut(*name) else {
            continue;
        };
        let below = |value: &mut Value| value.as_object_mut().is_some_and(|fields| remove(fields, rest, prunes));
        if is_list {
            for item in value.as_array_mut().into_iter().flatten() {
                is_any |= below(item);
            }
        } else if below(value) {
            is_any = true;
            if prunes && value.as_object().is_some_and(Fields::is_empty) {
                fields.remove(*name);
            }
        }
    }
    is_any
}

fn containers(spec: &mut Fields) -> impl Iterator<Item = (&str, &mut Fields)> {
    spec.iter_mut().filter(|(name, _)| CONTAINERS.contains(&name.as_str())).flat_map(|(name, list)| {
        list.as_array_mut()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
            .map(move |container| (name.as_str(), container))
    })
}

fn old_containers<'a>(spec: &'a Fields, list: &str) -> impl Iterator<Item = &'a Value> {
    spec.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// # Source
/// kubernetes v1.32 `pkg/api/pod/util.go` `procMountInUse`
fn has_unusual_proc_mount(spec: &Fields) -> bool {
    CONTAINERS
        .iter()
        .flat_map(|list| old_containers(spec, list))
        .any(|container| container["securityContext"]["procMount"].as_str().is_some_and(|mount| mount != "Default"))
}

/// The field stays where it is, but with its default alone.
fn reset_proc_mount(spec: &mut Fields) {
    for (_, container) in containers(spec) {
        if let Some(mount) = container.get_mut("securityContext").and_then(|context| context.get_mut("procMount")) {
            *mount = "Default".into();
        }
    }
}

/// # Source
/// kubernetes v1.34 `pkg/api/pod/util.go` `containerRestartRulesInUse`
fn has_restart_rules(spec: &Fields) -> bool {
    let is_set = |value: &Value| !value.is_null();
    old_containers(spec, "containers").any(|container| is_set(&container["restartPolicy"]))
        || old_containers(spec, "initContainers").any(|container| {
            is_set(&container["restartPolicyRules"])
                || is_set(&container["restartPolicy"]) && container["restartPolicy"] != "Always"
        })
}

/// # Source
/// kubernetes v1.34 `pkg/api/pod/util.go` `dropContainerRestartRules`
fn drop_restart_rules(spec: &mut Fields) {
    for (list, container) in containers(spec) {
        container.remove("restartPolicyRules");
        let is_sidecar = list == "initContainers" && container.get("restartPolicy").is_some_and(|it| it == "Always");
        if !is_sidecar {
            container.remove("restartPolicy");
        }
    }
}

/// An image volume goes with all mounts of it.
///
/// # Source
/// kubernetes v1.31 `pkg/api/pod/util.go` `dropImageVolumes`
fn drop_image_volumes(spec: &mut Fields) {
    let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) else {
        return;
    };
    let mut names = Vec::new();
    volumes.retain_mut(|volume| {
        let is_image = volume.get("image").is_some();
        if is_image {
            names.push(volume["name"].take());
        }
        !is_image
    });
    if names.is_empty() {
        return;
    }
    if volumes.is_empty() {
        spec.remove("volumes");
    }
    for (_, container) in containers(spec) {
        if let Some(mounts) = container.get_mut("volumeMounts").and_then(Value::as_array_mut) {
            mounts.retain(|mount| !names.contains(&mount["name"]));
            if mounts.is_empty() {
                container.remove("volumeMounts");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dropped(minor: u8, spec: &Value, old: Option<&Value>) -> Value {
        let mut pod = json!({ "spec": spec });
        let old = old.map(|old| json!({ "spec": old }));
        drop(Minor::new(minor).expect("modelled"), &mut pod, old.as_ref());
        pod["spec"].take()
    }

    #[test]
    fn a_field_in_use_stays() {
        let spec = json!({"schedulingGates": [{"name": "a"}]});
        assert_eq!(dropped(26, &spec, None), json!({}));
        assert_eq!(dropped(26, &spec, Some(&spec)), spec);
        assert_eq!(dropped(27, &spec, None), spec);
    }

    #[test]
    fn an_emptied_lifecycle_goes() {
        let spec = json!({"containers": [{"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}]});
        assert_eq!(dropped(29, &spec, None), json!({"containers": [{}]}));
        assert_eq!(dropped(30, &spec, None), spec);
    }

    #[test]
    fn an_image_volume_goes_with_its_mounts() {
        let spec = json!({
            "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "image": {"reference": "x"}}],
            "containers": [{"volumeMounts": [{"name": "b", "mountPath": "/b"}]}],
        });
        let expected = json!({"volumes": [{"name": "a", "emptyDir": {}}], "containers": [{}]});
        assert_eq!(dropped(34, &spec, None), expected);
        assert_eq!(dropped(35, &spec, None), spec);
    }

    #[test]
    fn an_unusual_proc_mount_is_reset() {
        let spec = json!({"containers": [{"securityContext": {"procMount": "Unmasked"}}]});
        let reset = json!({"containers": [{"securityContext": {"procMount": "Default"}}]});
        assert_eq!(dropped(32, &spec, None), reset);
        assert_eq!(dropped(33, &spec, None), spec);
    }
}
