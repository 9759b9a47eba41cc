//! Seccomp and `AppArmor`: annotations of old, fields of today, brought together when a Pod is created.

use serde_json::{Map, Value, json};

use crate::{
    minor::{
        Minor,
        validation::{self as rule, SeccompSkew},
    },
    object,
    registry::read::Read,
};

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APPARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// `applySeccompVersionSkew`: at the Pod's level and at each container's, where only one of both is given.
///
/// # Source
/// kubernetes v1.20 to v1.26 `pkg/registry/core/pod/strategy.go`
pub(super) fn seccomp(minor: Minor, pod: &mut Value) {
    let skew = *rule::SECCOMP_SKEW.at(minor);
    if skew == SeccompSkew::None {
        return;
    }
    let annotations = pod.field("metadata").entries("annotations").cloned().unwrap_or_default();
    let mut added = Map::new();
    let Some(spec) = pod.get_mut("spec") else { return };
    seccomp_level(skew, spec, SECCOMP_POD.to_owned(), &annotations, &mut added);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let key = format!("{SECCOMP_CONTAINER}{}", container.text("name"));
            seccomp_level(skew, container, key, &annotations, &mut added);
        }
    }
    annotate(pod, added);
}

fn annotate(pod: &mut Value, added: Map<String, Value>) {
    if added.is_empty() {
        return;
    }
    let metadata = object::metadata_mut(pod);
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Some(map) = annotations.as_object_mut() {
        map.extend(added);
    }
}

/// One level: `owner` is the spec or a container.
fn seccomp_level(
    skew: SeccompSkew,
    owner: &mut Value,
    key: String,
    annotations: &Map<String, Value>,
    added: &mut Map<String, Value>,
) {
    let field = owner.field("securityContext").field("seccompProfile");
    match (field, annotations.get(&key).and_then(Value::as_str)) {
        (Some(field), None) if skew == SeccompSkew::BothWays => {
            if let Some(value) = seccomp_annotation(field) {
                added.insert(key, value);
            }
        }
        (None, Some(annotation)) => {
            if let Some(profile) = seccomp_field(annotation) {
                object::map_mut(owner, "securityContext").insert("seccompProfile".to_owned(), profile);
            }
        }
        _ => {}
    }
}

fn seccomp_annotation(profile: &Value) -> Option<Value> {
    Some(match profile.text("type") {
        "Unconfined" => json!("unconfined"),
        "RuntimeDefault" => json!("runtime/default"),
        "Localhost" => json!(format!("localhost/{}", profile.field("localhostProfile")?.as_str()?)),
        _ => return None,
    })
}

fn seccomp_field(annotation: &str) -> Option<Value> {
    Some(match annotation {
        "unconfined" => json!({"type": "Unconfined"}),
        "runtime/default" | "docker/default" => json!({"type": "RuntimeDefault"}),
        _ => {
            let local = annotation.strip_prefix("localhost/").filter(|local| !local.is_empty())?;
            json!({"type": "Localhost", "localhostProfile": local})
        }
    })
}

/// `applyAppArmorVersionSkew`: gives the warnings about annotations that stand where a field should.
///
/// # Source
/// kubernetes v1.30 to v1.36 `pkg/registry/core/pod/strategy.go`
pub(super) fn apparmor(minor: Minor, pod: &mut Value) -> Vec<String> {
    let skew = *rule::APPARMOR_SKEW.at(minor);
    let mut warnings = Vec::new();
    if skew == SeccompSkew::None || pod.field("spec").field("os").text("name") == "windows" {
        return warnings;
    }
    let annotations = pod.field("metadata").entries("annotations").cloned().unwrap_or_default();
    let mut added = Map::new();
    let Some(spec) = pod.get_mut("spec") else { return warnings };
    let of_pod = spec.field("securityContext").field("appArmorProfile").cloned();
    if annotations.is_empty() && (skew == SeccompSkew::AnnotationToField || !has_profile(spec)) {
        return warnings;
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let key = format!("{APPARMOR_CONTAINER}{}", container.text("name"));
            let own = container.field("securityContext").field("appArmorProfile").cloned();
            // Of two containers with one name, the second finds what the first has left.
            let annotation = annotations.get(&key).or_else(|| added.get(&key)).and_then(Value::as_str);
            match (annotation, own) {
                (None, own) if skew == SeccompSkew::BothWays => {
                    if let Some(value) = own.as_ref().or(of_pod.as_ref()).and_then(apparmor_annotation) {
                        added.insert(key, value);
                    }
                }
                (Some(annotation), None) => {
                    let field = apparmor_field(annotation);
                    let is_needed = field.is_some() && field != of_pod;
                    if is_needed || field.is_none() {
                        warnings.push(format!(
                            "metadata.annotations[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"
                        ));
                    }
                    if let Some(field) = field.filter(|_| is_needed) {
                        object::map_mut(container, "securityContext").insert("appArmorProfile".to_owned(), field);
                    }
                }
                _ => {}
            }
        }
    }
    annotate(pod, added);
    warnings
}

fn has_profile(spec: &Value) -> bool {
    spec.field("securityContext").field("appArmorProfile").is_some()
        || crate::registry::read::containers(spec)
            .any(|(_, _, container)| container.field("securityContext").field("appArmorProfile").is_some())
}

fn apparmor_annotation(profile: &Value) -> Option<Value> {
    Some(match profile.text("type") {
        "Unconfined" => json!("unconfined"),
        "RuntimeDefault" => json!("runtime/default"),
        "Localhost" => json!(format!("localhost/{}", profile.field("localhostProfile")?.as_str()?)),
        _ => return None,
    })
}

/// What an annotation says as a field, where that is valid.
fn apparmor_field(annotation: &str) -> Option<Value> {
    Some(match annotation {
        "unconfined" => json!({"type": "Unconfined"}),
        "runtime/default" => json!({"type": "RuntimeDefault"}),
        _ => {
            let local = annotation.strip_prefix("localhost/").filter(|local| !local.is_empty())?;
            if local.trim() != local || local.len() > 4095 {
                return None;
            }
            json!({"type": "Localhost", "localhostProfile": local})
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn minor(number: u8) -> Minor {
        Minor::new(number).expect("modelled")
    }

    #[rstest]
    #[case::until_1_24(24, true, true)]
    #[case::annotations_only(25, false, true)]
    #[case::annotations_only_until_1_26(26, false, true)]
    #[case::none(27, false, false)]
    fn seccomp_goes_the_ways_of_the_minor(#[case] number: u8, #[case] annotates: bool, #[case] fills: bool) {
        let mut pod =
            json!({"metadata": {}, "spec": {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}});
        seccomp(minor(number), &mut pod);
        let annotation = pod["metadata"]["annotations"].get(SECCOMP_POD).cloned();
        assert_eq!(annotation, annotates.then(|| json!("runtime/default")));

        let mut pod = json!({"metadata": {"annotations": {SECCOMP_POD: "docker/default"}}, "spec": {}});
        seccomp(minor(number), &mut pod);
        let profile = pod["spec"].field("securityContext").field("seccompProfile").cloned();
        assert_eq!(profile, fills.then(|| json!({"type": "RuntimeDefault"})));
    }

    #[test]
    fn an_empty_local_profile_stays_inert() {
        let mut pod = json!({"metadata": {"annotations": {SECCOMP_POD: "localhost/"}}, "spec": {}});
        let before = pod.clone();
        seccomp(minor(24), &mut pod);
        assert_eq!(pod, before);
    }

    #[test]
    fn an_apparmor_annotation_becomes_a_field_and_is_warned_of() {
        let key = format!("{APPARMOR_CONTAINER}c");
        let mut pod =
            json!({"metadata": {"annotations": {&key: "unconfined"}}, "spec": {"containers": [{"name": "c"}]}});
        let warnings = apparmor(minor(34), &mut pod);
        assert_eq!(
            warnings,
            [format!("metadata.annotations[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead")]
        );
        assert_eq!(pod["spec"]["containers"][0]["securityContext"]["appArmorProfile"], json!({"type": "Unconfined"}));
    }
}
