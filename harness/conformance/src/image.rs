//! The image with the harness's own executable, which is the probe and the webhook in clusters with nodes.

use camino::{Utf8Path, Utf8PathBuf};
use kind_cluster::{ArchiveRequest, ImageArchive};
use tokio::sync::OnceCell;

use crate::{
    cluster::{ClusterError, failed},
    folder::Folder,
    probe::PROBE_IMAGE,
};

/// What the executable is told where a Pod says nothing.
const ROLE: &str = "probe";

/// Where the harness's image comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HarnessImage {
    /// The executable that is put into it, statically linked for Linux; without it, the one that runs.
    pub binary: Option<Utf8PathBuf>,
}

/// The image as an archive, written when the first cluster needs it.
#[derive(Debug)]
pub(crate) struct Archive {
    image: HarnessImage,
    /// Held here and not by whoever writes, so that it goes with the run even while the archive is being written.
    folder: OnceCell<Folder>,
    written: OnceCell<ImageArchive>,
}

impl Archive {
    pub(crate) fn new(image: HarnessImage) -> Self {
        Self { image, folder: OnceCell::new(), written: OnceCell::new() }
    }

    /// Writes it, once.
    pub(crate) async fn get(&self) -> Result<&ImageArchive, ClusterError> {
        let written = self.written.get_or_try_init(async || {
            let make = async || Folder::new().map_err(failed("make a folder for the harness's image"));
            let path = self.folder.get_or_try_init(make).await?.path().join("image.tar");
            let image = self.image.clone();
            // Compressing is work for a processor.
            let written = tokio::task::spawn_blocking(move || write(&image, &path)).await;
            written.map_err(failed("write the harness's image"))?
        });
        written.await
    }
}

fn write(image: &HarnessImage, file: &Utf8Path) -> Result<ImageArchive, ClusterError> {
    let executable = if let Some(binary) = &image.binary {
        binary.clone()
    } else {
        let running = std::env::current_exe().map_err(failed("find the running executable"))?;
        Utf8PathBuf::from_path_buf(running).map_err(|path| ClusterError::Start {
            what: "name the running executable".to_owned(),
            source: format!("`{}` is not UTF-8", path.display()).into(),
        })?
    };
    let what = "put the harness into an image; `--harness-binary` names an executable that is fit for it";
    ArchiveRequest::new(PROBE_IMAGE, executable).with_argument(ROLE).write(file).map_err(failed(what))
}
