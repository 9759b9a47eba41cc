//! Which node image a cluster runs on: the public ones, pinned, or one that is on the machine already.

use crate::{
    engine::Engine,
    error::ClusterError,
    request::{ClusterRequest, RequestError},
    version::KubernetesVersion,
};

/// The repository of kind's own node images.
const REPOSITORY: &str = "kindest/node";

/// A public node image of kind, pinned by digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NodeImage {
    /// What runs in it.
    pub version: KubernetesVersion,
    /// Its full reference, with the digest.
    pub reference: &'static str,
    /// The release of kind that published it; an older kind may be unable to use it.
    pub kind_release: &'static str,
}

const fn published(minor: u16, patch: u16, reference: &'static str, kind_release: &'static str) -> NodeImage {
    NodeImage { version: KubernetesVersion::release(minor, patch), reference, kind_release }
}

/// The public node image of each minor.
///
/// # Source
/// The release notes of kind and public lists that pin its images; 1.37 is the default of kind v0.33.0.
#[rustfmt::skip]
pub const NODE_IMAGES: &[NodeImage] = &[
    published(20, 15, "kindest/node:v1.20.15@sha256:45d0194a8069c46483a0e509088ab9249302af561ebee76a1281a1f08ecb4ed3", "v0.16.0"),
    published(21, 14, "kindest/node:v1.21.14@sha256:8a4e9bb3f415d2bb81629ce33ef9c76ba514c14d707f9797a01e3216376ba093", "v0.20.0"),
    published(22, 17, "kindest/node:v1.22.17@sha256:f5b2e5698c6c9d6d0adc419c0deae21a425c07d81bbf3b6a6834042f25d4fba2", "v0.20.0"),
    published(23, 17, "kindest/node:v1.23.17@sha256:14d0a9a892b943866d7e6be119a06871291c517d279aedb816a4b4bc0ec0a5b3", "v0.22.0"),
    published(24, 17, "kindest/node:v1.24.17@sha256:bad10f9b98d54586cba05a7eaa1b61c6b90bfc4ee174fdc43a7b75ca75c95e51", "v0.22.0"),
    published(25, 16, "kindest/node:v1.25.16@sha256:6110314339b3b44d10da7d27881849a87e092124afab5956f2e10ecdb463b025", "v0.24.0"),
    published(26, 15, "kindest/node:v1.26.15@sha256:c79602a44b4056d7e48dc20f7504350f1e87530fe953428b792def00bc1076dd", "v0.25.0"),
    published(27, 16, "kindest/node:v1.27.16@sha256:2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20", "v0.25.0"),
    published(28, 15, "kindest/node:v1.28.15@sha256:a7c05c7ae043a0b8c818f5a06188bc2c4098f6cb59ca7d1856df00375d839251", "v0.25.0"),
    published(29, 12, "kindest/node:v1.29.12@sha256:62c0672ba99a4afd7396512848d6fc382906b8f33349ae68fb1dbfe549f70dec", "v0.26.0"),
    published(30, 8, "kindest/node:v1.30.8@sha256:17cd608b3971338d9180b00776cb766c50d0a0b6b904ab4ff52fd3fc5c6369bf", "v0.26.0"),
    published(31, 4, "kindest/node:v1.31.4@sha256:2cb39f7295fe7eafee0842b1052a599a4fb0f8bcf3f83d96c7f4864c357c6c30", "v0.26.0"),
    published(32, 0, "kindest/node:v1.32.0@sha256:c48c62eac5da28cdadcf560d1d8616cfa6783b58f0d94cf63ad1bf49600cb027", "v0.26.0"),
    published(33, 12, "kindest/node:v1.33.12@sha256:3f5c8443c620245e4d355cfe09e96a91ead32ceaa569d3f1ca9edf0cb2fe2ff4", "v0.32.0"),
    published(34, 8, "kindest/node:v1.34.8@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256", "v0.32.0"),
    published(35, 5, "kindest/node:v1.35.5@sha256:ce977ae6d65918d0b58a5f8b5e940429c2ce42fa3a5619ec2bbc60b949c0ac95", "v0.32.0"),
    published(36, 1, "kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5", "v0.32.0"),
    published(37, 0, "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5", "v0.33.0"),
];

/// The image that a cluster gets, and the Kubernetes version in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChosenImage {
    pub(crate) reference: String,
    pub(crate) version: KubernetesVersion,
    /// The kind release that published it, where it is one of the pinned.
    pub(crate) kind_release: Option<&'static str>,
}

/// The image for `request`, of which `is_present` tells whether the machine has it and `tags` what else it has.
///
/// The pinned image is preferred where it is present; then any other of the version that is present, for that needs no
/// network; only then is the pinned one left to kind to pull.
fn choose(request: &ClusterRequest, is_present: bool, tags: &[String]) -> Result<ChosenImage, RequestError> {
    let wanted = request.version;
    if let Some(image) = &request.image {
        let version = KubernetesVersion::of_image(image).unwrap_or(wanted);
        if !wanted.is_met_by(version) {
            return Err(RequestError::OtherVersion { image: image.clone(), version, wanted });
        }
        return Ok(ChosenImage { reference: image.clone(), version, kind_release: None });
    }
    let pinned = pinned(wanted);
    let newest = tags.iter().filter_map(|tag| {
        let version = KubernetesVersion::of_image(tag)?;
        wanted.is_met_by(version).then(|| ChosenImage { reference: tag.clone(), version, kind_release: None })
    });
    let newest = newest.max_by_key(|image| image.version);
    let pinned_choice = pinned.map(|image| ChosenImage {
        reference: image.reference.to_owned(),
        version: image.version,
        kind_release: Some(image.kind_release),
    });
    let chosen = if is_present { pinned_choice } else { newest.or(pinned_choice) };
    chosen.ok_or(RequestError::UnknownVersion { version: wanted })
}

fn pinned(version: KubernetesVersion) -> Option<&'static NodeImage> {
    NODE_IMAGES.iter().find(|image| version.is_met_by(image.version))
}

/// Asks `engine` what is on the machine, and chooses.
pub(crate) async fn resolve(request: &ClusterRequest, engine: &Engine) -> Result<ChosenImage, ClusterError> {
    if request.image.is_some() {
        return Ok(choose(request, false, &[])?);
    }
    let is_present = match pinned(request.version) {
        Some(image) => engine.has_image(image.reference).await?,
        None => false,
    };
    let tags = if is_present { Vec::new() } else { engine.image_tags(REPOSITORY).await? };
    Ok(choose(request, is_present, &tags)?)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_minor_has_one_image_pinned_by_digest() {
        let minors: Vec<_> = NODE_IMAGES.iter().map(|image| image.version.minor()).collect();
        assert_eq!(minors, (20..=37).collect::<Vec<_>>());
        for image in NODE_IMAGES {
            let (_, digest) = image.reference.split_once("@sha256:").expect("a digest");
            assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{image:?}");
            assert_eq!(KubernetesVersion::of_image(image.reference), Some(image.version));
            assert!(image.kind_release.starts_with("v0."), "{image:?}");
        }
    }

    fn request(version: &str) -> ClusterRequest {
        ClusterRequest::new(version.parse().expect("a version"))
    }

    #[rstest]
    #[case::nothing_there("1.31", false, &[], "kindest/node:v1.31.4@sha256:")]
    #[case::pinned_there("1.31", true, &["kindest/node:v1.31.14"], "kindest/node:v1.31.4@sha256:")]
    #[case::newest_there("1.31", false, &["kindest/node:v1.31.9", "kindest/node:v1.31.14"], "kindest/node:v1.31.14")]
    #[case::other_minor_there("1.31", false, &["kindest/node:v1.32.0"], "kindest/node:v1.31.4@sha256:")]
    #[case::release_there("1.31.14", false, &["kindest/node:v1.31.14", "kindest/node:v1.31.15"], "kindest/node:v1.31.14")]
    fn chooses(#[case] version: &str, #[case] present: bool, #[case] tags: &[&str], #[case] image: &str) {
        let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let chosen = choose(&request(version), present, &tags).expect("an image");
        assert!(chosen.reference.starts_with(image), "{chosen:?}");
        assert_eq!(chosen.version.minor(), 31);
    }

    #[test]
    fn takes_the_image_that_is_named() {
        let named = choose(&request("1.31").with_image("registry.example/node:mine"), false, &[]).expect("an image");
        assert_eq!(
            (named.reference.as_str(), named.version),
            ("registry.example/node:mine", KubernetesVersion::new(31))
        );
    }

    #[test]
    fn rejects_an_image_of_another_version_and_a_release_nobody_has() {
        let other = choose(&request("1.31").with_image("kindest/node:v1.30.8"), false, &[]);
        assert!(matches!(other, Err(RequestError::OtherVersion { .. })), "{other:?}");
        let unknown = choose(&request("1.31.2"), false, &["kindest/node:v1.31.14".to_owned()]);
        assert_eq!(unknown, Err(RequestError::UnknownVersion { version: KubernetesVersion::release(31, 2) }));
    }
}
