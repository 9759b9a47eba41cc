//! What control planes left behind whose process was killed: programs that go on, and folders with their data.

use std::time::Duration;

use camino::Utf8PathBuf;
use kind_cluster::Creator;

use super::supervise::MARK_VARIABLE;
use crate::folder;

/// How long a program that is killed may take to end.
const LIMIT: Duration = Duration::from_secs(10);

/// What killed processes of the harness left on this machine.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Leftovers {
    /// The programs that still run, by name and process id.
    pub programs: Vec<(String, u32)>,
    /// The folders, in the system's temporary folder.
    pub folders: Vec<Utf8PathBuf>,
}

impl Leftovers {
    /// Looks for what carries our mark and names a process that has ended.
    ///
    /// Where the system has no `/proc`, nothing is found.
    pub fn find() -> Self {
        Self { programs: programs(), folders: folder::left_behind() }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.folders.is_empty()
    }

    /// Each in a line.
    pub fn lines(&self) -> Vec<String> {
        let programs = self.programs.iter().map(|(name, id)| format!("program {name}, process {id}"));
        let folders = self.folders.iter().map(|folder| format!("folder {folder}"));
        programs.chain(folders).collect()
    }

    /// Ends the programs, then removes the folders; gives what is there still.
    ///
    /// Each is looked at once more before it is touched.
    pub async fn remove(&self) -> Self {
        let ended = async {
            let mut interval = tokio::time::interval(super::processes::INTERVAL);
            loop {
                interval.tick().await;
                // Again each time: one that has started meanwhile ends too.
                let left = programs();
                if left.is_empty() {
                    return;
                }
                for (_, id) in left {
                    end(id);
                }
            }
        };
        // What does not end is told by its being there still.
        let _ = tokio::time::timeout(LIMIT, ended).await;
        for folder in folder::left_behind() {
            // The same holds of a folder.
            let _ = std::fs::remove_dir_all(folder);
        }
        Self::find()
    }
}

fn programs() -> Vec<(String, u32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut programs: Vec<_> = ids.filter(|id| is_left(*id)).map(|id| (name(id), id)).collect();
    programs.sort();
    programs
}

fn is_left(id: u32) -> bool {
    // A process that has ended meanwhile, or that is somebody else's, has no environment to be read.
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    creator_in(&environment).is_some_and(|creator| creator.is_gone())
}

fn creator_in(environment: &[u8]) -> Option<Creator> {
    let variables = environment.split(|byte| *byte == 0).filter_map(|variable| std::str::from_utf8(variable).ok());
    let mut named = variables.filter_map(|variable| variable.split_once('='));
    named.find(|(name, _)| *name == MARK_VARIABLE).and_then(|(_, creator)| creator.parse().ok())
}

fn name(id: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// Kills process `id` if it is still the one that was found.
#[cfg(target_os = "linux")]
fn end(id: u32) {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let Some(process) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return };
    // A handle keeps its process apart from a later one of the same number.
    if let Ok(process) = pidfd_open(process, PidfdFlags::empty())
        && is_left(id)
    {
        // One that has ended is what is wanted.
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

#[cfg(not(target_os = "linux"))]
fn end(_: u32) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_the_creator_in_an_environment() {
        let this = Creator::this_process();
        let environment = format!("PATH=/bin\0{MARK_VARIABLE}={this}\0HOME=/\0");
        assert_eq!(creator_in(environment.as_bytes()), Some(this));
        assert_eq!(creator_in(b"PATH=/bin\0\xff\xfe=1\0"), None);
        assert_eq!(creator_in(format!("{MARK_VARIABLE}=x\0").as_bytes()), None);
    }

    #[tokio::test]
    async fn ends_a_program_whose_process_is_gone_and_no_other() {
        let mk_program = |creator: &Creator| {
            let mut command = tokio::process::Command::new("sleep");
            command.arg("60").env(MARK_VARIABLE, creator.to_string()).kill_on_drop(true);
            command.spawn().expect("sleep runs")
        };
        let mut left = mk_program(&folder::tests::gone());
        let mut living = mk_program(&Creator::this_process());
        let id = left.id().expect("it runs");
        let found = programs();
        assert!(found.contains(&("sleep".to_owned(), id)), "{found:?}");
        end(living.id().expect("it runs"));
        end(id);
        assert!(!left.wait().await.expect("it ended").success());
        assert!(living.try_wait().expect("it runs").is_none());
    }
}
