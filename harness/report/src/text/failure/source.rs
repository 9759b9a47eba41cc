//! The line of a scenario file that an expectation stands on.

use std::{fmt::Write as _, fs};

use camino::Utf8Path;

use crate::text::paint::{Paint, Tone};

/// Shows `line` of `file`, marked, with the lines around it; only the place where the file cannot be read any more.
pub(crate) fn write(text: &mut String, file: &Utf8Path, line: usize, paint: Paint) {
    let place = format!("{file}:{line}");
    let source = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = source.lines().collect();
    let Some(index) = line.checked_sub(1).filter(|index| *index < lines.len()) else {
        let _ = writeln!(text, "    at {place}");
        return;
    };
    let width = (line + 1).to_string().len();
    let _ = writeln!(text, "    {:width$} ╭─[{place}]", "");
    for shown in index.saturating_sub(1)..=index {
        let Some(source) = lines.get(shown) else { continue };
        let _ = writeln!(text, "    {:>width$} │ {source}", shown + 1);
    }
    let source = lines.get(index).copied().unwrap_or_default();
    let indent = source.chars().take_while(|character| character.is_whitespace()).count();
    let length = source.trim().chars().count().max(1);
    let mark = paint.tone(Tone::Bad, &"^".repeat(length));
    let _ = writeln!(text, "    {:width$} · {:indent$}{mark}", "", "");
    let _ = writeln!(text, "    {:width$} ╰─", "");
}
