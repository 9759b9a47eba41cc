//! What the terminal can show, and what the user wants to see of it.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal, Write},
};

use camino::Utf8PathBuf;
use clap::ValueEnum;

use crate::envtest::Envtest;

/// When to write colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The variables that many tools share; our own are clap's business.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each variable says yes or no, and none depends on another")]
pub(crate) struct Environment {
    no_color: bool,
    force_color: bool,
    dumb: bool,
    cargo_color: Option<ColorChoice>,
    /// Whether this is a CI system: no progress, no prompts, snapshots are only compared.
    pub(crate) ci: bool,
    /// What insta is told to do with differences.
    pub(crate) insta_update: Option<String>,
    /// What envtest's variables say of control planes.
    pub(crate) envtest: Envtest,
    /// Where Prow and its like want artifacts.
    pub(crate) artifacts: Option<Utf8PathBuf>,
    /// Whether GitHub Actions reads what is written.
    pub(crate) github_actions: bool,
    /// The page that GitHub shows for a step.
    pub(crate) github_step_summary: Option<Utf8PathBuf>,
    /// Where GitHub reads a step's outputs from.
    pub(crate) github_output: Option<Utf8PathBuf>,
    /// The folder of GitHub's checkout.
    pub(crate) github_workspace: Option<String>,
    /// Which of how many jobs GitLab runs in parallel, from 1.
    pub(crate) ci_node: Option<(String, String)>,
}

impl Environment {
    /// Reads this process's environment.
    pub(crate) fn read() -> Self {
        Self::from_lookup(|name| env::var_os(name))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let on = |name| set(name).is_some_and(|value| value != "0" && value != "false");
        let path = |name| set(name).and_then(|value| Utf8PathBuf::from_path_buf(value.into()).ok());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            no_color: set("NO_COLOR").is_some(),
            force_color: on("CLICOLOR_FORCE"),
            dumb: set("TERM").is_some_and(|term| term == "dumb"),
            cargo_color: set("CARGO_TERM_COLOR")
                .and_then(|value| ColorChoice::from_str(&value.to_string_lossy(), true).ok()),
            ci: on("CI"),
            insta_update: text("INSTA_UPDATE"),
            artifacts: path("ARTIFACTS"),
            envtest: Envtest::from_lookup(&lookup),
            github_actions: on("GITHUB_ACTIONS"),
            github_step_summary: path("GITHUB_STEP_SUMMARY"),
            github_output: path("GITHUB_OUTPUT"),
            github_workspace: text("GITHUB_WORKSPACE"),
            ci_node: text("CI_NODE_INDEX").zip(text("CI_NODE_TOTAL")),
        }
    }

    /// Whether to colour a stream: the flag first, then `NO_COLOR`, `CLICOLOR_FORCE`, `CARGO_TERM_COLOR` and `TERM`.
    fn colors(&self, choice: ColorChoice, is_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.no_color => false,
            ColorChoice::Auto if self.force_color => true,
            ColorChoice::Auto => match self.cargo_color {
                Some(ColorChoice::Always) => true,
                Some(ColorChoice::Never) => false,
                Some(ColorChoice::Auto) | None => is_terminal && !self.dumb,
            },
        }
    }
}

/// How to write to the two streams.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says yes or no, and none depends on another")]
pub(crate) struct Terminal {
    /// Whether standard output takes colours.
    pub(crate) color_stdout: bool,
    /// Whether standard error takes colours.
    pub(crate) color_stderr: bool,
    /// Whether to draw progress on standard error.
    pub(crate) progress: bool,
    /// Whether only failures are worth a word.
    pub(crate) quiet: bool,
}

impl Terminal {
    /// Decides from the flags, the environment and what the streams are.
    pub(crate) fn detect(choice: ColorChoice, quiet: bool, environment: &Environment) -> Self {
        let stderr_is_terminal = io::stderr().is_terminal();
        Self {
            color_stdout: environment.colors(choice, io::stdout().is_terminal()),
            color_stderr: environment.colors(choice, stderr_is_terminal),
            progress: stderr_is_terminal && !environment.ci && !environment.dumb && !quiet,
            quiet,
        }
    }
}

/// Writes data to standard output; a reader that went away (`| head`) is no error.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a note for the user to standard error; where that is closed, nobody wants to read it.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::terminal(&[], ColorChoice::Auto, true, true)]
    #[case::file(&[], ColorChoice::Auto, false, false)]
    #[case::no_color(&[("NO_COLOR", "1")], ColorChoice::Auto, true, false)]
    #[case::empty_no_color(&[("NO_COLOR", "")], ColorChoice::Auto, true, true)]
    #[case::forced(&[("CLICOLOR_FORCE", "1")], ColorChoice::Auto, false, true)]
    #[case::not_forced(&[("CLICOLOR_FORCE", "0")], ColorChoice::Auto, false, false)]
    #[case::no_color_wins(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], ColorChoice::Auto, true, false)]
    #[case::dumb(&[("TERM", "dumb")], ColorChoice::Auto, true, false)]
    #[case::cargo(&[("CARGO_TERM_COLOR", "always")], ColorChoice::Auto, false, true)]
    #[case::flag_wins(&[("NO_COLOR", "1")], ColorChoice::Always, false, true)]
    #[case::flag_off(&[("CLICOLOR_FORCE", "1")], ColorChoice::Never, true, false)]
    fn decides_on_colour(
        #[case] variables: &[(&str, &str)],
        #[case] choice: ColorChoice,
        #[case] is_terminal: bool,
        #[case] colors: bool,
    ) {
        let environment = Environment::from_lookup(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
        });
        assert_eq!(environment.colors(choice, is_terminal), colors);
    }
}
