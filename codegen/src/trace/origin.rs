//! From a generated line back to the schema.

use serde::Serialize;

use super::names::{Kind, Names, Subject, short};
use super::{Place, files, outline, read};
use crate::diagnostic::declaration;
use crate::model::Span;
use crate::nearest;
use crate::project::Project;

/// One line of the schema that made a generated one.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// Full name of what stands there.
    pub subject: String,
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// Its text.
    pub text: String,
    /// The option that made just this line, where that is known.
    pub cause: Option<Cause>,
}

/// An option of the schema.
#[derive(Debug, Clone, Serialize)]
pub struct Cause {
    /// Its name, such as `max_len`.
    pub option: String,
    /// Where it stands.
    pub place: Place,
    /// The line that it stands on.
    pub text: String,
}

/// Words of the schema, and what shows in generated lines that are there because of them, in lower case.
type Signs = (&'static str, &'static [&'static str]);

/// Options of fields.
const OF_FIELDS: [Signs; 22] = [
    ("on_delete", &["on delete"]),
    ("references", &["references", "foreign key", "_fkey", "reference {"]),
    ("primary_key", &["primary key", "_pkey", "identifier"]),
    ("unique", &["unique"]),
    ("max_len", &["max_len", "maxlength", "varchar(", "length("]),
    ("min_len", &["min_len", "minlength"]),
    ("max_items", &["max_items", "maxitems"]),
    ("min_items", &["min_items", "minitems"]),
    ("pattern", &["pattern"]),
    ("contains", &["contains"]),
    ("gte", &["gte", "minimum"]),
    ("gt", &["gt(", "exclusiveminimum"]),
    ("lte", &["lte", "maximum"]),
    ("lt", &["lt(", "exclusivemaximum"]),
    ("decimal", &["decimal", "numeric"]),
    ("default", &["default"]),
    ("example", &["example"]),
    ("filterable", &["filterable: true", "only rows whose"]),
    ("sortable", &["sortable: true", "create index"]),
    ("REQUIRED", &["required"]),
    ("IMMUTABLE", &["immutable", "set once"]),
    ("OUTPUT_ONLY", &["output_only", "readonly"]),
];

/// Options of entities, and those of their fields that something is derived from.
const OF_ENTITIES: [Signs; 12] = [
    ("expandable", &["expand"]),
    ("searchable", &["words", "string q = "]),
    ("filterable", &["string filter = "]),
    ("sortable", &["string order_by = "]),
    ("soft_delete", &["deleted_at", "show_deleted", "undelete", "soft_delete: true"]),
    ("primary_key", &["primary key", "_pkey"]),
    ("indexes", &["create index", "create unique index"]),
    ("access", &["access", "grant::", "rule("]),
    ("owner", &["owner:"]),
    ("events", &["events: true"]),
    ("audit", &["audit: true"]),
    ("table", &["create table", "table:"]),
];

/// The lines of the schema behind line `line` (from 1) of a generated file; or what to say.
pub fn origins(project: &Project, names: &Names<'_>, path: &str, line: usize) -> Result<Vec<Origin>, String> {
    let path = path.trim_start_matches("./");
    let Some(text) = read(project, path) else {
        let all = files(project);
        let nearest =
            nearest::hint(path, all.iter().map(String::as_str), "name a file under generated/ or migrations/");
        return Err(format!("there is no file {path}; {nearest}"));
    };
    let Some(lines) = outline(project, names, path, &text) else {
        let help = ".rs, .proto, openapi.json and .sql in the folders of the generator tell where they come from";
        return Err(format!("{path} is not generated from single lines of the schema; {help}"));
    };
    if line == 0 || line > lines.len() {
        return Err(format!("{path} has the lines 1 to {}, and no line {line}", lines.len()));
    }
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    // A line that belongs to nobody, such as a brace, is there for what stands above it.
    let upwards = lines.get(..line).unwrap_or_default().iter().rev();
    let owners = upwards.map(|line| &line.owners).find(|owners| !owners.is_empty()).cloned().unwrap_or_default();
    let found: Vec<Origin> = owners.iter().filter_map(|name| origin(project, names, name, shown)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let sealed = path.ends_with(".sql");
    Err(match header(&text).filter(|_| !sealed) {
        Some(source) => format!("line {line} of {path} is there whatever {source} says"),
        None if sealed => format!("line {line} of {path} is about nothing that the schema still has"),
        None => format!("line {line} of {path} is there whatever the schema says"),
    })
}

fn origin(project: &Project, names: &Names<'_>, name: &str, line: &str) -> Option<Origin> {
    let subject = names.subjects.get(name)?;
    let place = place(project, names, &subject.span);
    let text = names.text_of(&subject.span);
    Some(Origin {
        subject: name.to_owned(),
        kind: subject.kind,
        place,
        text,
        cause: cause(project, names, subject, line),
    })
}

/// A place of the schema: below its folder, or among what comes with Arcana.
pub(super) fn place(project: &Project, names: &Names<'_>, span: &Span) -> Place {
    let own = names.sources.files.contains_key(&span.file);
    let folder = project.schema.to_string_lossy().replace('\\', "/");
    let file = if own { format!("{folder}/{}", span.file) } else { span.file.clone() };
    Place { file, line: span.line, column: Some(span.column) }
}

/// The option in a declaration that shows in a generated line.
fn cause(project: &Project, names: &Names<'_>, subject: &Subject, line: &str) -> Option<Cause> {
    let span = &subject.span;
    let known = if subject.kind == Kind::Entity { OF_ENTITIES.as_slice() } else { OF_FIELDS.as_slice() };
    let text = names.sources.text(&span.file)?;
    let declared = declaration(text, span.bytes.start)?;
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    // An option may stand behind a point: `string.max_len`.
    let stands = |word: &str| {
        let mut found = declared.match_indices(word).filter(|(at, _)| {
            let (before, behind) = (declared.get(..*at), declared.get(at + word.len()..));
            !before.is_some_and(|text| text.ends_with(is_part)) && !behind.is_some_and(|text| text.starts_with(is_part))
        });
        found.next().map(|(at, _)| span.bytes.start + at..span.bytes.start + at + word.len())
    };
    let line = line.to_lowercase();
    let shows = |signs: &&[&str]| signs.iter().any(|sign| line.contains(sign));
    let (option, found) =
        known.iter().filter(|(_, signs)| shows(signs)).find_map(|(word, _)| Some((*word, stands(word)?)))?;
    let at = Span::in_text(&span.file, text, found);
    Some(Cause { option: option.to_owned(), place: place(project, names, &at), text: names.text_of(&at) })
}

/// The source that the header of a generated file names.
fn header(text: &str) -> Option<String> {
    let line = text.lines().take(4).find(|line| line.contains("Generated by cargo xtask gen from "))?;
    let (_, source) = line.split_once(" from ")?;
    Some(source.split([' ', ',']).next()?.trim_end_matches('.').to_owned())
}

/// `Order.total` for people.
impl Origin {
    /// The subject without its package.
    pub fn short(&self) -> &str {
        short(&self.subject)
    }
}
