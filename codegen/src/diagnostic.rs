//! Diagnostics: what is wrong, where, and the step that mends it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity};
use serde::Serialize;

use crate::model::Span;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable name, such as `arcana::unknown_reference`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// What to say under the place.
    pub label: Option<String>,
    /// The step that mends it.
    pub help: Option<String>,
    /// Word inside the declaration at `span` to point at instead of its name.
    #[serde(skip)]
    pub word: Option<String>,
}

/// What was found wrong, sorted by place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span: None, label: None, help: None, word: None }
    }

    /// A diagnostic at a place.
    pub fn at(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self { span: Some(span.clone()), ..Self::new(code, message) }
    }

    /// Says something under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says the step that mends it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at this word of the declaration, such as the value of an option.
    #[must_use]
    pub fn word(mut self, word: impl Into<String>) -> Self {
        self.word = Some(word.into());
        self
    }
}

impl Diagnostics {
    /// A list of one.
    pub fn one(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }

    /// Adds one, unless the same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.list.contains(&diagnostic) {
            let place = |d: &Diagnostic| d.span.as_ref().map(|s| (s.file.clone(), s.line, s.column));
            let key = place(&diagnostic);
            let index = self.list.partition_point(|other| place(other) <= key);
            self.list.insert(index, diagnostic);
        }
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many things are wrong.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// In order of place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Codes in order of place.
    pub fn codes(&self) -> Vec<&'static str> {
        self.list.iter().map(|diagnostic| diagnostic.code).collect()
    }

    /// Moves each span to the word that its diagnostic names, where the text has it.
    #[must_use]
    pub fn point(self, sources: &BTreeMap<String, String>) -> Self {
        let mut pointed = Self::default();
        for mut diagnostic in self.list {
            if let (Some(span), Some(word)) = (&diagnostic.span, diagnostic.word.take())
                && let Some(text) = sources.get(&span.file)
                && let Some(bytes) = find_word(text, span.bytes.start, &word)
            {
                diagnostic.span = Some(Span::in_text(&span.file, text, bytes));
            }
            pointed.push(diagnostic);
        }
        pointed
    }

    /// For people: one report after the other, with the lines of the source. `sources` holds the texts by path.
    pub fn render(&self, sources: &BTreeMap<String, String>, colour: Colour) -> String {
        self.render_in("", sources, colour)
    }

    /// The same with the paths below a folder, such as `schema/`, so that they can be opened from where one is.
    pub fn render_in(&self, folder: &str, sources: &BTreeMap<String, String>, colour: Colour) -> String {
        let theme = match colour {
            Colour::Always => GraphicalTheme::unicode(),
            Colour::Never => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(120).with_links(false);
        let mut out = String::new();
        for diagnostic in &self.list {
            let text = diagnostic.span.as_ref().and_then(|span| Some((span, sources.get(&span.file)?)));
            let source = text.map(|(span, text)| NamedSource::new(format!("{folder}{}", span.file), text.clone()));
            // Writing to a String does not fail.
            let _ = handler.render_report(&mut out, &Report { diagnostic, source });
            out.push('\n');
        }
        out
    }

    /// For tools: a list of objects with `code`, `message`, `span`, `label` and `help`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Whether a text has colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With them.
    Always,
    /// Plain.
    Never,
}

impl Span {
    /// The place of some bytes of a text.
    pub fn in_text(file: &str, text: &str, bytes: Range<usize>) -> Self {
        let mut start = bytes.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            bytes: start..bytes.end.clamp(start, text.len()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A diagnostic together with the text it points into, as miette wants it.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.diagnostic.span.as_ref()?;
        self.source.as_ref()?;
        let bytes = span.bytes.start..span.bytes.end.max(span.bytes.start);
        let label = self.diagnostic.label.clone().unwrap_or_else(|| "here".to_owned());
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some(label), bytes))))
    }
}

/// Where `word` stands in the declaration whose name starts at `start`: up to the `;` or `}` that ends it.
fn find_word(text: &str, start: usize, word: &str) -> Option<Range<usize>> {
    let rest = declaration(text, start)?;
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    rest.match_indices(word)
        .find(|(at, _)| {
            !rest[..*at].chars().next_back().is_some_and(is_part)
                && !rest[at + word.len()..].chars().next().is_some_and(is_part)
        })
        .map(|(at, _)| start + at..start + at + word.len())
}

/// The declaration whose name starts at `start`, from there to the `;` or `}` that ends it.
pub(crate) fn declaration(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..)?;
    rest.get(..declaration_len(rest))
}

/// Bytes up to the end of a declaration.
fn declaration_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '/') if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                while chars.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            (None, '{' | '[') => depth += 1,
            (None, '}') if depth <= 1 => return at + 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> BTreeMap<String, String> {
        let text = "message A {\n  string a = 1 [(x) = \"he;y\"];\n  string b = 2;\n}\n";
        BTreeMap::from([("a.proto".to_owned(), text.to_owned())])
    }

    #[test]
    fn names_file_line_and_column() {
        let sources = sources();
        let span = Span::in_text("a.proto", &sources["a.proto"], 21..22);
        let found = Diagnostics::one(Diagnostic::at("arcana::x", &span, "bad").help("mend it"));
        let text = found.render(&sources, Colour::Never);
        assert!(text.contains("a.proto:2:10"), "{text}");
        assert!(text.contains("mend it"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(found.render(&sources, Colour::Always).contains('\u{1b}'));
    }

    #[test]
    fn points_at_a_word_of_the_declaration() {
        let sources = sources();
        let span = Span::in_text("a.proto", &sources["a.proto"], 21..22);
        let found = Diagnostics::one(Diagnostic::at("arcana::x", &span, "bad").word("y")).point(&sources);
        assert_eq!(found.iter().next().unwrap().span.as_ref().unwrap().column, 27);
        let found = Diagnostics::one(Diagnostic::at("arcana::x", &span, "bad").word("b")).point(&sources);
        assert_eq!(found.iter().next().unwrap().span.as_ref().unwrap().column, 10, "b is another declaration");
    }

    #[test]
    fn sorts_and_drops_doubles() {
        let text = "a\nb\n";
        let (first, second) = (Span::in_text("f", text, 0..1), Span::in_text("f", text, 2..3));
        let mut found = Diagnostics::default();
        found.push(Diagnostic::at("b", &second, "two"));
        found.push(Diagnostic::at("a", &first, "one"));
        found.push(Diagnostic::at("b", &second, "two"));
        assert_eq!(found.codes(), ["a", "b"]);
    }
}
