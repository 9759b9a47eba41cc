//! Colours, which never say what the words do not.

/// What a word means to the reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// As it should be; what was added.
    Good,
    /// Not as it should be; what was removed.
    Bad,
    /// To be decided.
    Warning,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

/// Colours a text, or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) color: bool,
}

impl Paint {
    /// `text` in the tone's colour.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A line of a diff by its first character.
    pub(crate) fn diff_line(self, line: &str) -> String {
        match line.as_bytes().first() {
            Some(b'+') => self.tone(Tone::Good, line),
            Some(b'-') => self.tone(Tone::Bad, line),
            Some(b'@') => self.tone(Tone::Faint, line),
            _ => line.to_owned(),
        }
    }
}
