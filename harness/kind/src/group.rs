//! The end of a program and of all that it started, but for what cannot be taken back.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::engine::CONTAINER_LIMIT;

/// Ends the group of `leader`, a program that was started in a group of its own, and waits for those of it that ask a
/// container engine for a container.
///
/// An engine makes a container that it was asked for although nobody waits for it any more, and may do so later than
/// anyone looks. Whoever asks has its answer when the container is there.
pub(crate) fn end(leader: Pid) {
    // A process that has ended by itself is what is wanted. The leader first, so that nobody new is started.
    let _ = kill_process(leader, Signal::KILL);
    let deadline = Instant::now() + CONTAINER_LIMIT;
    while Instant::now() < deadline {
        let (asking, others): (Vec<_>, Vec<_>) =
            members(leader).into_iter().partition(|process| asks_for_container(*process));
        for process in others {
            let _ = kill_process(process, Signal::KILL);
        }
        let Some(process) = asking.first() else { break };
        wait(*process, deadline.saturating_duration_since(Instant::now()));
    }
    // Where the system has no `/proc`, this is all that ends them.
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Waits until the process has ended.
#[cfg(target_os = "linux")]
fn wait(process: Pid, limit: Duration) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, pidfd_open};

    // Without a descriptor it has ended.
    let Ok(descriptor) = pidfd_open(process, PidfdFlags::empty()) else { return };
    let limit =
        Timespec { tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX), tv_nsec: limit.subsec_nanos().into() };
    // Who is woken early looks again.
    let _ = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&limit));
}

/// There is none to wait for: without `/proc`, nobody is known to ask.
#[cfg(not(target_os = "linux"))]
fn wait(_: Pid, _: Duration) {}

/// Whether a process is an engine's command that makes a container: `docker run ...`, or a script that stands for it.
pub(crate) fn asks_for_container(process: Pid) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).skip(1).take(2).any(|argument| argument == b"run")
}

/// The living processes of the group, as `/proc` shows them.
fn members(group: Pid) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Pid::from_raw);
    ids.filter(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        group_in(&stat) == Some(group)
    })
    .collect()
}

/// The process group in `ID (NAME) STATE PARENT GROUP ...`; nothing for a process that has ended and waits to be seen.
///
/// # Source
/// Linux v6.18 `Documentation/filesystems/proc.rst`, table 1-4
fn group_in(stat: &str) -> Option<Pid> {
    // A name may have spaces and parentheses of its own.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok().and_then(Pid::from_raw)?;
    (state != "Z").then_some(group)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_a_process_group() {
        let group = |number| Pid::from_raw(number);
        assert_eq!(group_in("12 (a) b) S 1 34 34 0 -1"), group(34));
        assert_eq!(group_in("12 (kind) Z 1 34 34 0 -1"), None);
        assert_eq!(group_in(""), None);
        assert!(members(rustix::process::getpgrp()).contains(&rustix::process::getpid()));
    }
}
