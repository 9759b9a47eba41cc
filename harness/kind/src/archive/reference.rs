//! Names of images, in the full form by which containerd knows them.

/// The name in full: with the registry and, for Docker's own, the library; the error says what is wrong.
///
/// # Source
/// github.com/distribution/reference `ParseNormalizedNamed`: a first part with a dot, a colon or `localhost` is a registry.
pub(crate) fn full_reference(reference: &str) -> Result<String, &'static str> {
    let (name, tag) = reference.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).ok_or("it has no tag")?;
    let is_tag = !tag.is_empty()
        && tag.len() <= 128
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if !is_tag {
        return Err("its tag is none");
    }
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
        Some(_) => ("docker.io", name.to_owned()),
        None => ("docker.io", format!("library/{name}")),
    };
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte))
    };
    if path.split('/').all(is_part) {
        Ok(format!("{registry}/{path}:{tag}"))
    } else {
        Err("its parts are lower-case letters, digits, `.`, `_` and `-`, a letter or digit first and last")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_the_library("probe:v1", "docker.io/library/probe:v1")]
    #[case::of_somebody("seccomp-harness/probe:v1", "docker.io/seccomp-harness/probe:v1")]
    #[case::of_a_registry("registry.example/a/b:v1", "registry.example/a/b:v1")]
    #[case::of_a_port("localhost:5000/a:v1", "localhost:5000/a:v1")]
    #[case::local("localhost/a:v1", "localhost/a:v1")]
    fn names_images_in_full(#[case] reference: &str, #[case] full: &str) {
        assert_eq!(full_reference(reference).as_deref(), Ok(full));
    }

    #[rstest]
    fn rejects_other_names(
        #[values("", "a", "localhost:5000/a", "a:", ":v1", "A/b:v1", "a//b:v1", "a:b c", "a:v1@sha256:0")]
        reference: &str,
    ) {
        assert!(full_reference(reference).is_err());
    }
}
