//! Where things stand in the texts, and the comments above them.

use std::collections::BTreeMap;

use prost_reflect::DescriptorPool;
use prost_types::source_code_info::Location;

use crate::load::Sources;
use crate::model::Span;

/// Tag of the name in every kind of declaration.
const NAME: i32 = 1;
const FILE_PACKAGE: i32 = 2;
const FILE_SYNTAX: i32 = 12;

/// Spans and comments by file and descriptor path.
#[derive(Debug, Default)]
pub struct Spans {
    files: BTreeMap<String, FileSpans>,
}

#[derive(Debug, Default)]
struct FileSpans {
    text: String,
    line_starts: Vec<usize>,
    places: BTreeMap<Vec<i32>, Place>,
}

#[derive(Debug)]
struct Place {
    span: Vec<i32>,
    comment: String,
}

impl Spans {
    pub(super) fn new(pool: &DescriptorPool, sources: &Sources, files: &[String]) -> Self {
        let mut spans = Self::default();
        for name in files {
            let (Some(file), Some(text)) = (pool.get_file_by_name(name), sources.text(name)) else { continue };
            let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
            let mut places = BTreeMap::new();
            for location in file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location) {
                let place = Place { span: location.span.clone(), comment: comment_of(location) };
                places.entry(location.path.clone()).or_insert(place);
            }
            spans.files.insert(name.clone(), FileSpans { text: text.to_owned(), line_starts, places });
        }
        spans
    }

    /// Place of the name of what stands at a descriptor path; of the whole declaration if it has none.
    pub fn span(&self, file: &str, path: &[i32]) -> Span {
        let name: Vec<i32> = path.iter().copied().chain([NAME]).collect();
        let Some(spans) = self.files.get(file) else { return Span { file: file.to_owned(), ..Span::default() } };
        match spans.places.get(&name).or_else(|| spans.places.get(path)) {
            Some(place) => spans.resolve(file, &place.span),
            None => Span { file: file.to_owned(), line: 1, column: 1, bytes: 0..0 },
        }
    }

    /// Comment above what stands at a descriptor path, without markers.
    pub fn comment(&self, file: &str, path: &[i32]) -> String {
        self.files
            .get(file)
            .and_then(|file| file.places.get(path))
            .map(|place| place.comment.clone())
            .unwrap_or_default()
    }

    /// Comment above the `syntax` or the `package` line.
    pub fn file_comment(&self, file: &str) -> String {
        let syntax = self.comment(file, &[FILE_SYNTAX]);
        if syntax.is_empty() { self.comment(file, &[FILE_PACKAGE]) } else { syntax }
    }
}

impl FileSpans {
    fn resolve(&self, file: &str, span: &[i32]) -> Span {
        let part = |index: usize| span.get(index).and_then(|value| usize::try_from(*value).ok()).unwrap_or(0);
        let (start_line, start_column) = (part(0), part(1));
        let (end_line, end_column) = if span.len() > 3 { (part(2), part(3)) } else { (start_line, part(2)) };
        let offset = |line: usize, column: usize| {
            let start = self.line_starts.get(line).copied().unwrap_or(self.text.len());
            (start + column).min(self.text.len())
        };
        let start = offset(start_line, start_column);
        let end = offset(end_line, end_column).max(start);
        Span { file: file.to_owned(), line: start_line + 1, column: start_column + 1, bytes: start..end }
    }
}

/// The comment that belongs to a declaration: the one above, or the one behind it on its line.
fn comment_of(location: &Location) -> String {
    let leading = location.leading_comments.as_deref().unwrap_or("");
    let text = if leading.trim().is_empty() { location.trailing_comments.as_deref().unwrap_or("") } else { leading };
    let text = legible(text);
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

/// The text without signs that no comment may hold everywhere it is restated: a lone carriage return ends a line,
/// controls and marks that turn the direction of writing are refused by compilers, and private ones are ours.
fn legible(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let private = |c: char| matches!(c, '\u{e000}'..='\u{f8ff}');
    let turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let fits = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || private(*c) || turning(*c));
    text.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_no_comment_may_hold() {
        assert_eq!(legible("a\rb\r\nc\td"), "a\nb\nc\td");
        assert_eq!(legible("\u{202e}turned\u{202c} \u{1b}[31m\u{e000}赤 e\u{301}"), "turned [31m赤 e\u{301}");
    }
}
