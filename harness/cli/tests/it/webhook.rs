//! Which webhook a run tests, and which it cannot.

use std::{fs, net::SocketAddr, path::Path};

use rstest::rstest;
use seccomp_webhook::{GardenerRelease, Reviewer, Running, ServingCertificate, WebhookRequest};

use crate::house::{House, SKIP_LABEL};

/// Our own as somebody else's, for a name that is not its address's, and the file with its authority.
fn mk_server(folder: &Path) -> (Running, String) {
    let certificate = ServingCertificate::for_run(["webhook.example"]).unwrap();
    let file = folder.join("ca.crt");
    fs::write(&file, certificate.ca_bundle()).unwrap();
    let reviewer = Reviewer { handler: GardenerRelease::NEWEST.handler(), mutant: None };
    let request = WebhookRequest::new(certificate.server_config()).with_reviewer(reviewer);
    let server = request.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap().serve();
    (server, file.to_str().unwrap().to_owned())
}

const NAME: [&str; 2] = ["--webhook-server-name", "webhook.example"];

#[rstest]
#[case::trusted(&NAME, Some(6), "")]
#[case::another_name(&[], Some(3), "certificate not valid for name")]
#[tokio::test(flavor = "multi_thread")]
async fn tests_a_server_that_somebody_runs(#[case] name: &[&str], #[case] code: Option<i32>, #[case] expected: &str) {
    let house = House::with_scenario(SKIP_LABEL);
    let (server, authority) = mk_server(house.path());
    let url = format!("https://{}", server.local_addr());
    let flags = ["run", "--kubernetes", "1.31", "--webhook", "url", "--webhook-url", &url, "--webhook-ca", &authority];
    let arguments = [&flags, name].concat();
    let ended = tokio::task::block_in_place(|| house.run(&arguments));
    // Nothing is recorded yet, so that what holds is left for review.
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.stderr.contains(expected), "{ended:?}");
}

#[rstest]
#[case::simulated(&["--webhook", "gardener-resource-manager"], "--cluster control-plane")]
#[case::no_program(
    &["--webhook", "gardener-resource-manager", "--cluster", "control-plane", "--assets", "."],
    "--webhook-program"
)]
#[case::a_program_for_kind(
    &["--webhook", "gardener-resource-manager", "--cluster", "kind", "--webhook-program", "manager"],
    "--webhook-image"
)]
#[case::a_program_of_ours(&["--webhook-program", "manager"], "--webhook gardener-resource-manager")]
#[case::an_image_of_ours(&["--webhook-image", "manager:v1"], "--webhook gardener-resource-manager")]
#[case::no_address(&["--webhook", "url"], "--webhook-url")]
#[case::an_address_of_ours(&["--webhook-url", "https://localhost"], "--webhook url")]
#[case::no_authority(
    &["--webhook", "url", "--webhook-url", "https://localhost", "--webhook-ca", "nowhere.crt"],
    "nowhere.crt"
)]
fn rejects_a_webhook_that_cannot_be_tested_with_2(#[case] arguments: &[&str], #[case] expected: &str) {
    let ended = House::with_scenario(SKIP_LABEL).run(&[&["run"], arguments].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}
