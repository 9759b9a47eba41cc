//! `matrix`: the cells of a CI pipeline.

mod support;

use std::fmt::Write as _;

use seccomp_conformance::{Minor, NODE_IMAGES};
use seccomp_webhook::{GardenerRelease, Mutant, RESOURCE_MANAGER};
use serde_json::{Value, json};

use crate::{
    arguments::{
        ClusterKind,
        matrix::{MatrixArguments, MatrixFormat},
    },
    command::Context,
    end::End,
    error::Failure,
    files, selection, terminal,
    webhook_choice::TestedWebhook,
};

/// The version of the JSON form.
const SCHEMA_VERSION: u32 = 1;
/// How many jobs GitHub makes of one matrix.
const MOST: usize = 256;
/// What stands for every broken webhook.
const EVERY_MUTANT: &str = "mutant:all";

/// One job: what `run` is to be told there.
#[derive(Debug)]
struct Cell {
    kubernetes: String,
    /// The node image; empty where there is none.
    image: String,
    cluster: ClusterKind,
    webhook: String,
    /// Empty where each scenario runs on the releases that it is about.
    gardener: String,
    shard: u32,
    shards: u32,
    /// Whether the release supports the minor, so that the cell may block a release.
    supported: bool,
}

/// Prints the cells.
pub(crate) fn run(arguments: &MatrixArguments, context: &Context) -> Result<End, Failure> {
    let cells = cells(arguments)?;
    if cells.len() > MOST {
        return Err(Failure::usage(format!(
            "these are {} cells, and GitHub makes at most {MOST} jobs of a matrix: ask for fewer --kubernetes, --webhook, \
             --gardener or --shards",
            cells.len()
        )));
    }
    let text = match arguments.format {
        MatrixFormat::Github => format!("{}\n", github(&cells)),
        MatrixFormat::Json => {
            let cells: Vec<Value> = cells.iter().map(Cell::to_json).collect();
            format!("{:#}\n", json!({ "schemaVersion": SCHEMA_VERSION, "cells": cells }))
        }
        MatrixFormat::Shell => shell(&cells),
    };
    if let Some(name) = &arguments.github_output {
        let Some(path) = &context.environment.github_output else {
            return Err(Failure::usage("--github-output needs the variable GITHUB_OUTPUT, as a step of GitHub has it"));
        };
        files::append(path, &format!("{name}={}\n", github(&cells)))?;
    }
    terminal::print(&text)?;
    Ok(End::Passed)
}

fn cells(arguments: &MatrixArguments) -> Result<Vec<Cell>, Failure> {
    let minors = selection::minors(&arguments.kubernetes)?;
    let webhooks = webhooks(&arguments.webhook)?;
    let releases: Vec<Option<GardenerRelease>> =
        if arguments.gardener.is_empty() { vec![None] } else { arguments.gardener.iter().copied().map(Some).collect() };
    let mut cells = Vec::new();
    for &cluster in &arguments.cluster {
        for webhook in &webhooks {
            for release in &releases {
                for minors in parts(cluster, &minors) {
                    for shard in 1..=arguments.shards {
                        cells.push(Cell {
                            kubernetes: ranges(minors),
                            image: image(cluster, minors),
                            cluster,
                            webhook: webhook.clone(),
                            gardener: release.map(|release| release.to_string()).unwrap_or_default(),
                            shard,
                            shards: arguments.shards,
                            // The webhook that is Gardener's own supports some minors only.
                            supported: webhook != RESOURCE_MANAGER
                                || minors.iter().all(|minor| support::supports(*release, *minor)),
                        });
                    }
                }
            }
        }
    }
    Ok(cells)
}

/// The webhooks as `run --webhook` takes them.
fn webhooks(names: &[String]) -> Result<Vec<String>, Failure> {
    let mut webhooks = Vec::new();
    for name in names {
        if name == EVERY_MUTANT {
            webhooks.extend(Mutant::ALL.iter().map(|mutant| format!("mutant:{}", mutant.name())));
            continue;
        }
        name.parse::<TestedWebhook>().map_err(|error| Failure::Usage(error.into()))?;
        webhooks.push(name.clone());
    }
    Ok(webhooks)
}

/// The minors of each cell: one where a cluster must be started for it, all together where none is.
fn parts(cluster: ClusterKind, minors: &[Minor]) -> Vec<&[Minor]> {
    if cluster == ClusterKind::Simulated { vec![minors] } else { minors.chunks(1).collect() }
}

/// Minors as `run --kubernetes` takes them.
fn ranges(minors: &[Minor]) -> String {
    let runs = minors.chunk_by(|left, right| left.number() + 1 == right.number());
    let texts = runs.filter_map(|run| match run {
        [] => None,
        [only] => Some(only.to_string()),
        [first, .., last] => Some(format!("{first}..{last}")),
    });
    texts.collect::<Vec<_>>().join(",")
}

fn image(cluster: ClusterKind, minors: &[Minor]) -> String {
    let (ClusterKind::Kind, [minor]) = (cluster, minors) else { return String::new() };
    let number = u16::from(minor.number());
    let pinned = NODE_IMAGES.iter().find(|image| image.version.minor() == number);
    pinned.map(|image| image.reference.to_owned()).unwrap_or_default()
}

impl Cell {
    /// What tells it from all others, fit for the name of a file.
    fn name(&self) -> String {
        let mut name = format!("{}-{}", self.cluster.name(), self.webhook.replace(':', "-"));
        for part in [&self.kubernetes, &self.gardener] {
            if !part.is_empty() {
                let _ = write!(name, "-{}", part.replace("..", "-").replace(',', "-"));
            }
        }
        if self.shards > 1 {
            let _ = write!(name, "-{}of{}", self.shard, self.shards);
        }
        name
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name(),
            "kubernetes": self.kubernetes,
            "image": self.image,
            "cluster": self.cluster.name(),
            "webhook": self.webhook,
            "gardener": self.gardener,
            "shard": self.shard,
            "shards": self.shards,
            "supported": self.supported,
        })
    }
}

fn github(cells: &[Cell]) -> String {
    json!({ "include": cells.iter().map(Cell::to_json).collect::<Vec<_>>() }).to_string()
}

/// No value has anything in it that a shell would take for more than a letter.
fn shell(cells: &[Cell]) -> String {
    let mut text = String::new();
    for cell in cells {
        let _ = writeln!(
            text,
            "NAME={} KUBERNETES={} IMAGE={} CLUSTER={} WEBHOOK={} GARDENER={} SHARD={} SHARDS={} SUPPORTED={}",
            cell.name(),
            cell.kubernetes,
            cell.image,
            cell.cluster.name(),
            cell.webhook,
            cell.gardener,
            cell.shard,
            cell.shards,
            cell.supported
        );
    }
    text
}
