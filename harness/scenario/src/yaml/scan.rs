//! Scans a text for what is hostile or unclear, and finds out where each thing stands.

use std::{collections::HashMap, ops::Range};

use serde_saphyr::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::{
    diagnostic::{ScenarioError, span},
    yaml::{Entry, Kind, MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Reading, plain},
};

/// Scans one document.
pub(super) fn scan(text: &str) -> Reading {
    if text.len() > MAX_BYTES {
        let error = ScenarioError::TooLarge { size: text.len(), span: span(0..0) };
        return Reading { root: None, errors: vec![error] };
    }
    let mut options = Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut scan = Scan {
        text,
        parser: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        aliases: 0,
        nodes: 0,
        errors: Vec::new(),
    };
    let root = scan.document().unwrap_or_else(|error| {
        scan.errors.push(error);
        None
    });
    Reading { root, errors: scan.errors }
}

struct Scan<'text> {
    text: &'text str,
    parser: Parser<'text, StrInput<'text>>,
    anchors: HashMap<usize, Node>,
    aliases: usize,
    nodes: usize,
    errors: Vec<ScenarioError>,
}

impl<'text> Scan<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Range<usize>), ScenarioError> {
        match self.parser.next_event() {
            Some(Ok((event, at))) => Ok((event, self.bytes(&at))),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn bytes(&self, at: &Span) -> Range<usize> {
        let end = self.text.len();
        at.byte_range().map_or(end..end, |range| range.start.min(end)..range.end.clamp(range.start.min(end), end))
    }

    fn syntax(&self, error: &ScanError) -> ScenarioError {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => ScenarioError::TooDeep { span: span(at..at) },
            kind => ScenarioError::Syntax { problem: kind.to_string(), span: span(at..at) },
        }
    }

    /// Reads the one document; what is wrong with it and lets no more be read is returned, the rest is noted.
    fn document(&mut self) -> Result<Option<Node>, ScenarioError> {
        let mut root = None;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd if root.is_none() => return Err(ScenarioError::NotOneDocument { span: span(0..0) }),
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) if root.is_some() => {
                    self.errors.push(ScenarioError::NotOneDocument { span: span(at) });
                    return Ok(root);
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, at, 1)?),
            }
        }
    }

    /// Reads the node that `event` begins.
    fn node(&mut self, event: Event<'text>, at: Range<usize>, depth: usize) -> Result<Node, ScenarioError> {
        if depth > MAX_DEPTH {
            return Err(ScenarioError::TooDeep { span: span(at) });
        }
        self.count(1, &at)?;
        if event.tag().is_some() {
            self.errors.push(ScenarioError::Tag { span: span(at.clone()) });
        }
        let anchor = event.anchor_id().filter(|id| *id != 0);
        let node = match event {
            Event::Alias(id) => return self.alias(id, at),
            Event::Scalar(text, style, ..) => self.scalar(&text, style, at),
            Event::SequenceStart(..) => self.list(at, depth)?,
            Event::MappingStart(..) => self.map(at, depth)?,
            _ => return Err(ScenarioError::Syntax { problem: "a value is missing".to_owned(), span: span(at) }),
        };
        if let Some(id) = anchor {
            self.anchors.insert(id, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: &Range<usize>) -> Result<(), ScenarioError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES { Err(ScenarioError::TooManyAliases { span: span(at.clone()) }) } else { Ok(()) }
    }

    fn alias(&mut self, id: usize, at: Range<usize>) -> Result<Node, ScenarioError> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            return Err(ScenarioError::TooManyAliases { span: span(at) });
        }
        let Some(mut node) = self.anchors.get(&id).cloned() else {
            return Err(ScenarioError::Syntax {
                problem: "an alias stands within its own anchor".to_owned(),
                span: span(at),
            });
        };
        self.count(size(&node), &at)?;
        node.span = at;
        Ok(node)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Range<usize>) -> Node {
        let kind = if style == ScalarStyle::Plain { plain::resolve(text) } else { Some(Kind::Text(text.to_owned())) };
        let is_broken = kind.is_none();
        let kind = kind.unwrap_or_else(|| {
            self.errors.push(ScenarioError::AmbiguousScalar { text: text.to_owned(), span: span(at.clone()) });
            Kind::Text(text.to_owned())
        });
        Node { span: at, is_broken, is_substituted: false, kind }
    }

    fn list(&mut self, start: Range<usize>, depth: usize) -> Result<Node, ScenarioError> {
        let mut items = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node {
                    span: self.trimmed(start.start..at.end),
                    is_broken: false,
                    is_substituted: false,
                    kind: Kind::List(items),
                });
            }
            items.push(self.node(event, at, depth + 1)?);
        }
    }

    fn map(&mut self, start: Range<usize>, depth: usize) -> Result<Node, ScenarioError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, Range<usize>> = HashMap::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node {
                    span: self.trimmed(start.start..at.end),
                    is_broken: false,
                    is_substituted: false,
                    kind: Kind::Map(entries),
                });
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, at.clone(), depth + 1)?;
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            let Kind::Text(text) = key.kind else {
                self.errors.push(ScenarioError::KeyNotText { span: span(at) });
                continue;
            };
            if is_merge {
                self.errors.push(ScenarioError::MergeKey { span: span(at) });
            } else if let Some(first) = places.get(&text) {
                self.errors.push(ScenarioError::DuplicateKey { key: text, first: span(first.clone()), span: span(at) });
            } else {
                places.insert(text.clone(), at.clone());
                entries.push(Entry { key: text, key_span: at, value });
            }
        }
    }

    /// A block's end lies on the next line that is not of it; the text that is marked ends with the block's last word.
    fn trimmed(&self, at: Range<usize>) -> Range<usize> {
        let length = self.text.get(at.clone()).map_or(0, |text| text.trim_end().len());
        at.start..at.start + length
    }
}

/// How many nodes a node consists of.
fn size(node: &Node) -> usize {
    let children = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    1 + children.map(size).sum::<usize>()
}
