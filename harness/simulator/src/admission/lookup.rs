//! What a plug-in's own client says when a plug-in looks something up by a name.

use crate::registry::validation::path_segment;

/// Why a client asks for no object of this name; the API server is not asked then, and nobody says that it is not found.
///
/// # Errors
/// The client's words.
///
/// # Source
/// kubernetes v1.36 `client-go/rest/request.go` `Request.Name`
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("resource name may not be empty".to_owned());
    }
    let messages = path_segment(name, false);
    if messages.is_empty() { Ok(()) } else { Err(format!("invalid resource name {name:?}: [{}]", messages.join(" "))) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::empty("", "resource name may not be empty")]
    #[case::above("..", "invalid resource name \"..\": [may not be '..']")]
    #[case::two("a%/b", "invalid resource name \"a%/b\": [may not contain '/' may not contain '%']")]
    fn says_what_a_client_says(#[case] name: &str, #[case] why: &str) {
        assert_eq!(check_name(name), Err(why.to_owned()));
        assert_eq!(check_name("A_b"), Ok(()));
    }
}
