//! The status of one container.

use serde_json::{Map, Value, json};

use crate::{
    cluster::Simulator,
    digest,
    minor::node as rows,
    node::{
        ContainerKind,
        containers::{Container, State},
    },
    object,
};

/// What the statuses of a Pod's containers are made from.
pub(super) struct Statuses<'a> {
    pub(super) cluster: &'a Simulator,
    pub(super) pod: &'a Value,
    /// The status so far.
    pub(super) old: &'a Value,
}

impl Statuses<'_> {
    /// The status of one container, within the list `field`.
    pub(super) fn of(&self, field: &str, container: &Container<'_>, state: &State) -> Value {
        let old = self.old.get(field).and_then(Value::as_array).into_iter().flatten();
        let old = old.into_iter().find(|old| old.get("name").is_some_and(|name| name == container.name()));
        let minor = self.cluster.minor();
        let runs = matches!(state, State::Running);
        let has_run = !matches!(state, State::Initializing | State::Refused(_));
        let image = if has_run { full_image(container.image()) } else { container.image().to_owned() };
        // Another image means another container.
        let same =
            old.filter(|old| old.get("containerID").is_some() && old.get("image").is_some_and(|old| *old == image));
        let mut restarts = old.and_then(|old| old.get("restartCount")).and_then(Value::as_u64).unwrap_or_default();
        let had_run = old.is_some_and(|old| old.get("containerID").is_some());
        let mut status = json!({"name": container.name(), "lastState": {}, "image": image, "imageID": ""});
        if has_run {
            let id = same.and_then(|same| same.get("containerID")).cloned();
            status["containerID"] = id.unwrap_or_else(|| json!(format!("containerd://{}", self.draw())));
            status["imageID"] = json!(image_id(&image));
            if had_run && same.is_none() {
                restarts += 1;
            }
        }
        self.fill_states(&mut status, container, state, same);
        if matches!(state, State::BackOff(_)) {
            restarts = restarts.max(1);
        }
        status["restartCount"] = json!(restarts);
        status["ready"] = json!(match container.kind {
            ContainerKind::Init => matches!(state, State::Terminated(0)),
            ContainerKind::Main | ContainerKind::Sidecar => runs,
            ContainerKind::Ephemeral => false,
        });
        let says_started = match container.kind {
            ContainerKind::Main => true,
            ContainerKind::Init | ContainerKind::Sidecar => *rows::INIT_STARTED.at(minor),
            ContainerKind::Ephemeral => false,
        };
        if says_started {
            status["started"] = json!(runs);
        }
        self.fill_by_minor(&mut status, container, has_run);
        status
    }

    /// 64 hexadecimal digits.
    fn draw(&self) -> String {
        (0..2).map(|_| self.cluster.identities().uid().replace('-', "")).collect()
    }

    fn fill_states(&self, status: &mut Value, container: &Container<'_>, state: &State, same: Option<&Value>) {
        let now = self.cluster.now();
        let id = status.get("containerID").cloned().unwrap_or_default();
        let ended = |code: i32, pointer: &str| {
            let since = |field: &str| same.and_then(|same| same.pointer(&format!("{pointer}/{field}"))).cloned();
            json!({"terminated": {
                "exitCode": code,
                "reason": if code == 0 { "Completed" } else { "Error" },
                "startedAt": since("startedAt").unwrap_or_else(|| json!(now)),
                "finishedAt": since("finishedAt").unwrap_or_else(|| json!(now)),
                "containerID": id,
            }})
        };
        status["state"] = match state {
            State::Initializing => json!({"waiting": {"reason": "PodInitializing"}}),
            State::Refused(refusal) => json!({"waiting": {"reason": refusal.reason, "message": refusal.message}}),
            State::Running => {
                let since = same.and_then(|same| same.pointer("/state/running/startedAt")).cloned();
                json!({"running": {"startedAt": since.unwrap_or_else(|| json!(now))}})
            }
            State::Terminated(code) => ended(*code, "/state/terminated"),
            State::BackOff(_) => {
                let (pod, name) = (self.pod, container.name());
                let message = format!(
                    "back-off 10s restarting failed container={name} pod={}_{}({})",
                    object::name(pod),
                    object::namespace(pod),
                    object::metadata(pod, "uid")
                );
                json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
            }
        };
        if let State::BackOff(code) = state {
            status["lastState"] = ended(*code, "/lastState/terminated");
        }
    }

    fn fill_by_minor(&self, status: &mut Value, container: &Container<'_>, has_run: bool) {
        let minor = self.cluster.minor();
        let mounts = container.spec.get("volumeMounts").and_then(Value::as_array).filter(|mounts| !mounts.is_empty());
        if let (true, Some(mounts)) = (*rows::STATUS_VOLUME_MOUNTS.at(minor), mounts) {
            status["volumeMounts"] = mounts.iter().map(mount).collect();
        }
        if !has_run {
            return;
        }
        if *rows::STATUS_RESOURCES.at(minor) {
            let resources = container.spec.get("resources").cloned().unwrap_or_else(|| json!({}));
            if let Some(requests) = resources.get("requests") {
                status["allocatedResources"] = requests.clone();
            }
            status["resources"] = resources;
        }
        if *rows::STATUS_USER.at(minor) {
            status["user"] = json!({"linux": self.user(container.spec)});
        }
    }

    /// As whom the container runs; an image's own user is not known here.
    fn user(&self, spec: &Value) -> Value {
        let pod = |field: &str| self.pod.pointer(&format!("/spec/securityContext/{field}"));
        let own = |field: &str| spec.pointer(&format!("/securityContext/{field}")).or_else(|| pod(field));
        let number = |value: Option<&Value>| value.and_then(Value::as_i64);
        let gid = number(own("runAsGroup")).unwrap_or_default();
        let listed = pod("supplementalGroups").and_then(Value::as_array).into_iter().flatten();
        let mut groups = vec![gid];
        groups.extend(number(pod("fsGroup")).into_iter().chain(listed.filter_map(Value::as_i64)));
        groups.sort_unstable();
        groups.dedup();
        json!({"uid": number(own("runAsUser")).unwrap_or_default(), "gid": gid, "supplementalGroups": groups})
    }
}

fn mount(mount: &Value) -> Value {
    let mut status = Map::new();
    for field in ["name", "mountPath", "readOnly"] {
        if let Some(value) = mount.get(field) {
            status.insert(field.to_owned(), value.clone());
        }
    }
    if mount.get("readOnly") == Some(&Value::Bool(true)) {
        let mode = mount.get("recursiveReadOnly").and_then(Value::as_str);
        let mode = if mode.is_some_and(|mode| mode != "Disabled") { "Enabled" } else { "Disabled" };
        status.insert("recursiveReadOnly".to_owned(), json!(mode));
    }
    Value::Object(status)
}

/// An image's name as containerd writes it out.
fn full_image(image: &str) -> String {
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    let named = match (is_registry, first.is_empty()) {
        (true, _) => image.to_owned(),
        (false, true) => format!("docker.io/library/{rest}"),
        (false, false) => format!("docker.io/{image}"),
    };
    let is_tagged = named.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if is_tagged { named } else { format!("{named}:latest") }
}

/// A digest that is the same for the same name; there is no image to take one of.
fn image_id(image: &str) -> String {
    let digest = digest::hexadecimal(&image.bytes(), 4);
    let name = image.split('@').next().unwrap_or(image);
    let name = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name);
    format!("{name}@sha256:{digest}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::short("busybox", "docker.io/library/busybox:latest")]
    #[case::tagged("busybox:1.36", "docker.io/library/busybox:1.36")]
    #[case::of_a_project("seccomp-harness/probe:v1", "docker.io/seccomp-harness/probe:v1")]
    #[case::of_a_registry("registry.k8s.io/pause", "registry.k8s.io/pause:latest")]
    #[case::with_port("localhost:5000/a/b", "localhost:5000/a/b:latest")]
    #[case::with_digest("quay.io/a@sha256:00", "quay.io/a@sha256:00")]
    fn images_are_written_out(#[case] image: &str, #[case] full: &str) {
        assert_eq!(full_image(image), full);
    }

    #[test]
    fn a_digest_has_no_tag_before_it() {
        let id = image_id("localhost:5000/a/b:v1");
        assert!(id.starts_with("localhost:5000/a/b@sha256:"), "{id}");
        assert_eq!(id.len(), "localhost:5000/a/b@sha256:".len() + 64);
    }
}
