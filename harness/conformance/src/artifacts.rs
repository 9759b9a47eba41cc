//! The folder for whatever helps to understand a failure, and what is called how in it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use camino::{Utf8Path, Utf8PathBuf};
use kube_simulator::Minor;

use crate::case::Case;

/// The longest text of parameters that a folder is named by.
const LENGTH: usize = 80;

/// The folder of a case: `cases/<area>/<scenario>/<minor>-gardener-<release>-seccompDefault-<setting>[-<parameters>]`.
pub(crate) fn case_folder(root: &Utf8Path, case: &Case) -> Utf8PathBuf {
    let mut name = format!("{}-gardener-{}-seccompDefault-{}", case.minor, case.gardener, case.node.seccomp_default);
    let parameters = case.parameters_label();
    if !parameters.is_empty() {
        name.push('-');
        name.push_str(&file_name(&parameters));
    }
    root.join("cases").join(&case.scenario).join(name)
}

/// The folder of a whole cluster: `clusters/<minor>`.
pub(crate) fn cluster_folder(root: &Utf8Path, minor: Minor) -> Utf8PathBuf {
    root.join("clusters").join(minor.to_string())
}

/// Writes texts into files of these names in `folder`, which is made when there is something to write.
pub(crate) fn write_all<T: AsRef<str>>(folder: &Utf8Path, texts: &[(T, String)]) -> std::io::Result<()> {
    for (name, text) in texts {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(name.as_ref()), text)?;
    }
    Ok(())
}

/// `text` as a part of a file's name; texts that differ give names that differ.
fn file_name(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "=._-".contains(character);
    let plain: String = text.chars().map(|each| if is_plain(each) { each } else { '_' }).take(LENGTH).collect();
    if plain == text {
        return plain;
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{plain}-{:08x}", hasher.finish() >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_where_texts_do() {
        assert_eq!(file_name("value=1"), "value=1");
        let (one, other) = (file_name("value=\"/\""), file_name("value=\"?\""));
        assert!(one.starts_with("value=___-") && one != other, "{one} {other}");
        assert!(file_name(&"long".repeat(100)).len() < 100);
    }
}
