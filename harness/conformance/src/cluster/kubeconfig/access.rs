//! The way to a cluster that exists, as kubectl finds it.

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use kube_simulator::Minor;
use serde_json::Value;

use super::KubeconfigSettings;
use crate::{
    api::{Api, Call, expect_success},
    cluster::{ClusterError, failed},
};

/// A client for the cluster, and the kubeconfig of its one context for a program that shall reach it too; JSON, which is YAML.
pub(super) async fn client(settings: &KubeconfigSettings) -> Result<(Client, String), ClusterError> {
    let mut kubeconfig = match &settings.file {
        Some(file) => Kubeconfig::read_from(file).map_err(failed(format!("read kubeconfig `{file}`")))?,
        None => Kubeconfig::read().map_err(failed("find a kubeconfig; --kubeconfig names one"))?,
    };
    if let Some(context) = &settings.context {
        kubeconfig.current_context = Some(context.clone());
    }
    let what = match &kubeconfig.current_context {
        Some(context) => format!("use context `{context}` of the kubeconfig"),
        None => "use the kubeconfig, which has no current context; --context names one".to_owned(),
    };
    restrict(&mut kubeconfig);
    let text = serde_json::to_string(&kubeconfig).map_err(failed(what.as_str()))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let client = Client::try_from(config.map_err(failed(what.as_str()))?).map_err(failed(what))?;
    Ok((client, text))
}

/// Leaves of `kubeconfig` what its current context needs: nobody else needs the credentials for other clusters.
fn restrict(kubeconfig: &mut Kubeconfig) {
    let current = kubeconfig.current_context.clone().unwrap_or_default();
    kubeconfig.contexts.retain(|context| context.name == current);
    let context = kubeconfig.contexts.first().and_then(|named| named.context.clone()).unwrap_or_default();
    kubeconfig.clusters.retain(|cluster| cluster.name == context.cluster);
    kubeconfig.auth_infos.retain(|user| context.user.as_deref() == Some(user.name.as_str()));
}

/// The cluster's Kubernetes minor.
pub(super) async fn minor(api: &Api) -> Result<Minor, ClusterError> {
    let answer = api.call(Call::get("/version")).await?;
    let version = expect_success(|| "ask the API server for its version".to_owned(), answer)?.body;
    let text = |field| version.get(field).and_then(Value::as_str).unwrap_or_default();
    // Providers append a plus sign.
    let digits: String = text("minor").chars().take_while(char::is_ascii_digit).collect();
    let minor = digits.parse().ok().and_then(Minor::new).filter(|_| text("major") == "1");
    minor.ok_or_else(|| ClusterError::Unable {
        what: format!("run on Kubernetes {} (known are {} to {})", text("gitVersion"), Minor::OLDEST, Minor::NEWEST),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_is_told_of_one_cluster_alone() {
        let named = |name: &str| json!({"name": name});
        let mut kubeconfig: Kubeconfig = serde_json::from_value(json!({
            "clusters": [named("one"), named("other")],
            "users": [named("me"), {"name": "admin", "user": {"token": "secret"}}],
            "contexts": [
                {"name": "first", "context": {"cluster": "one", "user": "admin"}},
                {"name": "second", "context": {"cluster": "other", "user": "me"}},
            ],
            "current-context": "second",
        }))
        .expect("a kubeconfig");
        restrict(&mut kubeconfig);
        let text = serde_json::to_string(&kubeconfig).expect("it is written");
        assert!(text.contains("other") && text.contains("me"), "{text}");
        assert!(!text.contains("one") && !text.contains("secret") && !text.contains("first"), "{text}");
    }
}
