//! Sections of a snapshot: which of a scenario's variations a text is about, and how equal ones fold.

use std::collections::{BTreeMap, BTreeSet};

/// What a section records.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum SectionKind {
    /// The API calls and what came of them.
    Calls,
    /// The containers at the end.
    Containers,
}

impl SectionKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Containers => "containers",
        }
    }
}

/// Everything of a case that its scenario varies, within one Kubernetes minor.
///
/// # Shape
/// `parameters`: `value="true"`, empty without parameters. `gardener`: `gardener 1.135`, the first release that behaves
/// so; empty for a scenario that is not about releases. `node`: `node seccompDefault=true`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Variation {
    pub(crate) parameters: String,
    pub(crate) gardener: String,
    pub(crate) node: String,
}

const DIMENSIONS: usize = 3;

impl Variation {
    fn dimensions(&self) -> [&str; DIMENSIONS] {
        [&self.parameters, &self.gardener, &self.node]
    }

    /// Every heading that this variation falls under, the most particular one last.
    fn headings(&self, kind: SectionKind) -> impl Iterator<Item = String> {
        (0..1_u8 << DIMENSIONS).map(move |named| {
            let dimensions = self.dimensions().map(Some);
            let named = std::array::from_fn(|place| dimensions[place].filter(|_| named & (1 << place) != 0));
            heading(kind, named)
        })
    }

    /// Whether `heading` is about this variation.
    pub(crate) fn is_under(&self, kind: SectionKind, wanted: &str) -> bool {
        self.headings(kind).any(|heading| heading == wanted)
    }

    /// What tells it from the scenario's other variations, for people.
    pub(crate) fn label(&self) -> String {
        self.dimensions().into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// `calls: value="true"; node seccompDefault=true`, or `calls` where nothing is named.
fn heading(kind: SectionKind, named: [Option<&str>; DIMENSIONS]) -> String {
    let named: Vec<_> = named.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    if named.is_empty() { kind.as_str().to_owned() } else { format!("{}: {}", kind.as_str(), named.join("; ")) }
}

/// One text and the headings that it stands under.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Section {
    pub(crate) headings: Vec<String>,
    pub(crate) body: String,
}

/// The texts of all variations, by what they record.
pub(crate) type Texts = BTreeMap<(SectionKind, Variation), String>;

/// Folds equal texts into one section each, under as few headings as say the same.
///
/// `universe` are all variations that the scenario has: a dimension is not named where its value makes no difference.
pub(crate) fn fold(texts: &Texts, universe: &BTreeSet<Variation>) -> Vec<Section> {
    let mut order: Vec<(SectionKind, &str)> = Vec::new();
    let mut groups: BTreeMap<(SectionKind, &str), Vec<&Variation>> = BTreeMap::new();
    // An empty text says that there is nothing to say.
    for ((kind, variation), text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        let group = (*kind, text.as_str());
        if !groups.contains_key(&group) {
            order.push(group);
        }
        groups.entry(group).or_default().push(variation);
    }
    // Both kinds are in rising order of their first variation, and so is the file.
    let section = |(kind, text): (SectionKind, &str)| Section {
        headings: headings(kind, &groups[&(kind, text)], universe),
        body: text.to_owned(),
    };
    order.into_iter().map(section).collect()
}

/// A value for each dimension that matters.
type Pattern<'a> = [Option<&'a str>; DIMENSIONS];

fn covers(pattern: &Pattern<'_>, variation: &Variation) -> bool {
    pattern.iter().zip(variation.dimensions()).all(|(wanted, value)| wanted.is_none_or(|wanted| wanted == value))
}

/// `pattern` without naming `place`, if that does not make it say more than `patterns` do.
fn widened<'a>(
    pattern: Pattern<'a>,
    place: usize,
    patterns: &BTreeSet<Pattern<'a>>,
    universe: &BTreeSet<Variation>,
) -> Pattern<'a> {
    let mut wider = pattern;
    wider[place] = None;
    let mut under = universe.iter().filter(|variation| covers(&wider, variation));
    let is_same = under.all(|variation| patterns.iter().any(|pattern| covers(pattern, variation)));
    if is_same { wider } else { pattern }
}

fn headings(kind: SectionKind, group: &[&Variation], universe: &BTreeSet<Variation>) -> Vec<String> {
    let mut patterns: BTreeSet<Pattern<'_>> = group.iter().map(|variation| variation.dimensions().map(Some)).collect();
    for place in (0..DIMENSIONS).rev() {
        patterns = patterns.iter().map(|pattern| widened(*pattern, place, &patterns, universe)).collect();
    }
    patterns.into_iter().map(|pattern| heading(kind, pattern)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_variation(parameters: &str, node: &str) -> Variation {
        Variation { parameters: parameters.to_owned(), gardener: String::new(), node: node.to_owned() }
    }

    fn mk_texts(text: impl Fn(&str, &str) -> &'static str) -> (Texts, BTreeSet<Variation>) {
        let universe: BTreeSet<_> =
            ["a", "b", "c"].iter().flat_map(|first| ["x", "y"].map(|second| mk_variation(first, second))).collect();
        let of = |variation: &Variation| text(&variation.parameters, &variation.node).to_owned();
        (universe.iter().map(|variation| ((SectionKind::Calls, variation.clone()), of(variation))).collect(), universe)
    }

    fn fold_headings(text: impl Fn(&str, &str) -> &'static str) -> Vec<Vec<String>> {
        let (texts, universe) = mk_texts(text);
        fold(&texts, &universe).into_iter().map(|section| section.headings).collect()
    }

    #[test]
    fn what_makes_no_difference_is_not_named() {
        assert_eq!(fold_headings(|_, _| "same"), [["calls"]]);
        assert_eq!(fold_headings(|_, node| if node == "x" { "1" } else { "2" }), [["calls: x"], ["calls: y"]]);
    }

    #[test]
    fn equal_texts_stand_under_several_headings() {
        let folded = fold_headings(|parameters, _| if parameters == "b" { "2" } else { "1" });
        assert_eq!(folded, [vec!["calls: a", "calls: c"], vec!["calls: b"]]);
    }

    #[test]
    fn one_odd_variation_stands_alone() {
        let folded = fold_headings(|parameters, node| if (parameters, node) == ("b", "y") { "2" } else { "1" });
        assert_eq!(folded, [vec!["calls: x", "calls: a", "calls: c"], vec!["calls: b; y"]]);
    }

    #[test]
    fn each_variation_finds_its_own_section_only() {
        let (texts, universe) = mk_texts(|parameters, node| if (parameters, node) == ("b", "y") { "2" } else { "1" });
        let sections = fold(&texts, &universe);
        for ((kind, variation), text) in &texts {
            let is_own = |section: &&Section| section.headings.iter().any(|heading| variation.is_under(*kind, heading));
            let own: Vec<_> = sections.iter().filter(is_own).map(|section| &section.body).collect();
            assert_eq!(own, [text]);
        }
    }
}
