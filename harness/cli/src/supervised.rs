//! The hidden command `supervise PARENT PROGRAM ARGUMENT...`, by which the harness starts programs that end with it.

use std::{
    ffi::OsString,
    io::{self, Write as _},
};

/// Becomes the program where these arguments of this process ask for that; true where they do and it could not.
///
/// To be called first: the program ends with whoever asked only as long as this process has one thread.
pub(crate) fn failed(mut arguments: impl Iterator<Item = OsString>) -> bool {
    if arguments.nth(1).is_none_or(|command| command != "supervise") {
        return false;
    }
    let parent = arguments.next().and_then(|parent| parent.to_str()?.parse().ok());
    let error = match (parent, arguments.next()) {
        (Some(parent), Some(program)) => {
            let error = seccomp_conformance::supervise(parent, &program, &arguments.collect::<Vec<_>>());
            io::Error::new(error.kind(), format!("run `{}`: {error}", program.display()))
        }
        _ => io::Error::other("`supervise` is for the harness itself: supervise PARENT PROGRAM ARGUMENT..."),
    };
    // Where standard error is closed, nobody wants to read it.
    let _ = writeln!(io::stderr().lock(), "error: {error}");
    true
}
