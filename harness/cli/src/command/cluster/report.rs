//! What `cluster` prints.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_conformance::inventory::{Collected, Created, Inventory, KindCluster};
use seccomp_report::SCHEMA_VERSION;
use serde_json::{Value, json};

use crate::{arguments::Format, diagnostics::count};

fn render(document: Value, text: String, format: Format) -> String {
    match format {
        Format::Text => text,
        Format::Json => {
            let mut document = document;
            document["schemaVersion"] = json!(SCHEMA_VERSION);
            format!("{document:#}\n")
        }
    }
}

/// Seconds since 1970, which every program reads.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn paths(paths: &[Utf8PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.as_str()).collect()
}

/// `1 h 5 min`, in whole minutes.
fn minutes(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

pub(super) fn created(created: &Created, kubeconfig: Option<&Utf8Path>, format: Format) -> String {
    let Created { name, image, nodes, expires, is_reused } = created;
    let document = json!({
        "name": name, "image": image, "nodes": nodes, "expires": seconds(*expires), "reused": is_reused,
        "kubeconfig": kubeconfig.map(Utf8Path::as_str),
    });
    let verb = if *is_reused { "found" } else { "made" };
    let mut text = format!("{verb} {name} from {image}: {}\n", nodes.join(", "));
    let _ = match kubeconfig {
        Some(file) => writeln!(text, "kubectl --kubeconfig {file} get nodes"),
        None => writeln!(text, "kind get kubeconfig --name {name} prints its kubeconfig"),
    };
    render(document, text, format)
}

pub(super) fn inventory(inventory: &Inventory, now: SystemTime, format: Format) -> String {
    let Inventory { clusters, leftovers, .. } = inventory;
    let document = json!({
        "clusters": clusters.iter().map(|cluster| json!({
            "name": cluster.name,
            "nodes": cluster.nodes,
            "expires": seconds(cluster.expires),
            "retained": cluster.is_retained,
            "leftBehind": cluster.is_left_behind,
        })).collect::<Vec<_>>(),
        "leftovers": {
            "programs": leftovers.programs.iter().map(|(name, id)| json!({"name": name, "id": id})).collect::<Vec<_>>(),
            "folders": paths(&leftovers.folders),
        },
    });
    let mut text = String::new();
    for KindCluster { name, nodes, expires, is_retained, is_left_behind } in clusters {
        let state = match (is_left_behind, is_retained) {
            (true, _) => "left behind",
            (false, true) => "kept",
            (false, false) => "in use",
        };
        let remaining = minutes(expires.duration_since(now).unwrap_or_default());
        let _ = writeln!(text, "kind {name}  {state}, {}, expires in {remaining}", count(nodes.len(), "node"));
    }
    for line in leftovers.lines() {
        let _ = writeln!(text, "{line}  left behind");
    }
    render(document, text, format)
}

pub(super) fn deleted(deleted: &[(String, bool)], format: Format) -> String {
    let document = json!({
        "deleted": deleted.iter().map(|(name, was_there)| json!({"name": name, "wasThere": was_there})).collect::<Vec<_>>(),
    });
    let mut text = String::new();
    for (name, was_there) in deleted {
        let _ = writeln!(text, "{} {name}", if *was_there { "deleted" } else { "there was no" });
    }
    render(document, text, format)
}

pub(super) fn collected(collected: &Collected, format: Format) -> String {
    let Collected { deleted, kept, ended_programs, removed_folders, failed, .. } = collected;
    let document = json!({
        "deleted": deleted, "kept": kept, "endedPrograms": ended_programs, "removedFolders": paths(removed_folders),
        "leftBehind": failed,
    });
    let mut text = String::new();
    for name in deleted {
        let _ = writeln!(text, "deleted kind cluster {name}");
    }
    for name in kept {
        let _ = writeln!(text, "kept kind cluster {name}");
    }
    if *ended_programs > 0 {
        let _ = writeln!(text, "ended {}", count(*ended_programs, "program"));
    }
    for folder in removed_folders {
        let _ = writeln!(text, "removed folder {folder}");
    }
    for line in failed {
        let _ = writeln!(text, "could not remove {line}");
    }
    if text.is_empty() {
        text.push_str("nothing was left behind\n");
    }
    render(document, text, format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_was_collected() {
        let collected = Collected {
            deleted: vec!["a".to_owned()],
            kept: vec!["b".to_owned()],
            ended_programs: 2,
            failed: vec!["folder /x".to_owned()],
            ..Collected::default()
        };
        let text = super::collected(&collected, Format::Text);
        assert_eq!(text, "deleted kind cluster a\nkept kind cluster b\nended 2 programs\ncould not remove folder /x\n");
        let nothing = super::collected(&Collected::default(), Format::Text);
        assert_eq!(nothing, "nothing was left behind\n");
    }

    #[test]
    fn tells_minutes() {
        let tell = |minutes: u64| super::minutes(Duration::from_secs(60 * minutes + 30));
        assert_eq!((tell(5), tell(60), tell(65)), ("5 min".to_owned(), "1 h".to_owned(), "1 h 5 min".to_owned()));
    }
}
