//! The webhook's Pod: who it runs as, where, and with what.

use serde_json::{Value, json};

use crate::behaviour::RESOURCE_MANAGER;

/// Nobody in particular, and not root.
const USER: u32 = 65_532;

/// One container of the webhook's Pod.
#[derive(Debug)]
pub(super) struct Container {
    value: Value,
    mounts: Vec<Value>,
    ports: Vec<Value>,
}

impl Container {
    pub(super) fn new(name: &str, image: &str, arguments: &[String]) -> Self {
        let value = json!({
            "name": name,
            "image": image,
            // What was loaded into the nodes is in no registry.
            "imagePullPolicy": "IfNotPresent",
            "args": arguments,
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": { "drop": ["ALL"] },
                "readOnlyRootFilesystem": true,
            },
        });
        Self { value, mounts: Vec::new(), ports: Vec::new() }
    }

    pub(super) fn with_port(mut self, name: &str, port: u16) -> Self {
        self.ports.push(json!({ "name": name, "containerPort": port, "protocol": "TCP" }));
        self
    }

    /// Ready by `/readyz`, alive by `/healthz`, both on `port`.
    pub(super) fn with_probes(mut self, scheme: &str, port: u16) -> Self {
        let get = |path| json!({ "path": path, "port": port, "scheme": scheme });
        // Often, for a run waits for it.
        self.value["readinessProbe"] = json!({ "httpGet": get("/readyz"), "periodSeconds": 1, "timeoutSeconds": 5 });
        self.value["livenessProbe"] = json!({
            "httpGet": get("/healthz"),
            "initialDelaySeconds": 30,
            "periodSeconds": 10,
            "failureThreshold": 5,
            "timeoutSeconds": 5,
        });
        self
    }

    pub(super) fn with_memory(mut self, request: &str, limit: &str) -> Self {
        self.value["resources"] = json!({
            "requests": { "cpu": "10m", "memory": request },
            "limits": { "cpu": "1", "memory": limit },
        });
        self
    }

    pub(super) fn with_mount(mut self, volume: &str, path: &str) -> Self {
        self.mounts.push(json!({ "name": volume, "mountPath": path, "readOnly": true }));
        self
    }

    fn render(&self) -> Value {
        let mut value = self.value.clone();
        value["ports"] = self.ports.clone().into();
        value["volumeMounts"] = self.mounts.clone().into();
        value
    }
}

/// The Pod: where it may, it runs beside the control plane, away from the nodes that tests are about.
pub(super) fn spec(containers: &[Container], volumes: &[Value]) -> Value {
    let control_plane = "node-role.kubernetes.io/control-plane";
    let beside_it = json!({ "matchExpressions": [{ "key": control_plane, "operator": "Exists" }] });
    // The second taint is that of 1.24 and before.
    let taints = [control_plane, "node-role.kubernetes.io/master"];
    let tolerations = taints.map(|key| json!({ "key": key, "operator": "Exists", "effect": "NoSchedule" }));
    json!({
        "serviceAccountName": RESOURCE_MANAGER,
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 15,
        "affinity": {
            "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [{ "weight": 1, "preference": beside_it }] },
        },
        "nodeSelector": { "kubernetes.io/os": "linux" },
        "tolerations": tolerations,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": containers.iter().map(Container::render).collect::<Vec<_>>(),
        "volumes": volumes,
    })
}
