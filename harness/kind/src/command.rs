//! Programs that are run for a cluster: in process groups of their own, ended with whoever waits for them.

use std::process::Stdio;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
};

use crate::error::{ClusterError, CommandError, help};

/// As many of the last lines of standard error as an error shows.
const STDERR_LINES: usize = 40;
/// The environment variable that tells which cluster a process works for, by its mark.
pub(crate) const MARK_VARIABLE: &str = "KIND_CLUSTER_MARK";

/// A program and its arguments, to be run once.
#[must_use]
pub(crate) struct Command {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    stdin: Option<String>,
    what: String,
    cluster: Option<String>,
    kind_release: Option<&'static str>,
}

impl Command {
    pub(crate) fn new(program: &str, what: &str) -> Self {
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            stdin: None,
            what: what.to_owned(),
            cluster: None,
            kind_release: None,
        }
    }

    pub(crate) fn argument(self, argument: impl Into<String>) -> Self {
        self.arguments([argument])
    }

    pub(crate) fn arguments<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Names the cluster in errors.
    pub(crate) fn cluster(mut self, cluster: &str) -> Self {
        self.cluster = Some(cluster.to_owned());
        self
    }

    /// Lets an error say with which kind the node image was published.
    pub(crate) fn kind_release(mut self, release: Option<&'static str>) -> Self {
        self.kind_release = release;
        self
    }

    /// The command line, for messages.
    pub(crate) fn line(&self) -> String {
        let words: Vec<_> =
            [self.program.as_str()].into_iter().chain(self.arguments.iter().map(String::as_str)).collect();
        words.join(" ")
    }

    /// What it prints to its standard output.
    ///
    /// # Cancel safety
    /// The program and all it started are killed when the future is dropped, which waits for containers that an engine was
    /// asked for.
    pub(crate) async fn output(self) -> Result<String, ClusterError> {
        let (status, stdout, stderr) = self.run().await?;
        if status.success() {
            return Ok(stdout);
        }
        let lines: Vec<_> = stderr.trim_end().lines().collect();
        Err(Box::new(CommandError {
            command: self.line(),
            cluster: self.cluster.unwrap_or_else(|| "-".to_owned()),
            status: status.to_string(),
            stderr: lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n"),
            help: help(&stderr, self.kind_release),
            what: self.what,
        })
        .into())
    }

    /// The same where a failure of the program says nothing.
    pub(crate) async fn output_whatever_status(self) -> Result<String, ClusterError> {
        self.run().await.map(|(_, stdout, _)| stdout)
    }

    async fn run(&self) -> Result<(std::process::ExitStatus, String, String), ClusterError> {
        tracing::debug!(command = self.line(), what = self.what, "running");
        let failed = |source| ClusterError::Program { program: self.program.clone(), source };
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut command = tokio::process::Command::from(path_command(&self.program));
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut group = Group(command.spawn().map_err(failed)?);
        let child = &mut group.0;
        let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(text), Some(mut input)) = (&self.stdin, input) {
                // A program that ends before it has read all says why by itself.
                let _ = input.write_all(text.as_bytes()).await;
            }
            Ok(())
        };
        let ((), stdout, stderr, status) =
            tokio::try_join!(feed, read(stdout), read(stderr), child.wait()).map_err(failed)?;
        Ok((status, stdout, stderr))
    }
}

async fn read(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A program in a process group of its own, so that Ctrl-C reaches whoever waits for it first.
pub(crate) fn path_command(program: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// A child that takes all that it started along when it is dropped before its end.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            // Without an id it has ended, and its number may be another's by now.
            let id = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(id) = id {
                crate::group::end(id);
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn reports_what_a_failing_program_said() {
        let command = Command::new("sh", "try it").arguments(["-c", "echo out; echo one >&2; exit 3"]).cluster("c");
        let error = command.output().await.expect_err("it fails").to_string();
        assert_eq!(
            error,
            "try it (cluster `c`): `sh -c echo out; echo one >&2; exit 3` ended with exit status: 3: one"
        );
    }

    #[tokio::test]
    async fn reports_a_program_that_is_not_there() {
        let error = Command::new("no-such-program", "try it").output().await.expect_err("it is not there");
        assert!(matches!(error, ClusterError::Program { .. }), "{error}");
    }

    #[tokio::test]
    async fn feeds_the_program() {
        let output = Command::new("cat", "echo").stdin("a\nb").output().await;
        assert_eq!(output.expect("it prints"), "a\nb");
    }

    #[tokio::test]
    async fn kills_what_the_program_started_when_nobody_waits_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        // The grandchild holds the pipe open until it is killed; then the reader sees its end.
        let script = format!("(exec 3>{0}; echo started >&3; sleep 600) & wait", fifo.display());
        let reader = tokio::task::spawn_blocking(move || std::fs::read_to_string(fifo));
        let running = Command::new("sh", "wait").arguments(["-c", &script]).output();
        assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err(), "it runs on");
        let read = tokio::time::timeout(Duration::from_secs(10), reader).await.expect("the pipe closes");
        assert_eq!(read.expect("no panic").expect("text"), "started\n");
    }

    /// As kind's `docker run` does: what the engine was asked for comes, and whoever deletes it then must see it.
    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn waits_for_a_container_that_an_engine_was_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [engine, asked, go_on, made] = ["engine", "asked", "go-on", "made"].map(path);
        for fifo in [&asked, &go_on] {
            assert!(std::process::Command::new("mkfifo").arg(fifo).status().expect("mkfifo runs").success());
        }
        let script = "echo asked >\"$2\"; read answer <\"$3\"; echo \"$answer\" >\"$4\"\n";
        std::fs::write(&engine, script).expect("a script");
        let leader = "sh \"$0\" run \"$1\" \"$2\" \"$3\" & wait";
        let running = Command::new("sh", "wait").arguments(["-c", leader, &engine, &asked, &go_on, &made]);
        let running = tokio::spawn(running.output());
        let asking = asked.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(asking));
        assert_eq!(read.await.expect("no panic").expect("text"), "asked\n");
        // Whoever waits for the program is gone; only then is there an answer.
        running.abort();
        let answer = tokio::task::spawn_blocking(move || std::fs::write(go_on, "made\n"));
        assert!(running.await.expect_err("it was dropped").is_cancelled());
        answer.await.expect("no panic").expect("somebody waits for the answer");
        assert_eq!(std::fs::read_to_string(made).expect("it was made"), "made\n");
    }
}
