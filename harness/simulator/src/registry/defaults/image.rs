//! Names of images: which tag one has.

/// The tag that an image's name has or implies; nothing for a digest alone, and for what is no image's name.
///
/// # Source
/// kubernetes v1.36 `pkg/util/parsers/parsers.go` `ParseImageName`; distribution/reference `normalize.go`
pub(super) fn tag(image: &str) -> Option<&str> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return None;
    }
    let last_slash = name.rfind('/').map_or(0, |slash| slash + 1);
    let (path, tag) = match name[last_slash..].split_once(':') {
        Some((last, tag)) => (&name[..last_slash + last.len()], Some(tag)),
        None => (name, None),
    };
    if !is_path(path) || tag.is_some_and(|tag| !is_tag(tag)) {
        return None;
    }
    match (tag, digest) {
        (Some(tag), _) => Some(tag),
        (None, Some(_)) => None,
        (None, None) => Some("latest"),
    }
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = tag.as_bytes();
    bytes.first().is_some_and(|first| is_word(*first))
        && bytes.len() <= 128
        && bytes.iter().all(|byte| is_word(*byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        let mut parts = algorithm.split(['-', '_', '+', '.']);
        parts.all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A registry perhaps, then lower-case components.
fn is_path(name: &str) -> bool {
    let is_identifier = name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let path = match name.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) || registry == "localhost" => {
            if !is_registry(registry) {
                return false;
            }
            path
        }
        _ => name,
    };
    !is_identifier && name.len() <= 255 && path.split('/').all(is_component)
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = registry.split_once(':').map_or((registry, None), |(host, port)| (host, Some(port)));
    port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// Lower-case words between `.`, `_`, `__` or any number of `-`.
fn is_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = component.as_bytes();
    loop {
        let word = rest.iter().take_while(|byte| is_word(**byte)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.iter().take_while(|byte| !is_word(**byte)).count();
        match &rest[..separator] {
            b"." | b"_" | b"__" => {}
            dashes if !dashes.is_empty() && dashes.iter().all(|byte| *byte == b'-') => {}
            _ => return false,
        }
        rest = &rest[separator..];
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Cases of Kubernetes' `pkg/util/parsers/parsers_test.go` and of distribution's `reference_test.go`.
    #[rstest]
    #[case::plain("root", Some("latest"))]
    #[case::tagged("root:tag", Some("tag"))]
    #[case::digest("root@sha256:ad6ae0dd2bd7a0c5f4b1b7a0a4f5f8b8a3c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5", None)]
    #[case::both("root:v1@sha256:ad6ae0dd2bd7a0c5f4b1b7a0a4f5f8b8a3c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5", Some("v1"))]
    #[case::registry("registry.example.com:5000/a/b-c__d.e", Some("latest"))]
    #[case::registry_and_tag("localhost/a:latest", Some("latest"))]
    #[case::upper_case("ROOT", None)]
    #[case::empty("", None)]
    #[case::spaces("a b", None)]
    #[case::empty_tag("a:", None)]
    fn reads_the_tag(#[case] image: &str, #[case] expected: Option<&str>) {
        assert_eq!(tag(image), expected);
    }
}
