//! A snapshot's file: insta's own format around sections.

use camino::{Utf8Path, Utf8PathBuf};
use kube_simulator::Minor;

use super::section::Section;

/// The test that asserts the same files with insta, as insta notes it in each.
const SOURCE: &str = "harness/conformance/tests/scenarios.rs";
/// The end of a snapshot's name.
pub(crate) const EXTENSION: &str = "snap";
/// The end of the name of a snapshot that waits for review.
pub(crate) const PENDING_EXTENSION: &str = "snap.new";

/// Where the snapshot of `name` from `since` on stands, below the snapshots' folder.
pub(crate) fn path(name: &str, since: Minor) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{name}@{since}.{EXTENSION}"))
}

/// The name and the minor of a snapshot's path, which is below the snapshots' folder.
pub(crate) fn parse_path(path: &Utf8Path) -> Option<(String, Minor)> {
    let (name, since) = path.as_str().strip_suffix(".snap")?.rsplit_once('@')?;
    Some((name.to_owned(), since.parse().ok()?))
}

/// The whole file, as insta writes it.
pub(crate) fn write(input_file: Option<&str>, content: &str) -> String {
    let input_file = input_file.map(|file| format!("input_file: {file}\n")).unwrap_or_default();
    format!("---\nsource: {SOURCE}\n{input_file}---\n{}\n", content.trim_end())
}

/// The content of a file in insta's format; nothing where it is in none.
pub(crate) fn read(text: &str) -> Option<&str> {
    let (_, content) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(content)
}

/// Sections as a snapshot's content.
///
/// # Shape
/// Each section is its headings, a `# ` before each, and its body, of which no line starts so.
pub(crate) fn join(sections: &[Section]) -> String {
    let section = |section: &Section| {
        let headings = section.headings.iter().map(|heading| format!("# {heading}")).collect::<Vec<_>>().join("\n");
        format!("{headings}\n{}\n", section.body.trim_end())
    };
    sections.iter().map(section).collect::<Vec<_>>().join("\n")
}

/// A snapshot's content as sections.
pub(crate) fn split(content: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in content.lines() {
        match (line.strip_prefix("# "), sections.last_mut()) {
            (Some(heading), Some(section)) if section.body.is_empty() => section.headings.push(heading.to_owned()),
            (Some(heading), _) => sections.push(Section { headings: vec![heading.to_owned()], body: String::new() }),
            (None, Some(section)) => {
                section.body.push_str(line);
                section.body.push('\n');
            }
            (None, None) => {}
        }
    }
    for section in &mut sections {
        section.body.truncate(section.body.trim_end().len());
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let sections = [
            Section { headings: vec!["calls: a".to_owned(), "calls: b".to_owned()], body: "one\n\n  two".to_owned() },
            Section { headings: vec!["containers".to_owned()], body: "main: running".to_owned() },
        ];
        let text = write(Some("scenarios/a/b.yaml"), &join(&sections));
        assert_eq!(read(&text).map(split), Some(sections.to_vec()));
    }

    #[test]
    fn a_path_says_since_when() {
        let minor = Minor::new(25).unwrap();
        let file = path("gate/off", minor);
        assert_eq!(file, "gate/off@1.25.snap");
        assert_eq!(parse_path(&file), Some(("gate/off".to_owned(), minor)));
        assert_eq!(parse_path(Utf8Path::new("gate/off.snap")), None);
    }
}
