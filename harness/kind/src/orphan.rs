//! Programs that still work for a process that is gone: a kind whose caller was killed makes its cluster all the same.

use std::ffi::OsStr;

use crate::{
    command::MARK_VARIABLE,
    mark::{Mark, Owner},
};

/// What became of the programs that still worked for a process that is gone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ended {
    /// How many were ended.
    pub(crate) programs: usize,
    /// How many were left, because they wait for a container that an engine makes all the same.
    pub(crate) asking: usize,
}

/// Ends the programs that make clusters of `owner` for a process that is gone; those that wait for a container only where
/// they are not `spared`.
///
/// kind and what it started carry the cluster's mark in their environment. Where the system has no `/proc`, none is found,
/// and what they make is collected once it is there.
pub(crate) fn end_programs(owner: &Owner, spared: bool) -> Ended {
    let mut ended = Ended::default();
    let Ok(entries) = std::fs::read_dir("/proc") else { return ended };
    let ids = entries.flatten().filter_map(|entry| number(&entry.file_name()));
    for id in ids.filter(|id| is_orphan(*id, owner)) {
        if spared && asks_for_container(id) {
            ended.asking += 1;
        } else {
            ended.programs += usize::from(end(id));
        }
    }
    ended
}

fn number(name: &OsStr) -> Option<i32> {
    name.to_str()?.parse().ok()
}

fn is_orphan(id: i32, owner: &Owner) -> bool {
    // A process that has ended meanwhile, or that is somebody else's, has no environment to be read.
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    mark_in(&environment).is_some_and(|mark| mark.owner == *owner && mark.creator.is_gone())
}

fn mark_in(environment: &[u8]) -> Option<Mark> {
    let variables = environment.split(|byte| *byte == 0).filter_map(|variable| std::str::from_utf8(variable).ok());
    variables
        .filter_map(|variable| variable.split_once('='))
        .find(|(name, _)| *name == MARK_VARIABLE)
        .and_then(|(_, mark)| Mark::parse(mark))
}

#[cfg(unix)]
fn end(id: i32) -> bool {
    let process = rustix::process::Pid::from_raw(id);
    process.is_some_and(|process| rustix::process::kill_process(process, rustix::process::Signal::KILL).is_ok())
}

#[cfg(unix)]
fn asks_for_container(id: i32) -> bool {
    rustix::process::Pid::from_raw(id).is_some_and(crate::group::asks_for_container)
}

#[cfg(not(unix))]
fn asks_for_container(_: i32) -> bool {
    false
}

#[cfg(not(unix))]
fn end(_: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_mark_in_an_environment() {
        let path = "/kind-cluster/v1/owner=a/run=r/expires=1/creator=-.1/settings=s/retain=false";
        let environment = format!("PATH=/bin\0{MARK_VARIABLE}={path}\0HOME=/\0");
        assert_eq!(mark_in(environment.as_bytes()).expect("a mark").path(), path);
        assert_eq!(mark_in(b"PATH=/bin\0\xff\xfe=1\0"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn leaves_a_program_of_a_living_process() {
        let mark = Mark::new(Owner::default(), "r".to_owned(), "s".to_owned(), false, std::time::SystemTime::now());
        let mut command = std::process::Command::new("cat");
        let mut child =
            command.env(MARK_VARIABLE, mark.path()).stdin(std::process::Stdio::piped()).spawn().expect("cat");
        let id = i32::try_from(child.id()).expect("a number");
        assert!(!is_orphan(id, &Owner::default()));
        drop(child.stdin.take());
        child.wait().expect("it ends");
    }
}
