//! Programs that end with this process, however it ends.
//!
//! Linux kills a process when the thread that started it ends, if the process has asked for that. It has to ask by itself,
//! and etcd does not. So the harness starts itself once more, which asks and then becomes the program; and it does so from
//! a thread that lives as long as the process, for the threads of a runtime may end before.

use std::{
    ffi::{OsStr, OsString},
    io,
    sync::{OnceLock, mpsc},
};

use camino::Utf8Path;
use kind_cluster::Creator;
use tokio::{
    process::{Child, Command},
    runtime::Handle,
};

/// The variable by which a process of a control plane is known as ours; it names the process that it works for.
pub(super) const MARK_VARIABLE: &str = "SECCOMP_HARNESS_CREATOR";
/// The command of the harness that calls [`supervise`].
const COMMAND: &str = "supervise";

/// Becomes `program`, which is killed as soon as `parent` ends. Returns where it cannot.
///
/// To be called early, by a process that has one thread and was started by `parent`.
///
/// # Errors
/// The parent has ended already, the system knows no such thing, or the program cannot be run.
pub fn supervise(parent: u32, program: &OsStr, arguments: &[OsString]) -> io::Error {
    match die_with(parent) {
        Ok(()) => become_program(program, arguments),
        Err(error) => error,
    }
}

#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that ended before is never told of.
    let is_there = getppid().is_some_and(|id| u32::try_from(id.as_raw_nonzero().get()) == Ok(parent));
    if is_there { Ok(()) } else { Err(io::Error::other(format!("process {parent} has ended"))) }
}

#[cfg(not(target_os = "linux"))]
fn die_with(_: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn become_program(program: &OsStr, arguments: &[OsString]) -> io::Error {
    std::os::unix::process::CommandExt::exec(std::process::Command::new(program).args(arguments))
}

#[cfg(not(unix))]
fn become_program(_: &OsStr, _: &[OsString]) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// The command that runs `program` marked as ours, and where there is a supervisor through it.
pub(super) fn command(program: &Utf8Path, supervisor: Option<&Utf8Path>) -> Command {
    let mut command = match supervisor.filter(|_| cfg!(target_os = "linux")) {
        Some(supervisor) => {
            let mut command = Command::new(supervisor);
            command.arg(COMMAND).arg(std::process::id().to_string()).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env(MARK_VARIABLE, Creator::this_process().to_string());
    // A signal for the harness, such as Ctrl-C sends, shall not reach the program first.
    #[cfg(unix)]
    command.process_group(0);
    command
}

type Job = Box<dyn FnOnce() + Send>;

/// Spawns `command` from the thread that never ends.
pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    static JOBS: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let jobs = if let Some(jobs) = JOBS.get() {
        jobs
    } else {
        let jobs = start_thread()?;
        JOBS.get_or_init(|| jobs)
    };
    let runtime = Handle::current();
    let (answer, answered) = mpsc::channel();
    let job = move || {
        let _entered = runtime.enter();
        // Who has gone away has its answer, and with it the program, dropped.
        let _ = answer.send(command.spawn());
    };
    let gone = || io::Error::other("the thread that starts programs has ended");
    jobs.send(Box::new(job)).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn start_thread() -> io::Result<mpsc::Sender<Job>> {
    let (jobs, received) = mpsc::channel::<Job>();
    std::thread::Builder::new().name("programs".to_owned()).spawn(move || received.iter().for_each(|job| job()))?;
    Ok(jobs)
}
