//! Images written in this process: one static executable, as an OCI image archive that containerd imports.
//!
//! The same executable and settings give the same bytes, so that a node that has the image is known by the digest.

mod elf;
mod reference;

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder, write::GzEncoder};
use oci_spec::{
    OciSpecError,
    image::{
        Arch, ConfigBuilder, Descriptor, DescriptorBuilder, ImageConfigurationBuilder, ImageIndexBuilder,
        ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, RootFsBuilder, Sha256Digest,
    },
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) use self::reference::full_reference;
use crate::{archive::elf::Executable, hex::hex};

/// The annotation by which containerd names an imported image.
const NAME_ANNOTATION: &str = "io.containerd.image.name";
/// Nobody in particular, and not root.
const USER: &str = "65532:65532";

/// An image `FROM scratch` with one static executable, as it is asked for.
#[derive(Clone, Debug)]
#[must_use = "a request writes no archive by itself"]
pub struct ArchiveRequest {
    reference: String,
    executable: Utf8PathBuf,
    arguments: Vec<String>,
    variables: Vec<String>,
    user: String,
}

/// An image archive on disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageArchive {
    path: Utf8PathBuf,
    reference: String,
    digest: String,
}

/// Why an archive could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A name that no image can have.
    #[error("name an image `{reference}`: {reason}")]
    Reference {
        /// The name.
        reference: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file that cannot run alone in an image on a Linux node.
    #[error("put `{executable}` into an image: {reason}")]
    Executable {
        /// The file.
        executable: Utf8PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file could not be read or written.
    #[error("{what} `{file}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The image's own documents could not be made.
    #[error("describe image `{reference}`")]
    Describe {
        /// The image.
        reference: String,
        /// What is missing or wrong.
        #[source]
        source: OciSpecError,
    },
}

impl ArchiveRequest {
    /// Asks for the image `reference` (`example/probe:v1`) with `executable` as its entry point.
    pub fn new(reference: impl Into<String>, executable: impl Into<Utf8PathBuf>) -> Self {
        Self {
            reference: reference.into(),
            executable: executable.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            user: USER.to_owned(),
        }
    }

    /// Adds an argument that the executable gets where a Pod names none.
    pub fn with_argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Runs as this user and group, `65532:65532` without it.
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Writes the archive to `path`, over what is there.
    ///
    /// # Errors
    /// - [`ArchiveError::Reference`]: the name is none, or has no tag.
    /// - [`ArchiveError::Executable`]: the file is no 64-bit Linux executable of a known processor, or needs libraries.
    /// - [`ArchiveError::File`]: a file could not be read or written.
    /// - [`ArchiveError::Describe`]: the image's documents could not be made.
    pub fn write(&self, path: impl Into<Utf8PathBuf>) -> Result<ImageArchive, ArchiveError> {
        let path = path.into();
        let reference = full_reference(&self.reference)
            .map_err(|reason| ArchiveError::Reference { reference: self.reference.clone(), reason })?;
        let program = &self.executable;
        let bytes = std::fs::read(program).map_err(|source| ArchiveError::File {
            what: "read",
            file: program.clone(),
            source,
        })?;
        let executable = Executable::read(&bytes)
            .map_err(|reason| ArchiveError::Executable { executable: program.clone(), reason })?;
        let name = program.file_name().unwrap_or("program");
        let failed = |source| ArchiveError::File { what: "write", file: path.clone(), source };
        let layer = Layer::new(name, &bytes).map_err(failed)?;
        let image = self.describe(name, executable.architecture, &layer, &reference);
        let image = image.map_err(|source| ArchiveError::Describe { reference: reference.clone(), source })?;
        image.write(&layer, &path).map_err(failed)?;
        Ok(ImageArchive { path, reference, digest: image.manifest.descriptor.digest().to_string() })
    }

    fn describe(&self, name: &str, architecture: Arch, layer: &Layer, reference: &str) -> Result<Image, OciSpecError> {
        let mut process = ConfigBuilder::default().user(self.user.as_str()).entrypoint(vec![format!("/{name}")]);
        if !self.arguments.is_empty() {
            process = process.cmd(self.arguments.clone());
        }
        if !self.variables.is_empty() {
            process = process.env(self.variables.clone());
        }
        let root =
            RootFsBuilder::default().typ("layers").diff_ids(vec![format!("sha256:{}", layer.content)]).build()?;
        let config = ImageConfigurationBuilder::default().architecture(architecture).os(Os::Linux);
        // History is a must in the specification's builder, and may be empty.
        let config = config.config(process.build()?).rootfs(root).history(Vec::new()).build()?;
        let config = Blob::json(MediaType::ImageConfig, &config)?;
        let layers = vec![descriptor(MediaType::ImageLayerGzip, &layer.digest, layer.bytes.len())?];
        let manifest = ImageManifestBuilder::default().schema_version(2_u32).media_type(MediaType::ImageManifest);
        let manifest = manifest.config(config.descriptor.clone()).layers(layers).build()?;
        let manifest = Blob::json(MediaType::ImageManifest, &manifest)?;
        let mut named = manifest.descriptor.clone();
        named.set_annotations(Some([(NAME_ANNOTATION.to_owned(), reference.to_owned())].into()));
        let index = ImageIndexBuilder::default().schema_version(2_u32).media_type(MediaType::ImageIndex);
        let index = to_json(&index.manifests(vec![named]).build()?)?;
        let layout = to_json(&OciLayoutBuilder::default().image_layout_version("1.0.0").build()?)?;
        Ok(Image { layout, index, manifest, config })
    }
}

impl ImageArchive {
    /// The file.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The image's name in full: `docker.io/example/probe:v1` for `example/probe:v1`.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The digest of the image's manifest: `sha256:...`.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// The one layer of the image.
struct Layer {
    /// Compressed.
    bytes: Vec<u8>,
    /// The digest of the compressed layer, in hex.
    digest: String,
    /// The digest of what was compressed, in hex.
    content: String,
}

impl Layer {
    fn new(name: &str, executable: &[u8]) -> io::Result<Self> {
        // Without time and name in its head; fast, for it goes no further than this machine's nodes.
        let compressor = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
        let mut tar = tar::Builder::new(Hashing { inner: compressor, hash: Sha256::new() });
        append(&mut tar, name, executable, 0o755)?;
        let Hashing { inner, hash } = tar.into_inner()?;
        let bytes = GzEncoder::finish(inner)?;
        Ok(Self { digest: hex(&Sha256::digest(&bytes)), content: hex(&hash.finalize()), bytes })
    }
}

/// A document of the image, and how others refer to it.
struct Blob {
    bytes: Vec<u8>,
    descriptor: Descriptor,
}

impl Blob {
    fn json(media_type: MediaType, document: &impl Serialize) -> Result<Self, OciSpecError> {
        let bytes = to_json(document)?;
        let descriptor = descriptor(media_type, &hex(&Sha256::digest(&bytes)), bytes.len())?;
        Ok(Self { bytes, descriptor })
    }
}

struct Image {
    layout: Vec<u8>,
    index: Vec<u8>,
    manifest: Blob,
    config: Blob,
}

impl Image {
    fn write(&self, layer: &Layer, path: &Utf8Path) -> io::Result<()> {
        let mut tar = tar::Builder::new(BufWriter::new(File::create(path)?));
        append(&mut tar, "oci-layout", &self.layout, 0o644)?;
        append(&mut tar, "index.json", &self.index, 0o644)?;
        for blob in [&self.manifest, &self.config] {
            let name = format!("blobs/sha256/{}", blob.descriptor.digest().digest());
            append(&mut tar, &name, &blob.bytes, 0o644)?;
        }
        append(&mut tar, &format!("blobs/sha256/{}", layer.digest), &layer.bytes, 0o644)?;
        tar.into_inner()?.flush()
    }
}

/// Adds a file as it is for anyone at any time: root's, of the epoch.
fn append(tar: &mut tar::Builder<impl io::Write>, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    tar.append_data(&mut header, name, bytes)
}

fn descriptor(media_type: MediaType, digest: &str, size: usize) -> Result<Descriptor, OciSpecError> {
    let digest: Sha256Digest = digest.parse()?;
    DescriptorBuilder::default().media_type(media_type).digest(digest).size(size as u64).build()
}

fn to_json(document: &impl Serialize) -> Result<Vec<u8>, OciSpecError> {
    serde_json::to_vec(document).map_err(OciSpecError::SerDe)
}

/// A writer that hashes what goes through it.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: io::Write> io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read as _};

    use serde_json::Value;

    use super::{elf::tests::mk_elf, *};

    struct Written {
        archive: ImageArchive,
        bytes: Vec<u8>,
        _folder: tempfile::TempDir,
    }

    fn write(request: impl FnOnce(ArchiveRequest) -> ArchiveRequest) -> Written {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").to_owned();
        std::fs::write(path.join("probe"), mk_elf(62, false)).expect("it is written");
        let request = request(ArchiveRequest::new("example/probe:v1", path.join("probe")));
        let archive = request.write(path.join("image.tar")).expect("an archive");
        let bytes = std::fs::read(archive.path()).expect("it is there");
        Written { archive, bytes, _folder: folder }
    }

    fn files(mut tar: tar::Archive<impl io::Read>) -> BTreeMap<String, Vec<u8>> {
        let entries = tar.entries().expect("entries").map(|entry| {
            let mut entry = entry.expect("an entry");
            let header = entry.header();
            assert_eq!((header.uid().ok(), header.mtime().ok()), (Some(0), Some(0)));
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("content");
            (entry.path().expect("a path").to_string_lossy().into_owned(), bytes)
        });
        entries.collect()
    }

    /// Follows the references of the OCI image layout, each of which names digest and size.
    #[test]
    fn writes_an_oci_image_layout() {
        let written = write(|request| request.with_argument("probe").with_variable("A", "b"));
        let files = files(tar::Archive::new(written.bytes.as_slice()));
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().and_then(|text| text.strip_prefix("sha256:")).expect("a digest");
            let bytes = &files[&format!("blobs/sha256/{digest}")];
            assert_eq!(
                (hex(&Sha256::digest(bytes)).as_str(), Some(bytes.len() as u64)),
                (digest, descriptor["size"].as_u64())
            );
            bytes.clone()
        };
        assert_eq!(json(&files["oci-layout"]), serde_json::json!({"imageLayoutVersion": "1.0.0"}));
        let index = json(&files["index.json"]);
        let named = &index["manifests"][0];
        assert_eq!(named["annotations"], serde_json::json!({NAME_ANNOTATION: "docker.io/example/probe:v1"}));
        assert_eq!(named["digest"], written.archive.digest());
        let manifest = json(&blob(named));
        let config = json(&blob(&manifest["config"]));
        assert_eq!((&config["architecture"], &config["os"]), (&"amd64".into(), &"linux".into()));
        let expected = serde_json::json!({"User": USER, "Entrypoint": ["/probe"], "Cmd": ["probe"], "Env": ["A=b"]});
        assert_eq!(config["config"], expected);

        let mut layer = Vec::new();
        let compressed = blob(&manifest["layers"][0]);
        flate2::read::GzDecoder::new(compressed.as_slice()).read_to_end(&mut layer).expect("gzip");
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", hex(&Sha256::digest(&layer))));
        let root = self::files(tar::Archive::new(layer.as_slice()));
        assert_eq!(root, BTreeMap::from([("probe".to_owned(), mk_elf(62, false))]));
    }

    #[test]
    fn equal_requests_give_equal_bytes() {
        let (one, other) = (write(|request| request), write(|request| request));
        assert!(one.bytes == other.bytes && one.archive.digest() == other.archive.digest());
        assert_ne!(write(|request| request.with_argument("x")).archive.digest(), one.archive.digest());
    }

    #[test]
    fn rejects_an_executable_that_needs_libraries() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").join("dynamic");
        std::fs::write(&path, mk_elf(62, true)).expect("it is written");
        let error = ArchiveRequest::new("a:b", &path).write(path.with_extension("tar")).expect_err("it is dynamic");
        assert!(matches!(error, ArchiveError::Executable { .. }), "{error}");
        assert!(!path.with_extension("tar").exists());
    }
}
