//! A running program of a control plane, or beside one: its log, and its certain end.

use std::{fs::File, process::Stdio, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use tokio::process::Child;

use super::{settings::ControlPlaneSettings, supervise};
use crate::cluster::{ClusterError, failed};

/// The lines of a program's log that an error shows.
const LOG_LINES: usize = 15;

/// A running program in a process group of its own; dropped, it is killed, and its end is waited for.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    log: Utf8PathBuf,
}

impl Program {
    /// Starts `program`, whose log goes to `folder`.
    pub(crate) fn start(
        name: &'static str,
        program: &Utf8Path,
        arguments: &[String],
        folder: &Utf8Path,
        settings: &ControlPlaneSettings,
    ) -> Result<Self, ClusterError> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(failed(format!("write the log of {name}")))?;
        let mut command = supervise::command(program, settings.supervisor.as_deref());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(if settings.is_output_attached { Stdio::inherit() } else { Stdio::from(file) });
        let child = supervise::spawn(command).map_err(failed(format!("start `{program}`")))?;
        Ok(Self { name, child, log })
    }

    /// The file that it logs to.
    pub(crate) fn log(&self) -> &Utf8Path {
        &self.log
    }

    /// Says that it has ended when it should not have, with the last that it said.
    pub(crate) fn check(&mut self) -> Result<(), ClusterError> {
        let Ok(Some(status)) = self.child.try_wait() else { return Ok(()) };
        let said = last_lines(&self.log);
        Err(ClusterError::Ended { name: self.name, status, said })
    }

    /// Asks it to end, and kills it where it has not within `limit`.
    pub(super) async fn stop(&mut self, limit: Duration) {
        self.signal(Ending::Asked);
        if tokio::time::timeout(limit, self.child.wait()).await.is_err() {
            self.signal(Ending::Killed);
            // One that has ended already is what is wanted.
            let _ = self.child.wait().await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, ending: Ending) {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        // Without an id it has ended, and its number may be another's by now.
        let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
        // One that has ended already is what is wanted.
        let _ = match ending {
            Ending::Asked => kill_process(id, Signal::TERM),
            Ending::Killed => kill_process_group(id, Signal::KILL),
        };
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _: Ending) {
        // There is no way to ask here.
        let _ = self.child.start_kill();
    }

    /// Waits on this thread until it has ended, and leaves the rest to the runtime.
    #[cfg(unix)]
    fn wait_blocking(&self) {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(id), options), Err(rustix::io::Errno::INTR)) {}
    }

    #[cfg(not(unix))]
    fn wait_blocking(&self) {}
}

/// How a program is ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Asked,
    Killed,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Ending::Killed);
        // Until it has ended it may write to the folder, which is about to be removed.
        self.wait_blocking();
    }
}

fn last_lines(log: &Utf8Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ")
}
