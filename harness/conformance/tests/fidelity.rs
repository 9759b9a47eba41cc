//! Every case in which the simulator once differed from real API servers is a test of its own: replayed offline, and
//! compared with what they answered.

use std::path::PathBuf;

use camino::Utf8PathBuf;
use rstest::rstest;
use seccomp_conformance::fidelity;

#[rstest]
#[tokio::test]
async fn recorded(#[files("tests/fidelity/*.json")] file: PathBuf) -> anyhow::Result<()> {
    fidelity::replay(&Utf8PathBuf::try_from(file)?).await?;
    Ok(())
}
