//! Whose a cluster is: the mark that every node carries, and its reading.
//!
//! kind lets no label be put on its containers, but it lets a file be mounted. So each node has `/dev/null` mounted at a
//! path that says it all. The container engine shows that path from the moment the container exists, it needs no file
//! on this machine, and it cannot be changed or lost for as long as the container is there.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::creator::Creator;

/// Where marks stand; a later form gets another number.
const ROOT: &str = "/kind-cluster/v1";
/// So that the names of the nodes stay valid host names.
const OWNER_LENGTH: usize = 24;

/// Who owns clusters: a tool or a project, `seccomp-harness`. An [`crate::Inventory`] sees those of one owner.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner(String);

/// A text that names no owner.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{text}` names no owner: up to {OWNER_LENGTH} lower-case letters, digits and hyphens, a letter first and no hyphen last"
)]
pub struct OwnerError {
    text: String,
}

impl Owner {
    /// The owner's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Owner {
    fn default() -> Self {
        Self("kind-cluster".to_owned())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let is_name = is_word(text) && text.len() <= OWNER_LENGTH && text.starts_with(|c: char| c.is_ascii_lowercase());
        if is_name { Ok(Self(text.to_owned())) } else { Err(OwnerError { text: text.to_owned() }) }
    }
}

/// Lower-case letters, digits and hyphens, no hyphen first or last.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What a cluster carries on each of its nodes.
///
/// # Shape
/// `/kind-cluster/v1/owner=.../run=.../expires=.../creator=.../settings=.../retain=...`, a mount point in each container.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Mark {
    /// Whose it is.
    pub owner: Owner,
    /// The run that made it.
    pub run: String,
    /// From when on [`crate::Inventory::gc`] removes it, whatever else holds; to the second.
    pub expires: SystemTime,
    /// The digest of its version, image, nodes and settings.
    pub settings: String,
    /// Whether it outlives the process that made it, to be found again.
    pub is_retained: bool,
    pub(crate) creator: Creator,
}

impl Mark {
    pub(crate) fn new(owner: Owner, run: String, settings: String, is_retained: bool, expires: SystemTime) -> Self {
        // The mark knows whole seconds, and a mark that was read shall equal the one that was written.
        let expires = UNIX_EPOCH + Duration::from_secs(seconds(expires));
        Self { owner, run, expires, settings, is_retained, creator: Creator::this_process() }
    }

    /// The mount point.
    pub(crate) fn path(&self) -> String {
        let Self { owner, run, settings, creator, .. } = self;
        let (expires, retain) = (seconds(self.expires), self.is_retained);
        format!(
            "{ROOT}/owner={owner}/run={run}/expires={expires}/creator={creator}/settings={settings}/retain={retain}"
        )
    }

    /// Reads a mount point; one that is no mark in this form gives nothing.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix(ROOT)?.strip_prefix('/')?;
        let mut parts = BTreeMap::new();
        for part in rest.split('/') {
            let (key, value) = part.split_once('=')?;
            parts.insert(key, value);
        }
        let expires = parts.remove("expires")?.parse().ok()?;
        let mark = Self {
            owner: parts.remove("owner")?.parse().ok()?,
            run: parts.remove("run").filter(|run| is_word(run))?.to_owned(),
            expires: UNIX_EPOCH.checked_add(Duration::from_secs(expires))?,
            creator: parts.remove("creator")?.parse().ok()?,
            settings: parts.remove("settings").filter(|settings| is_word(settings))?.to_owned(),
            is_retained: parts.remove("retain")?.parse().ok()?,
        };
        parts.is_empty().then_some(mark)
    }

    /// Whether its time is over at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires <= now
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn mk_mark() -> Mark {
        let owner = "seccomp-harness".parse().expect("an owner");
        let expires = UNIX_EPOCH + Duration::from_millis(1_800_000_000_500);
        Mark::new(owner, "run-7".to_owned(), "0a1b".to_owned(), true, expires)
    }

    #[test]
    fn reads_what_it_wrote() {
        let mark = mk_mark();
        let path = mark.path();
        assert!(
            path.starts_with("/kind-cluster/v1/owner=seccomp-harness/run=run-7/expires=1800000000/creator="),
            "{path}"
        );
        assert!(!path.contains(':'), "kind separates the parts of a mount by colons: {path}");
        assert_eq!(Mark::parse(&path), Some(mark));
    }

    #[test]
    fn knows_when_it_has_expired() {
        let mark = mk_mark();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert!(!mark.is_expired(at(1_799_999_999)) && mark.is_expired(at(1_800_000_000)));
    }

    #[rstest]
    #[case::mount_of_kind("/lib/modules")]
    #[case::root_alone("/kind-cluster/v1")]
    #[case::other_form("/kind-cluster/v2/owner=a/run=r/expires=1/creator=-.1/settings=s/retain=true")]
    #[case::no_run("/kind-cluster/v1/owner=a/expires=1/creator=-.1/settings=s/retain=true")]
    #[case::empty_owner("/kind-cluster/v1/owner=/run=r/expires=1/creator=-.1/settings=s/retain=true")]
    #[case::unknown_part("/kind-cluster/v1/owner=a/run=r/expires=1/creator=-.1/settings=s/retain=true/more=1")]
    #[case::no_time("/kind-cluster/v1/owner=a/run=r/expires=soon/creator=-.1/settings=s/retain=true")]
    fn gives_nothing_for_other_mount_points(#[case] path: &str) {
        assert_eq!(Mark::parse(path), None);
    }

    #[test]
    fn reads_the_least_mark() {
        let mark = Mark::parse("/kind-cluster/v1/owner=a/run=r/expires=1/creator=-.1/settings=s/retain=false");
        assert!(mark.is_some_and(|mark| !mark.is_retained));
    }

    #[rstest]
    fn rejects_owners_that_fit_no_host_name(
        #[values("", "-a", "a-", "A", "a.b", "a/b", "1a", "abcdefghijklmnopqrstuvwxy")] text: &str,
    ) {
        assert!(text.parse::<Owner>().is_err());
    }
}
