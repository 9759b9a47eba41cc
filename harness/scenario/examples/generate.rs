//! Writes what is generated from the format's types: `scenarios/schema.json` and the reference in `scenarios/README.md`.

use anyhow::Context;
use camino::Utf8Path;

/// Where the reference stands in the README.
const MARKS: [&str; 2] = ["<!-- reference: generated -->\n", "<!-- end of reference -->\n"];

fn main() -> anyhow::Result<()> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    std::fs::write(folder.join("schema.json"), seccomp_scenario::schema_text())?;
    let readme = folder.join("README.md");
    let text = std::fs::read_to_string(&readme).with_context(|| format!("read {readme}"))?;
    let (before, rest) = text.split_once(MARKS[0]).with_context(|| format!("find the reference in {readme}"))?;
    let (_, after) = rest.split_once(MARKS[1]).with_context(|| format!("find the reference's end in {readme}"))?;
    let text = [before, MARKS[0], "\n", &seccomp_scenario::reference(), "\n", MARKS[1], after].concat();
    std::fs::write(&readme, text).with_context(|| format!("write {readme}"))
}
