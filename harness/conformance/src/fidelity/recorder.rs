//! Writes cases down with what real API servers answer.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_webhook::ServingCertificate;

use super::{
    FidelityError,
    recorded::{NAMESPACE, Recorded},
    side::Side,
    webhooks::Webhooks,
};
use crate::{
    api::Call,
    cluster::{Cluster as _, control_plane::ControlPlane},
};

/// What other cases, and the scenarios, may have left registered.
const REGISTRATIONS: [&str; 2] = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];

/// API servers that nobody else asks anything meanwhile.
pub(super) struct Recorder<'a> {
    pub(super) planes: &'a [ControlPlane],
    pub(super) tls: &'a ServingCertificate,
}

impl Recorder<'_> {
    /// Writes a new case into `folder`, under a name made of its difference.
    pub(super) async fn record(&self, recorded: Recorded, folder: &Utf8Path) -> Result<Utf8PathBuf, FidelityError> {
        let path = folder.join(format!("{}.json", file_name(&recorded.difference)));
        fs::create_dir_all(folder).map_err(FidelityError::record(&path))?;
        self.write(recorded, &path).await?;
        Ok(path)
    }

    /// Records every case of `folder` anew, and says nothing about what changed.
    pub(super) async fn again(&self, folder: &Utf8Path) -> Result<(), FidelityError> {
        for entry in folder.read_dir_utf8().map_err(FidelityError::record(folder))? {
            let path = entry.map_err(FidelityError::record(folder))?.into_path();
            if path.extension() == Some("json") {
                let recorded = Recorded::read(&path)
                    .map_err(|source| FidelityError::Again { path: path.clone(), source: Box::new(source) })?;
                self.write(recorded, &path).await?;
            }
        }
        Ok(())
    }

    async fn write(&self, mut recorded: Recorded, path: &Utf8Path) -> Result<(), FidelityError> {
        for plane in self.planes {
            let side = Side::Real { plane };
            for resource in REGISTRATIONS {
                let collection = format!("/apis/admissionregistration.k8s.io/v1/{resource}");
                plane.for_case().api().call(Call::delete(collection)).await?;
            }
            side.prepare(NAMESPACE).await?;
            let webhooks = Webhooks::start(self.tls).await?;
            recorded.add(plane.minor(), side.run(&recorded.case, NAMESPACE, &webhooks).await?);
        }
        let text = serde_json::to_string_pretty(&recorded).unwrap_or_default();
        fs::write(path, text + "\n").map_err(FidelityError::record(path))
    }
}

/// A name of letters and dashes, with a number so that no two kinds share one.
fn file_name(kind: &str) -> String {
    const LONGEST: usize = 60;
    let mut name = String::new();
    for letter in kind.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
        if name.len() >= LONGEST {
            break;
        }
    }
    let hash = kind.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    format!("{}-{:04x}", name.trim_matches('-'), hash & 0xffff)
}
