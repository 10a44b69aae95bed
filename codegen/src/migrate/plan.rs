//! The open migration: the difference between the sealed lock and the model, rewritten at each run until it is sealed.

use std::fmt::Write as _;

use super::by_hand::is_by_hand;
use super::compatible::{COMPATIBLE, obstacles};
use super::disk::{CONTRACT, Disk, LOCK, MigrationName, SUM};
use super::naming::name_of;
use super::operation::{Class, Operation, OperationKind, operations};
use super::transition::Transition;
use super::{mysql, needs, postgres, sqlite};
use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::fileset::FileSet;
use crate::lock::{Column, Lock, Table};
use crate::model::{Model, Span};
use crate::project::{Dialect, Project};

/// Begins a line that records a loss which was allowed by name.
pub(super) const ALLOWED: &str = "-- Lossy, allowed by name: ";

/// What a run makes of the migrations.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The open migration, if there is a difference.
    pub open: Option<MigrationName>,
    /// Its files: path below the root of the project, and text.
    pub files: Vec<(String, String)>,
    /// What it does.
    pub operations: Vec<Operation>,
    /// What services that were built before it cannot work with; nothing if they can.
    pub obstacles: Vec<String>,
    /// Migrations that were written by hand and are not sealed; they come before the open one.
    pub by_hand: Vec<MigrationName>,
    /// Paths of migrations that the generator does not own: what is sealed, and what was written by hand.
    pub kept: Vec<String>,
    /// Paths of open migrations on disk that are no longer wanted.
    pub removed: Vec<String>,
    /// Text of `src/migrations.rs` of the generated crate.
    pub embedded: String,
}

/// What sealing writes: path below the root of the project, and text.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The migrations that are sealed; none if only the locks move.
    pub migrations: Vec<MigrationName>,
    /// The locks and the sums.
    pub files: Vec<(String, String)>,
}

/// What the open migration would do, whether that is allowed or not.
pub fn foresee(disk: &Disk, model: &Model) -> Vec<Operation> {
    operations(&Transition::between(&disk.lock, &Lock::after(&disk.lock, model)))
}

/// Plans the open migration. Lossy operations must be named in `allow_lossy`, now or when the open migration was last
/// written, which records them.
pub fn plan(project: &Project, disk: &Disk, model: &Model, allow_lossy: &[String]) -> Result<Planned, Diagnostics> {
    let wanted = Lock::after(&disk.lock, model);
    let transition = Transition::between(&disk.lock, &wanted);
    let operations = operations(&transition);
    let allowed = allowed(disk, allow_lossy);
    refuse(&operations, &allowed, model)?;
    // A dialect that is new to sealed migrations starts from nothing, and goes back to nothing.
    let nothing = Lock::default();
    let whole = Transition::between(&nothing, &wanted);
    let way_of = |dialect: Dialect| if disk.is_joined_by(dialect) { &whole } else { &transition };
    let up = project.dialects.iter().map(|dialect| (*dialect, render(*dialect, way_of(*dialect))));
    let up: Vec<(Dialect, String)> = up.collect();
    let by_hand = disk.by_hand(project)?;
    let version = by_hand.last().map_or_else(|| disk.newest(), |name| name.version) + 1;
    // Before the first there are no services.
    let obstacles = if disk.sealed.is_empty() { Vec::new() } else { obstacles(&transition) };
    let is_compatible = !disk.sealed.is_empty() && obstacles.is_empty();
    let open = up.iter().any(|(_, sql)| !sql.is_empty());
    let open = open.then(|| MigrationName { version, name: name(project, disk, &operations) });
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let mut files = Vec::new();
    if let Some(name) = &open {
        for (dialect, up) in up {
            let header = |way: &str| {
                let mut text = header(project, disk, name, (dialect, way), &operations);
                if way == "up" && is_compatible && !disk.is_joined_by(dialect) {
                    let _ = writeln!(text, "{COMPATIBLE}");
                }
                if way == "up" && !disk.is_joined_by(dialect) {
                    text.push_str(&needs::lines(&transition, dialect));
                }
                text
            };
            let down = render(dialect, &way_of(dialect).back());
            files.push((format!("{folder}/{}", name.path(dialect, "up")), header("up") + &up));
            files.push((format!("{folder}/{}", name.path(dialect, "down")), header("down") + &down));
        }
    }
    let removed = disk.open_files().filter(|(_, text)| !is_by_hand(text)).map(|(path, _)| format!("{folder}/{path}"));
    let removed = removed.filter(|path| files.iter().all(|(file, _)| file != path)).collect();
    let kept = disk.sealed.iter().map(|(name, _)| name).chain(&by_hand).flat_map(|name| {
        let dialects = Dialect::ALL.into_iter().filter(|dialect| disk.has(name, *dialect));
        dialects.flat_map(|dialect| ["up", "down"].map(|way| format!("{folder}/{}", name.path(dialect, way))))
    });
    let kept = kept.collect();
    let embedded = embedded(project, disk, by_hand.iter().chain(open.as_ref()));
    Ok(Planned { open, files, operations, obstacles, by_hand, kept, removed, embedded })
}

/// Seals what is open: the locks move to the model and its contract, the sums grow by a line for each migration. The files
/// on disk must be what `gen` writes.
pub fn seal(project: &Project, disk: &Disk, model: &Model, contract: &Contract) -> Result<Sealed, Diagnostics> {
    let planned = plan(project, disk, model, &[])?;
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let stale = planned.files.iter().find(|(path, text)| {
        let inner = path.strip_prefix(&folder).unwrap_or(path).trim_start_matches('/');
        disk.files.get(inner) != Some(text)
    });
    if let Some(path) = stale.map(|(path, _)| path).or_else(|| planned.removed.first()) {
        let message = format!("{path} is not what the schema asks for");
        return Err(Diagnostics::one(Diagnostic::new("arcana::stale_migration", message).help("run: cargo xtask gen")));
    }
    let mut sums = String::new();
    for (name, sum) in &disk.sealed {
        // Writing to a String does not fail.
        let _ = writeln!(sums, "{sum}  {}", name.stem());
    }
    let migrations: Vec<MigrationName> = planned.by_hand.into_iter().chain(planned.open).collect();
    let mut previous = disk.sealed.last().map(|(_, sum)| sum.clone()).unwrap_or_default();
    for name in &migrations {
        previous = disk.sum(&previous, name);
        let _ = writeln!(sums, "{previous}  {}", name.stem());
    }
    let lock = Lock::after(&disk.lock, model).to_json();
    let mut files = vec![(format!("{folder}/{LOCK}"), lock), (format!("{folder}/{CONTRACT}"), contract.to_json())];
    if !sums.is_empty() {
        files.push((format!("{folder}/{SUM}"), sums));
    }
    Ok(Sealed { migrations, files })
}

/// What makes the storage of a model on an empty database at once, for a dialect: where its migrations must lead.
pub fn fresh(dialect: Dialect, model: &Model) -> String {
    render(dialect, &Transition::between(&Lock::default(), &Lock::of(model)))
}

impl Planned {
    /// Adds the files to a set, and tells it which are no longer its own.
    pub fn add_to(&self, files: &mut FileSet, project: &Project) {
        for (path, text) in &self.files {
            files.own(path, text.as_str());
        }
        for path in &self.kept {
            files.release(path);
        }
        for path in &self.removed {
            files.unwanted(path);
        }
        let generated = project.generated.to_string_lossy().replace('\\', "/");
        files.own(format!("{generated}/src/migrations.rs"), self.embedded.as_str());
    }
}

/// The one place that knows which dialect is rendered where.
fn render(dialect: Dialect, transition: &Transition<'_>) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::render(transition),
        Dialect::Postgres => postgres::render(transition),
        Dialect::Mysql => mysql::render(transition),
    }
}

/// Type of a column in the words of a database.
pub fn type_in(dialect: Dialect, column: &Column, table: &Table, lock: &Lock) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::type_of(column),
        Dialect::Postgres => postgres::type_in(column, table, lock),
        Dialect::Mysql => mysql::type_in(column, table, lock),
    }
}

/// What the open migration is called.
fn name(project: &Project, disk: &Disk, operations: &[Operation]) -> String {
    let joined: Vec<&str> =
        project.dialects.iter().filter(|dialect| disk.is_joined_by(**dialect)).map(|dialect| dialect.name()).collect();
    if operations.is_empty() && !joined.is_empty() {
        return format!("add_{}", joined.join("_and_"));
    }
    name_of(operations, disk.sealed.is_empty())
}

/// Its name, for people.
pub(super) fn title(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
        Dialect::Mysql => "MySQL and MariaDB",
    }
}

fn allowed(disk: &Disk, now: &[String]) -> Vec<String> {
    let recorded = disk.open_files().flat_map(|(_, text)| text.lines()).filter_map(|line| line.strip_prefix(ALLOWED));
    recorded.map(str::to_owned).chain(now.iter().cloned()).collect()
}

fn refuse(operations: &[Operation], allowed: &[String], model: &Model) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for operation in operations {
        let message = format!("{} {}: {}", operation.kind.words(), operation.subject, operation.words);
        let mut diagnostic = match operation.class {
            Class::Refused if operation.kind == OperationKind::AddColumn => {
                Diagnostic::new("arcana::number_reuse", message)
                    .help("give the field the next number that was never used, and reserve the old one")
            }
            Class::Refused => Diagnostic::new("arcana::unsupported_migration", message).help(
                "add a field with a new number for it, move the values, and remove the old field in a later step",
            ),
            Class::Lossy if !allowed.contains(&operation.subject) => {
                Diagnostic::new("arcana::lossy_migration", message)
                    .help(format!("if that is meant: cargo xtask gen --allow-lossy {}", operation.subject))
            }
            _ => continue,
        };
        diagnostic.span = span_of(model, &operation.subject);
        found.push(diagnostic);
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Where the field or its entity stands, if it still does.
fn span_of(model: &Model, subject: &str) -> Option<Span> {
    if let Some(entity) = model.entity(subject) {
        return Some(entity.span.clone());
    }
    let (entity, name) = subject.rsplit_once('.')?;
    let entity = model.entity(entity)?;
    let column = entity.columns.iter().find(|column| column.name == name && !column.hidden);
    Some(column.map_or_else(|| entity.span.clone(), |column| column.span.clone()))
}

fn header(
    project: &Project,
    disk: &Disk,
    name: &MigrationName,
    (dialect, way): (Dialect, &str),
    operations: &[Operation],
) -> String {
    let schema = project.schema.display();
    let mut text = format!(
        "-- {}, {way}. Generated by cargo xtask gen from {schema}/, and rewritten until it is sealed.\n\
         -- Sealed files are never edited: change {schema}/ instead.\n",
        name.stem()
    );
    if disk.is_joined_by(dialect) {
        let _ =
            writeln!(text, "-- The first one for {}, which does all that earlier ones do elsewhere.", title(dialect));
    }
    let mut lossy: Vec<&Operation> = operations.iter().filter(|operation| operation.class == Class::Lossy).collect();
    lossy.dedup_by(|a, b| a.subject == b.subject);
    for operation in lossy {
        // Writing to a String does not fail.
        let _ = if way == "up" {
            writeln!(text, "{ALLOWED}{}", operation.subject)
        } else {
            writeln!(text, "-- Does not bring back what the way up lost: {}", operation.subject)
        };
    }
    text
}

/// `generated/src/migrations.rs`.
fn embedded<'a>(project: &Project, disk: &Disk, open: impl Iterator<Item = &'a MigrationName>) -> String {
    let mut text = format!(
        "//! The migrations, embedded.\n//!\n\
         //! Generated by cargo xtask gen from {}/. Do not edit.\n\n\
         use arcana_runtime::db::{{Migration, Migrations}};\n",
        project.schema.display()
    );
    let of = |dialect: Dialect| {
        if project.dialects.contains(&dialect) { dialect.name().to_uppercase() } else { "&[]".to_owned() }
    };
    let _ = write!(
        text,
        "\n/// The migrations, by dialect.\npub const ALL: Migrations = Migrations {{ sqlite: {}, postgres: {}, mysql: {} }};\n",
        of(Dialect::Sqlite),
        of(Dialect::Postgres),
        of(Dialect::Mysql)
    );
    let up = "../".repeat(project.generated.components().count() + 1);
    let folder = project.migrations.to_string_lossy().replace('\\', "/");
    let all = disk.sealed.iter().map(|(name, _)| (name, true)).chain(open.map(|name| (name, false)));
    let all: Vec<(&MigrationName, bool)> = all.collect();
    for dialect in &project.dialects {
        let constant = dialect.name().to_uppercase();
        let _ = write!(
            text,
            "\n/// The migrations for {}, in order.\npub const {constant}: &[Migration] = &[",
            title(*dialect)
        );
        for (name, sealed) in all.iter().filter(|(name, sealed)| !sealed || disk.has(name, *dialect)) {
            let include = |way| format!("include_str!(\"{up}{folder}/{}\")", name.path(*dialect, way));
            let _ = write!(
                text,
                "\n    Migration {{\n        version: {},\n        name: \"{}\",\n        up: {},\n        down: {},\n        \
                 sealed: {sealed},\n    }},",
                name.version,
                name.name,
                include("up"),
                include("down")
            );
        }
        text.push_str(if text.ends_with('[') { "];\n" } else { "\n];\n" });
    }
    text
}
