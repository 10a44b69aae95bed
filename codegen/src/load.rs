//! From the texts of the schema to a descriptor pool: parsed, linked, with spans and comments.

mod depth;
mod explain;
mod include;
mod spans;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

use crate::built_in;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Span;
use crate::project::Project;
use crate::texts::Texts;

pub use spans::Spans;

/// The texts of a schema.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Path below the schema folder, such as `shop/v1/order.proto` or `shop/v1/order.sql`, to text.
    pub files: BTreeMap<String, String>,
    /// Folders with the standards: google/api and buf/validate.
    pub include: Vec<PathBuf>,
}

/// A schema that parses and links.
#[derive(Debug)]
pub struct Loaded {
    /// Descriptors of the schema and all that it imports; options readable as extensions.
    pub pool: DescriptorPool,
    /// Files of the project, sorted, with those of Arcana that it imports; without the vocabulary itself.
    pub files: Vec<String>,
    /// Where things stand, and their comments.
    pub spans: Spans,
    /// Texts of named queries, by path.
    pub queries: BTreeMap<String, String>,
}

impl Sources {
    /// Reads every `.proto` and `.sql` under the schema folder, and finds the folders of the standards.
    pub fn read(project: &Project) -> Result<Self, Diagnostics> {
        let root = project.schema_dir();
        let mut files = BTreeMap::new();
        let mut found = Diagnostics::default();
        read_folder(&root, &root, &mut files, &mut found);
        let include = include::folders(&project.root).unwrap_or_else(|failed| {
            found.extend(failed);
            Vec::new()
        });
        if found.is_empty() { Ok(Self { files, include }) } else { Err(found) }
    }

    /// Texts in memory, with the folders of the standards that the workspace of `root` knows.
    pub fn of(files: BTreeMap<String, String>, root: &Path) -> Result<Self, Diagnostics> {
        include::folders(root).map(|include| Self { files, include })
    }

    /// All texts: the project's own, and those that come with Arcana.
    fn texts(&self) -> BTreeMap<String, String> {
        let built_in = built_in::TEXTS.iter().chain(&built_in::STORES);
        let built_in = built_in.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        built_in.chain(self.files.clone()).collect()
    }

    /// The text of a file: the project's own, or else the one that comes with Arcana.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str).or_else(|| built_in::text(path))
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>, found: &mut Diagnostics) {
    let unreadable = |path: &Path, error: std::io::Error| {
        Diagnostic::new("arcana::schema_unreadable", format!("{} cannot be read: {error}", path.display()))
            .help("check the `schema` key of arcana.toml and the rights of the file, which must be UTF-8")
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(unreadable(folder, error)),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_folder(root, &path, files, found);
        } else if path.extension().is_some_and(|extension| extension == "proto" || extension == "sql") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            match fs::read_to_string(&path) {
                Ok(text) => {
                    files.insert(name, text);
                }
                Err(error) => found.push(unreadable(&path, error)),
            }
        }
    }
}

/// Compiles all files, and reports what is wrong in any of them.
pub fn load(sources: &Sources) -> Result<Loaded, Diagnostics> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts::new(sources.texts()));
    for folder in &sources.include {
        resolver.add(IncludeFileResolver::new(folder.clone()));
    }
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);

    let mut found = Diagnostics::default();
    let (queries, protos): (BTreeMap<_, _>, BTreeMap<_, _>) =
        sources.files.iter().partition(|(path, _)| path.ends_with(".sql"));
    protos.iter().for_each(|(path, text)| depth::check(path, text, &mut found));
    if !found.is_empty() {
        return Err(found);
    }
    let own = protos.keys().copied().cloned();
    let mut files: Vec<String> = own.filter(|path| !built_in::is_ours_alone(path)).collect();
    let stores = built_in::STORES.map(|(path, _)| path.to_owned());
    for path in files.iter().chain(&stores) {
        if let Err(error) = compiler.open_file(path) {
            let file = error.file().unwrap_or(path).to_owned();
            report(&error, &file, sources, &compiler.descriptor_pool(), &mut found);
        }
    }
    if !found.is_empty() {
        return Err(found.point(&sources.files));
    }
    let pool = compiler.descriptor_pool();
    files.extend(built_in::entities().filter(|path| pool.get_file_by_name(path).is_some()).map(str::to_owned));
    files.sort();
    files.dedup();
    let read: Vec<String> = files.iter().cloned().chain(stores).collect();
    let spans = Spans::new(&pool, sources, &read);
    let queries = queries.into_iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    Ok(Loaded { pool, files, spans, queries })
}

/// Takes over what the compiler says, with all it says besides.
fn report(
    error: &dyn miette::Diagnostic,
    file: &str,
    sources: &Sources,
    pool: &DescriptorPool,
    found: &mut Diagnostics,
) {
    let said = error.to_string();
    let cause = error.diagnostic_source().map(ToString::to_string);
    let explained = explain::explain(&said, cause.as_deref(), pool);
    let mut diagnostic = Diagnostic::new("arcana::schema", explained.message.unwrap_or(said));
    diagnostic.word = explained.word;
    let text = sources.text(file);
    let mut labels: Vec<_> = error.labels().into_iter().flatten().collect();
    // The last one is where the mistake is; those before say what it collides with.
    let label = labels.pop();
    match (text, label) {
        (Some(text), Some(label)) => {
            let bytes = label.offset()..label.offset() + label.len().max(1);
            diagnostic.span = Some(Span::in_text(file, text, bytes));
            diagnostic.label = label.label().map(str::to_owned);
        }
        // The end of the file, where something is missing.
        (Some(text), None) => diagnostic.span = Some(Span::in_text(file, text, end_of(text))),
        (None, _) => diagnostic.message = format!("{file}: {}", diagnostic.message),
    }
    diagnostic.help = explained.help.or_else(|| error.help().map(|help| help.to_string()));
    if let (Some(text), Some(other)) = (text, labels.first()) {
        let place = Span::in_text(file, text, other.offset()..other.offset());
        let said = format!("{}: {place}", other.label().unwrap_or("see also"));
        diagnostic.help = Some(diagnostic.help.map_or(said.clone(), |help| format!("{help}; {said}")));
    }
    found.push(diagnostic);
    for related in error.related().into_iter().flatten() {
        report(related, file, sources, pool, found);
    }
}

fn end_of(text: &str) -> Range<usize> {
    let end = text.trim_end().len();
    end.saturating_sub(1)..end
}
