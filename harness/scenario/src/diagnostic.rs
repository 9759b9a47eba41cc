//! What can be wrong with a file, told so that it can be mended.

use std::{ops::Range, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::model::location::Location;

/// All that is wrong with one file.
///
/// Rendering is the caller's business: each error carries a code, a label on the text it is about, and help.
#[derive(Debug, Diagnostic, Error)]
#[error("{path}: {} found", problems(.errors.len()))]
pub struct ScenarioErrors {
    path: Utf8PathBuf,
    #[source_code]
    text: NamedSource<Arc<str>>,
    /// The errors, in the order of the file.
    #[related]
    pub errors: Vec<ScenarioError>,
}

fn problems(count: usize) -> String {
    if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") }
}

impl ScenarioErrors {
    pub(crate) fn new(path: &Utf8Path, text: &str, mut errors: Vec<ScenarioError>) -> Self {
        errors.sort_by_key(|error| (error.start(), error.to_string()));
        errors.dedup_by_key(|error| (error.start(), error.to_string()));
        let text = NamedSource::new(path, Arc::from(text)).with_language("yaml");
        Self { path: path.to_owned(), text, errors }
    }

    /// The same errors of a file under another name, as its reader knows it.
    #[must_use]
    pub fn renamed(self, path: &Utf8Path) -> Self {
        let text = NamedSource::new(path, Arc::clone(self.text.inner())).with_language("yaml");
        Self { path: path.to_owned(), text, errors: self.errors }
    }

    /// The file.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The place of an error in the file.
    pub fn location(&self, error: &ScenarioError) -> Location {
        locate(self.text.inner(), error.start()..error.start())
    }
}

/// The place of a byte range, with its line and column.
pub(crate) fn locate(text: &str, span: Range<usize>) -> Location {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Location { line, column, span }
}

/// A byte range as miette takes it.
pub(crate) fn span(at: Range<usize>) -> SourceSpan {
    (at.start, at.end.saturating_sub(at.start)).into()
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, Diagnostic, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file is not UTF-8.
    #[error("the file is not UTF-8 text")]
    #[diagnostic(code(scenario::not_text), help("save the file as UTF-8"))]
    NotText {
        /// The first byte that is none.
        #[label("the text is damaged from here on")]
        span: SourceSpan,
    },
    /// The file is larger than a scenario can sensibly be.
    #[error("the file has {size} bytes, and at most 1 MiB is read")]
    #[diagnostic(code(scenario::too_large), help("split the file: a scenario shows one behaviour"))]
    TooLarge {
        /// The file's size.
        size: usize,
        /// The file's start.
        #[label("this file is too large")]
        span: SourceSpan,
    },
    /// Lists and mappings nest too deeply.
    #[error("lists and mappings nest more than 64 deep")]
    #[diagnostic(
        code(scenario::too_deep),
        help("nothing in a scenario needs this depth: look for a bracket that is not closed")
    )]
    TooDeep {
        /// Where it becomes too deep.
        #[label("too deep here")]
        span: SourceSpan,
    },
    /// The text is no YAML.
    #[error("the file is no YAML: {problem}")]
    #[diagnostic(
        code(scenario::syntax),
        help("look for a missing quote, bracket or colon, and at the indentation, here or above")
    )]
    Syntax {
        /// The YAML reader's words.
        problem: String,
        /// Where reading ended.
        #[label("reading ended here")]
        span: SourceSpan,
    },
    /// A file holds no document, or several.
    #[error("the file does not hold exactly one YAML document")]
    #[diagnostic(
        code(scenario::not_one_document),
        help("write one document a file, without `---` between parts of it")
    )]
    NotOneDocument {
        /// The document that is too many, or the start of an empty file.
        #[label("one document is expected")]
        span: SourceSpan,
    },
    /// Aliases multiply the file.
    #[error("the file uses more aliases than are read")]
    #[diagnostic(code(scenario::too_many_aliases), help("write the repeated parts out, or use `parameters`"))]
    TooManyAliases {
        /// The alias that is too many.
        #[label("one alias too many")]
        span: SourceSpan,
    },
    /// A value has a YAML tag.
    #[error("a YAML tag is not read")]
    #[diagnostic(
        code(scenario::tag),
        help("remove the word that begins with `!`; quote the value where it must be a string")
    )]
    Tag {
        /// The value.
        #[label("this value is tagged")]
        span: SourceSpan,
    },
    /// A mapping merges another one.
    #[error("the merge key `<<` is not read")]
    #[diagnostic(code(scenario::merge_key), help("YAML readers disagree about `<<`; write the keys out"))]
    MergeKey {
        /// The key.
        #[label("merges another mapping")]
        span: SourceSpan,
    },
    /// A key stands twice in one mapping.
    #[error("the key `{key}` stands here twice")]
    #[diagnostic(code(scenario::duplicate_key), help("keep one of the two"))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The first one.
        #[label("first")]
        first: SourceSpan,
        /// The second one.
        #[label("again")]
        span: SourceSpan,
    },
    /// A key is no string.
    #[error("a key is not a string")]
    #[diagnostic(code(scenario::key_not_text), help("put the key in quotes, as in `\"1.25\": ...`"))]
    KeyNotText {
        /// The key.
        #[label("not a string")]
        span: SourceSpan,
    },
    /// YAML readers disagree about a value.
    #[error("YAML readers disagree about the meaning of `{text}`")]
    #[diagnostic(
        code(scenario::ambiguous_scalar),
        help("put it in quotes where a string is meant; else write `true`, `false`, `null` or a plain decimal number")
    )]
    AmbiguousScalar {
        /// The value.
        text: String,
        /// Its place.
        #[label("a string, a number, a time or a boolean?")]
        span: SourceSpan,
    },
    /// A key means nothing where it stands.
    #[error("the key `{key}` means nothing here")]
    #[diagnostic(code(scenario::unknown_key))]
    UnknownKey {
        /// The key.
        key: String,
        /// Its place.
        #[label("unknown key")]
        span: SourceSpan,
        /// The nearest name, or all there are.
        #[help]
        help: String,
    },
    /// A key is missing.
    #[error("the key `{key}` is missing")]
    #[diagnostic(code(scenario::missing_key))]
    MissingKey {
        /// The key.
        key: String,
        /// What it belongs to.
        #[label("has no `{key}`")]
        span: SourceSpan,
        /// What the key is for.
        #[help]
        help: String,
    },
    /// A value is of another type than it must be.
    #[error("expected {expected}, found {found}")]
    #[diagnostic(code(scenario::wrong_type))]
    WrongType {
        /// What the value must be.
        expected: String,
        /// What it is.
        found: String,
        /// Its place.
        #[label("not {expected}")]
        span: SourceSpan,
        /// How to write it.
        #[help]
        help: Option<String>,
    },
    /// A value is none of those that are known.
    #[error("`{value}` is not known here")]
    #[diagnostic(code(scenario::unknown_value))]
    UnknownValue {
        /// The value.
        value: String,
        /// Its place.
        #[label("not a value that is known here")]
        span: SourceSpan,
        /// The nearest value, or all there are.
        #[help]
        help: String,
    },
    /// A list or mapping that must say something is empty.
    #[error("`{key}` is empty")]
    #[diagnostic(code(scenario::empty))]
    Empty {
        /// The key.
        key: String,
        /// Its place.
        #[label("says nothing")]
        span: SourceSpan,
        /// What is missed.
        #[help]
        help: String,
    },
    /// A `${...}` names no parameter.
    #[error("no parameter is named `{name}`")]
    #[diagnostic(code(scenario::unknown_parameter))]
    UnknownParameter {
        /// The name.
        name: String,
        /// Its place.
        #[label("used here")]
        span: SourceSpan,
        /// The nearest name.
        #[help]
        help: String,
    },
    /// A parameter is never used.
    #[error("the parameter `{name}` is never used")]
    #[diagnostic(code(scenario::unused_parameter), help("use it as `${{{name}}}`, or remove it"))]
    UnusedParameter {
        /// The name.
        name: String,
        /// Its place.
        #[label("not used by `given`, `when` or `then`")]
        span: SourceSpan,
    },
    /// A `${` that is no parameter.
    #[error("`{text}` is no reference to a parameter")]
    #[diagnostic(
        code(scenario::bad_placeholder),
        help("write `${{name}}` or `${{name.field}}`; a dollar sign alone needs nothing")
    )]
    BadPlaceholder {
        /// The text.
        text: String,
        /// Its place.
        #[label("here")]
        span: SourceSpan,
    },
    /// Parameters multiply beyond measure.
    #[error("the parameters make {count} combinations, and at most 64 are run")]
    #[diagnostic(
        code(scenario::too_many_combinations),
        help(
            "make one parameter of several, whose values are mappings: `row: [{{value: a, mode: b}}]`, used as `${{row.value}}`"
        )
    )]
    TooManyCombinations {
        /// How many.
        count: usize,
        /// Where the parameters stand.
        #[label("{count} combinations")]
        span: SourceSpan,
    },
    /// A range of versions cannot be read.
    #[error("`{text}` is no range of versions: {problem}")]
    #[diagnostic(code(scenario::bad_range))]
    BadRange {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
        /// Its place.
        #[label("not a range")]
        span: SourceSpan,
        /// How a range or a version is written.
        #[help]
        help: String,
    },
    /// A range of versions, or a block's condition, holds for nothing.
    #[error("{what} never holds: {reason}")]
    #[diagnostic(code(scenario::impossible_range))]
    ImpossibleRange {
        /// The range or block.
        what: String,
        /// Why.
        reason: String,
        /// Its place.
        #[label("never holds")]
        span: SourceSpan,
        /// What would hold.
        #[help]
        help: String,
    },
    /// A requirement is not in the catalogue.
    #[error("no requirement has the id `{id}`")]
    #[diagnostic(code(scenario::unknown_requirement))]
    UnknownRequirement {
        /// The id.
        id: String,
        /// Its place.
        #[label("not in requirements.yaml")]
        span: SourceSpan,
        /// The nearest id.
        #[help]
        help: String,
    },
    /// Something is listed twice.
    #[error("`{value}` is listed twice")]
    #[diagnostic(code(scenario::repeated), help("keep one of the two"))]
    Repeated {
        /// What.
        value: String,
        /// The second one.
        #[label("again")]
        span: SourceSpan,
    },
    /// A step does nothing, or several things.
    #[error("a step makes exactly one call, and this one makes {count}")]
    #[diagnostic(code(scenario::not_one_action))]
    NotOneAction {
        /// How many.
        count: usize,
        /// Its place.
        #[label("one call is expected")]
        span: SourceSpan,
        /// What calls there are.
        #[help]
        help: String,
    },
    /// A step's answer has no name.
    #[error("the answer of this `{verb}` has no name")]
    #[diagnostic(
        code(scenario::unnamed),
        help("give the object a `metadata.name` or `metadata.generateName`, or the step an `as`")
    )]
    Unnamed {
        /// The step's verb.
        verb: &'static str,
        /// Its place.
        #[label("`then` cannot speak of it")]
        span: SourceSpan,
    },
    /// A step that is no call is given a name.
    #[error("`{verb}` has no answer that could have a name")]
    #[diagnostic(code(scenario::no_answer), help("remove `as`, and speak of the answers to the calls that follow"))]
    NoAnswer {
        /// The step's key.
        verb: String,
        /// The place of `as`.
        #[label("`then` cannot speak of it")]
        span: SourceSpan,
    },
    /// Pods are expected of what is no workload.
    #[error("no controller makes Pods of `{object}`")]
    #[diagnostic(code(scenario::no_workload))]
    NoWorkload {
        /// The answer's name.
        object: String,
        /// The place of `pods`.
        #[label("there are none")]
        span: SourceSpan,
        /// What to do instead.
        #[help]
        help: String,
    },
    /// Two steps' answers have one name.
    #[error("two answers are named `{name}`")]
    #[diagnostic(code(scenario::duplicate_name), help("name this step's answer with `as: ...`"))]
    DuplicateName {
        /// The name.
        name: String,
        /// The first.
        #[label("first")]
        first: SourceSpan,
        /// The second.
        #[label("again")]
        span: SourceSpan,
    },
    /// A name is that of no answer.
    #[error("no {what} is named `{name}`")]
    #[diagnostic(code(scenario::unknown_name))]
    UnknownName {
        /// What is looked for.
        what: &'static str,
        /// The name.
        name: String,
        /// Its place.
        #[label("not made by `when`")]
        span: SourceSpan,
        /// The nearest name.
        #[help]
        help: String,
    },
    /// A container is in no object.
    #[error("`{object}` has no container `{name}`")]
    #[diagnostic(code(scenario::unknown_container))]
    UnknownContainer {
        /// The answer's name.
        object: String,
        /// The container's name.
        name: String,
        /// Its place.
        #[label("no such container")]
        span: SourceSpan,
        /// The nearest name.
        #[help]
        help: String,
    },
    /// Two expectations cannot both hold.
    #[error("`{one}` contradicts `{other}`")]
    #[diagnostic(code(scenario::contradiction))]
    Contradiction {
        /// The expectation.
        one: String,
        /// The other one.
        other: String,
        /// The other one's place.
        #[label("this one")]
        first: SourceSpan,
        /// Its place.
        #[label("and this one")]
        span: SourceSpan,
        /// Why.
        #[help]
        help: String,
    },
    /// The owner of a file refuses something in it that has the right shape.
    #[error("{problem}")]
    #[diagnostic(code(scenario::unfit))]
    Unfit {
        /// What is wrong.
        problem: String,
        /// Its place.
        #[label("here")]
        span: SourceSpan,
        /// How to mend it.
        #[help]
        help: String,
    },
    /// A requirement's id is not spelt as ids are.
    #[error("`{id}` is no id")]
    #[diagnostic(code(scenario::bad_id), help("write ids in lower case with hyphens: `not-labelled-skip`"))]
    BadId {
        /// The id.
        id: String,
        /// Its place.
        #[label("not an id")]
        span: SourceSpan,
    },
}

impl ScenarioError {
    /// The first byte that the error is about.
    pub(crate) fn start(&self) -> usize {
        let labels = self.labels().into_iter().flatten();
        // The last label is the error's own; one before it marks what it collides with.
        labels.last().map_or(0, |label| label.offset())
    }
}

/// Help that names what is nearest to `word` among `known`, or all of it.
pub(crate) fn nearest(word: &str, known: &[&str]) -> String {
    match (similar::get_close_matches(word, known, 1, 0.6).first(), known) {
        (Some(nearest), _) => format!("did you mean `{nearest}`?"),
        (None, []) => "there is none to choose from".to_owned(),
        (None, known) => {
            let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("known here: {}", names.join(", "))
        }
    }
}
