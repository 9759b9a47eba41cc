//! The probe's own look at the kernel.
//!
//! Each call is made so that the kernel answers it with another error than `EPERM`, or carries it out without any effect,
//! whatever the process may do: then `EPERM` is the filter's.

use std::{fs, io, os::fd::AsFd as _, str::FromStr};

use rustix::{
    io::Errno,
    process::{self, PidfdFlags, PidfdGetfdFlags},
    thread,
};

use super::{CallAnswer, ProbeReport};

const STATUS: &str = "/proc/self/status";

pub(super) fn probe() -> io::Result<ProbeReport> {
    let status = fs::read_to_string(STATUS)?;
    let calls = [("getpriority", getpriority()), ("pidfd_getfd", pidfd_getfd()), ("setns", setns()?)];
    Ok(ProbeReport {
        seccomp: field(&status, "Seccomp"),
        filters: field(&status, "Seccomp_filters"),
        calls: calls.into_iter().map(|(call, answer)| (call.to_owned(), answer)).collect(),
    })
}

/// A field of `/proc/self/status`: `Seccomp: 2`.
fn field<T: FromStr>(status: &str, name: &str) -> Option<T> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.trim().parse().ok()
}

fn answer(error: Option<Errno>) -> CallAnswer {
    match error {
        Some(Errno::PERM) => CallAnswer::Refused,
        Some(Errno::NOSYS) => CallAnswer::Missing,
        Some(_) | None => CallAnswer::Allowed,
    }
}

/// Anyone may ask for their own priority.
fn getpriority() -> CallAnswer {
    answer(process::getpriority_process(None).err())
}

/// A file descriptor that this process has not got, from itself, which it may always look into: `EBADF`.
///
/// # Source
/// Linux v6.18 `kernel/pid.c` `pidfd_getfd`, `__pidfd_fget`; `kernel/ptrace.c` `__ptrace_may_access`
fn pidfd_getfd() -> CallAnswer {
    match process::pidfd_open(process::getpid(), PidfdFlags::empty()) {
        Ok(own) => answer(process::pidfd_getfd(own, i32::MAX, PidfdGetfdFlags::empty()).err()),
        // Without a descriptor of a process there is nothing to try it on.
        Err(_) => CallAnswer::Missing,
    }
}

/// A file that is no namespace: `EINVAL`, before anyone's rights are looked at.
///
/// # Source
/// Linux v6.18 `kernel/nsproxy.c` `setns`
fn setns() -> io::Result<CallAnswer> {
    let file = fs::File::open(STATUS)?;
    Ok(answer(thread::move_into_link_name_space(file.as_fd(), None).err()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_of_the_status() {
        let status = "Name:\tprobe\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!((field::<u8>(status, "Seccomp"), field::<u32>(status, "Seccomp_filters")), (Some(2), Some(1)));
        assert_eq!(field::<u8>("Name:\tprobe\n", "Seccomp"), None);
    }

    #[test]
    fn only_a_filters_errors_tell_of_a_filter() {
        let answers = [Some(Errno::PERM), Some(Errno::NOSYS), Some(Errno::INVAL), None].map(answer);
        let [refused, missing, allowed, done] = answers;
        assert_eq!((refused, missing), (CallAnswer::Refused, CallAnswer::Missing));
        assert_eq!((allowed, done), (CallAnswer::Allowed, CallAnswer::Allowed));
    }

    /// Where the tests run there may be a filter, or none; each call is tried in any case.
    #[test]
    fn tries_every_call_that_a_mode_is_known_by() {
        let report = probe().unwrap();
        let known = super::super::REFUSED_BY_RUNTIME_DEFAULT.into_iter().chain([super::super::REFUSED_BY_LOCALHOST]);
        assert!(known.into_iter().all(|call| report.calls.contains_key(call)), "{report}");
    }
}
