//! What controllers write into a new namespace, so that Pods are stored as a cluster with controllers stores them.

use kube_simulator::Minor;
use serde_json::json;

use super::create;
use crate::{
    api::{Api, Call, expect_success},
    cluster::ClusterError,
};

/// The first minor whose controllers make no token Secret for a ServiceAccount.
///
/// # Source
/// kubernetes v1.24 `pkg/features/kube_features.go` `LegacyServiceAccountTokenNoAutoGeneration`
const FIRST_WITHOUT_TOKEN_SECRETS: Minor = match Minor::new(24) {
    Some(minor) => minor,
    None => Minor::NEWEST,
};
/// The name of the token Secret; the controller draws the last five letters.
const TOKEN_SECRET: &str = "default-token-xxxxx";

/// Fills `namespace` as the ServiceAccount, token and root CA controllers do; `authority` is the cluster's, PEM.
pub(super) async fn fill_namespace(
    api: &Api,
    minor: Minor,
    namespace: &str,
    authority: &str,
) -> Result<(), ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    let config_map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"},
        "data": {"ca.crt": authority},
    });
    let config_maps = format!("{path}/configmaps");
    let accounts = format!("{path}/serviceaccounts");
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    tokio::try_join!(create(api, &config_maps, config_map), create(api, &accounts, account))?;
    if minor < FIRST_WITHOUT_TOKEN_SECRETS {
        create_token_secret(api, namespace, authority).await?;
    }
    Ok(())
}

/// Gives the ServiceAccount `default` a token Secret, and says so in the account.
///
/// # Source
/// kubernetes v1.23 `pkg/controller/serviceaccount/tokens_controller.go` `ensureReferencedToken`
async fn create_token_secret(api: &Api, namespace: &str, authority: &str) -> Result<(), ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    let account = format!("{path}/serviceaccounts/default");
    let uid = api.call(Call::get(account.as_str())).await?.body["metadata"]["uid"].take();
    // A token that the API server knows, as the controller's is, for only the API server has the key.
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = api.call(Call::post(format!("{account}/token"), request)).await?.body["status"]["token"].take();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {
            "name": TOKEN_SECRET,
            "annotations": {"kubernetes.io/service-account.name": "default", "kubernetes.io/service-account.uid": uid},
        },
        "stringData": {"ca.crt": authority, "namespace": namespace, "token": token},
    });
    create(api, &format!("{path}/secrets"), secret).await?;
    let reference = json!({"secrets": [{"name": TOKEN_SECRET}]});
    let answer = api.call(Call::patch(account, crate::api::MERGE_PATCH, reference)).await?;
    expect_success(|| "refer to the token Secret".to_owned(), answer)?;
    Ok(())
}
