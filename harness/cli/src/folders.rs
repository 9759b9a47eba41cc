//! Where scenarios and snapshots are.

use std::env;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{arguments::selection::Folders, error::Failure};

/// The folder's name where none is given.
const SCENARIOS: &str = "scenarios";
/// The folder's name where none is given.
const SNAPSHOTS: &str = "snapshots";
/// What makes a folder one of scenarios.
const REQUIREMENTS: &str = "requirements.yaml";

/// The two folders, found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The folder of scenarios.
    pub(crate) scenarios: Utf8PathBuf,
    /// The folder of snapshots; it need not exist.
    pub(crate) snapshots: Utf8PathBuf,
}

impl Folders {
    /// Finds what is not named: `scenarios` here or in the nearest folder above, and `snapshots` beside it.
    ///
    /// # Errors
    /// There is no such folder.
    pub(crate) fn find(&self) -> Result<Found, Failure> {
        let scenarios = match &self.scenarios {
            Some(folder) if folder.is_dir() => folder.clone(),
            Some(folder) => return Err(Failure::usage(format!("there is no folder `{folder}`; see --scenarios"))),
            None => find_above().ok_or_else(|| {
                Failure::usage(format!(
                    "there is no folder `{SCENARIOS}` with a {REQUIREMENTS} here or above; name it with --scenarios"
                ))
            })?,
        };
        let snapshots = self.snapshots.clone().unwrap_or_else(|| beside(&scenarios));
        if snapshots.exists() && !snapshots.is_dir() {
            return Err(Failure::usage(format!("`{snapshots}` is no folder; see --snapshots")));
        }
        Ok(Found { scenarios, snapshots })
    }
}

/// The nearest folder of scenarios, named relative to here where it is here.
fn find_above() -> Option<Utf8PathBuf> {
    let is_one = |folder: &Utf8Path| folder.join(REQUIREMENTS).is_file();
    let here = Utf8PathBuf::from(SCENARIOS);
    if is_one(&here) {
        return Some(here);
    }
    let current = Utf8PathBuf::from_path_buf(env::current_dir().ok()?).ok()?;
    current.ancestors().skip(1).map(|folder| folder.join(SCENARIOS)).find(|folder| is_one(folder))
}

fn beside(scenarios: &Utf8Path) -> Utf8PathBuf {
    scenarios.parent().unwrap_or(Utf8Path::new("")).join(SNAPSHOTS)
}
