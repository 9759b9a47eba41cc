//! Signals: the first one asks the command to finish, the second one ends it where it stands.

use std::{future::Future, io};

use tokio_util::sync::CancellationToken;

use crate::end::End;

/// A signal that ends the command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill`, a container runtime or a CI system sends.
    Terminate,
}

/// Drives `command` to its end, which is [`End::Interrupted`] when a signal came before it.
///
/// The first signal cancels `cancellation` and waits for the command, which cleans up and reports. The second one
/// does not wait.
///
/// # Errors
/// The handlers cannot be installed.
pub(crate) async fn drive(
    command: impl Future<Output = End> + Send + 'static,
    cancellation: CancellationToken,
) -> io::Result<End> {
    let mut signals = Signals::install()?;
    // A task of its own: a command that computes for long does not keep this one from seeing a signal.
    let mut command = tokio::spawn(command);
    let signal = tokio::select! {
        end = &mut command => return Ok(end.unwrap_or(End::Infrastructure)),
        signal = signals.next() => signal,
    };
    cancellation.cancel();
    tokio::select! {
        _ = &mut command => Ok(End::Interrupted(signal)),
        second = signals.next() => Ok(End::Interrupted(second)),
    }
}

/// The signals that end a command.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Sees every signal from now on.
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// The signals that end a command.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    terminate: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    /// Sees every signal from now on.
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_shutdown()? })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
