//! Which process made something, and whether it still lives.

use std::{fmt, str::FromStr};

/// A process, told apart from any other that has or had its number, on this machine or another.
///
/// Every cluster's mark names one. As text (`Display`, `FromStr`) it fits a file's name or a variable, so that whoever
/// leaves other things behind can mark them alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Creator {
    /// The machine's boot and the process namespace, so far as the system tells them.
    host: Option<Host>,
    id: u32,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Host {
    boot: String,
    namespace: u64,
    /// When the process started, in the kernel's ticks since the boot.
    start: u64,
}

impl Creator {
    /// The process that asks.
    pub fn this_process() -> Self {
        let id = std::process::id();
        Self { host: Host::of(id), id }
    }

    /// Whether it is known to have ended.
    ///
    /// A process of another machine, of an earlier boot or of another process namespace is not known to have ended, nor
    /// is any where the system has no `/proc`: their clusters go when they expire.
    pub fn is_gone(&self) -> bool {
        let (Some(host), Some(here)) = (&self.host, Self::this_process().host) else { return false };
        let is_here = host.boot == here.boot && host.namespace == here.namespace;
        is_here && start_of(self.id) != Some(host.start)
    }
}

impl Host {
    fn of(id: u32) -> Option<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let boot: String = boot.chars().filter(char::is_ascii_hexdigit).take(12).collect();
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
        let namespace: String = namespace.to_str()?.chars().filter(char::is_ascii_digit).collect();
        Some(Self { boot, namespace: namespace.parse().ok()?, start: start_of(id)? })
    }
}

/// When process `id` started; nothing where there is none, or only what its parent has not yet asked for.
fn start_of(id: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in parentheses and may hold anything, parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    // The 22nd field of all; the state is the third.
    let start = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(start)
}

impl fmt::Display for Creator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(Host { boot, namespace, start }) => write!(f, "{boot}.{namespace}.{start}.{}", self.id),
            None => write!(f, "-.{}", self.id),
        }
    }
}

/// A text that names no process.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no process is named as BOOT.NAMESPACE.START.ID or -.ID")]
pub struct CreatorError;

impl FromStr for Creator {
    type Err = CreatorError;

    fn from_str(text: &str) -> Result<Self, CreatorError> {
        let number = |text: &str| text.parse().map_err(|_| CreatorError);
        let parts: Vec<_> = text.split('.').collect();
        let (host, id) = match parts[..] {
            ["-", id] => (None, id),
            [boot, namespace, start, id] if boot.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                let (namespace, start) = (number(namespace)?, number(start)?);
                (Some(Host { boot: boot.to_owned(), namespace, start }), id)
            }
            _ => return Err(CreatorError),
        };
        Ok(Self { host, id: id.parse().map_err(|_| CreatorError)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_lives() {
        let this = Creator::this_process();
        assert_eq!(this.to_string().parse::<Creator>().ok(), Some(this.clone()));
        assert!(!this.is_gone());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_ended_is_gone_and_one_that_is_not_yet_reaped_too() {
        let mut child = std::process::Command::new("true").spawn().expect("true runs");
        let id = child.id();
        let creator = Creator { host: Host::of(std::process::id()).map(|host| Host { start: 1, ..host }), id };
        assert!(creator.is_gone(), "its number belongs to another process");
        child.wait().expect("it ends");
        assert_eq!(start_of(id), None);
    }

    #[test]
    fn a_process_elsewhere_is_not_known_to_be_gone() {
        for text in ["-.1", "0123456789ab.4026531836.5.1"] {
            assert!(!text.parse::<Creator>().expect("a process").is_gone(), "{text}");
        }
    }

    #[test]
    fn rejects_other_texts() {
        for text in ["", "-", "1", "-.x", "zz.1.2.3", "ab.1.2", "ab.1.2.3.4"] {
            assert!(text.parse::<Creator>().is_err(), "{text}");
        }
    }
}
