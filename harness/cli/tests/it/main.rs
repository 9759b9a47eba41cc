//! The command as its users see it: the built binary, in a folder of its own.

mod explain;
mod house;
mod run;
mod signals;
mod usage;
