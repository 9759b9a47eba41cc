//! The shipped scenarios, and files that are wrong.

#[cfg(test)]
mod bad;
#[cfg(test)]
mod rendering;
#[cfg(test)]
mod shipped;
