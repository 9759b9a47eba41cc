//! Which share of a selection.

use clap::Args;
use seccomp_conformance::Partition;

use crate::{error::Failure, terminal::Environment};

/// Which share of a selection.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct PartitionArguments {
    /// Only one of several disjoint shares: `slice:2/8` deals cases out one by one, `hash:2/8` by their names. Without it,
    /// as `CI_NODE_INDEX` and `CI_NODE_TOTAL` say.
    #[arg(long, value_name = "SHARE", env = "SECCOMP_HARNESS_PARTITION")]
    partition: Option<Partition>,
}

impl PartitionArguments {
    /// The share: the flag first, then GitLab's variables.
    ///
    /// # Errors
    /// The variables name no share.
    pub(crate) fn share(&self, environment: &Environment) -> Result<Option<Partition>, Failure> {
        match (&self.partition, &environment.ci_node) {
            (Some(partition), _) => Ok(Some(*partition).filter(|partition| partition.shards() > 1)),
            (None, None) => Ok(None),
            (None, Some((_, total))) if total == "1" => Ok(None),
            (None, Some((index, total))) => match format!("slice:{index}/{total}").parse() {
                Ok(partition) => Ok(Some(partition)),
                Err(_) => Err(Failure::usage(format!(
                    "CI_NODE_INDEX is `{index}` and CI_NODE_TOTAL `{total}`: expected the first to be from 1 to the second; \
                     `--partition slice:1/1` runs all"
                ))),
            },
        }
    }
}
