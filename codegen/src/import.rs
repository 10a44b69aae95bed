//! From what a live database is made of, as the service prints it, to annotated `.proto` entities.
//!
//! What cannot be said in a schema is never dropped in silence: it stands as a comment where it belongs, and in the list
//! that is printed.

mod field;
mod live;
mod name;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use heck::{ToSnakeCase, ToUpperCamelCase};

pub use live::Live;
use live::{Index, Table};

use self::field::{Fit, Mapped};
use crate::project::Dialect;

/// What an import gives.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Files by their path below the folder of the schema.
    pub files: BTreeMap<String, String>,
    /// What is not taken over, a place a line.
    pub left: Vec<String>,
}

/// Makes the entities of a package, such as `shop.v1`.
pub fn import(live: &Live, package: &str, methods: &[String]) -> Imported {
    let mut imported = Imported::default();
    let names = names(live);
    for (table, found) in live.tables.iter().filter(|(_, found)| found.key.is_empty()) {
        let columns = found.columns.len();
        imported.left.push(format!("table {table} ({columns} columns): has no primary key, and an entity has one"));
    }
    imported.left.extend(live.others.iter().map(|other| format!("{other}: is no table")));
    let folder = package.replace('.', "/");
    let mut of_all = imported.left.clone();
    for (table, entity) in &names {
        let Some(found) = live.tables.get(table) else { continue };
        let maker = Maker { live, package, names: &names, table, found };
        let said = maker.entity(entity, methods, &mut imported.left);
        // What belongs to no entity stands with the first.
        let text = file(package, &said, &std::mem::take(&mut of_all));
        imported.files.insert(format!("{folder}/{}.proto", entity.to_snake_case()), text);
    }
    imported
}

fn file(package: &str, said: &str, left: &[String]) -> String {
    let mut text = String::new();
    if !left.is_empty() {
        text.push_str("// Of the database, not taken over:\n");
        for line in left {
            let _ = writeln!(text, "// * {line}");
        }
    }
    let _ = write!(text, "syntax = \"proto3\";\n\npackage {package};\n\nimport \"arcana/annotations.proto\";\n");
    let imports = [
        ("buf.validate.", "buf/validate/validate.proto"),
        ("(google.api.field_behavior)", "google/api/field_behavior.proto"),
        ("google.protobuf.Struct", "google/protobuf/struct.proto"),
        ("google.protobuf.Timestamp", "google/protobuf/timestamp.proto"),
        ("google.type.Date", "google/type/date.proto"),
    ];
    for (_, file) in imports.iter().filter(|(word, _)| said.contains(word)) {
        let _ = writeln!(text, "import \"{file}\";");
    }
    text.push_str(said);
    text
}

/// Entities by table, each with a name of its own.
fn names(live: &Live) -> BTreeMap<String, String> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (table, _) in live.tables.iter().filter(|(_, found)| !found.key.is_empty()) {
        let mut entity = name::singular(table).to_upper_camel_case();
        if entity.is_empty() || entity.starts_with(|c: char| c.is_ascii_digit()) {
            entity = format!("Table{entity}");
        }
        while !taken.insert(entity.clone()) {
            entity.push_str("Row");
        }
        names.insert(table.clone(), entity);
    }
    names
}

/// Makes one entity.
struct Maker<'a> {
    live: &'a Live,
    package: &'a str,
    names: &'a BTreeMap<String, String>,
    table: &'a str,
    found: &'a Table,
}

impl Maker<'_> {
    fn entity(&self, entity: &str, methods: &[String], left: &mut Vec<String>) -> String {
        let mut fields = BTreeMap::new();
        for column in &self.found.columns {
            let mut field = name::field(&column.name);
            while fields.values().any(|other| *other == field) {
                field.push('_');
            }
            fields.insert(column.name.clone(), field);
        }
        let mut notes = Vec::new();
        let mut lines = String::new();
        for (at, column) in self.found.columns.iter().enumerate() {
            let Some(name) = fields.get(&column.name) else { continue };
            match self.field(column, name, at + 1) {
                Ok((line, mut more)) => {
                    lines.push_str(&line);
                    notes.append(&mut more);
                }
                Err(why) => notes.push(format!("column {}: {why}", column.name)),
            }
        }
        let options = self.options(entity, &fields, methods, &mut notes);
        let options = if options.is_empty() { options } else { format!("\n{options}  ") };
        self.other_notes(&mut notes);
        left.extend(notes.iter().map(|note| format!("table {}, {note}", self.table)));
        let mut out = format!("\n// Rows of the table {}.\n", self.table);
        for note in &notes {
            let _ = writeln!(out, "// Not taken over: {note}");
        }
        let _ = write!(out, "message {entity} {{\n  option (arcana.entity) = {{{options}}};\n\n{lines}}}\n");
        out
    }

    fn options(
        &self,
        entity: &str,
        fields: &BTreeMap<String, String>,
        methods: &[String],
        notes: &mut Vec<String>,
    ) -> String {
        let mut out = String::new();
        if name::plural(entity) != self.table {
            let _ = writeln!(out, "    table: {:?}", self.table);
        }
        if self.found.key.len() > 1 {
            let keys: Vec<String> =
                self.found.key.iter().filter_map(|key| fields.get(key)).map(|f| format!("{f:?}")).collect();
            let _ = writeln!(out, "    primary_key: [{}]", keys.join(", "));
        }
        if !methods.is_empty() {
            let _ = writeln!(out, "    methods: [{}]", methods.join(", "));
        }
        for index in self.found.indexes.iter().filter(|index| !self.is_said_elsewhere(index)) {
            let name = index.name.as_deref().unwrap_or("of a constraint");
            let plain: Option<Vec<String>> = index
                .columns
                .iter()
                .map(|column| fields.get(name::unquoted(column)).map(|field| format!("{field:?}")))
                .collect();
            let column = |name: &String| self.found.columns.iter().find(|column| column.name == name::unquoted(name));
            let fits = index.columns.iter().filter_map(column).all(|column| self.fits_an_index(column));
            match plain {
                Some(plain) if fits && index.method.is_none() => {
                    let unique = if index.unique { " unique: true" } else { "" };
                    let condition =
                        index.condition.as_ref().map(|text| format!(" where: {text:?}")).unwrap_or_default();
                    let _ = writeln!(out, "    indexes: {{ fields: [{}]{unique}{condition} }}", plain.join(", "));
                }
                _ => notes.push(format!("index {name} on ({})", index.columns.join(", "))),
            }
        }
        out
    }

    /// Whether an index is that of a reference or of a field that is unique.
    fn is_said_elsewhere(&self, index: &Index) -> bool {
        let [column] = index.columns.as_slice() else { return false };
        let column = name::unquoted(column);
        let of_reference = self.reference(column).is_some() && !index.unique;
        let of_field =
            index.unique && index.condition.is_none() && index.method.is_none() && self.is_unique_field(column);
        (of_reference && index.condition.is_none() && index.method.is_none()) || of_field
    }

    fn is_unique_field(&self, column: &str) -> bool {
        self.found.columns.iter().any(|own| own.name == column && self.fits_an_index(own))
    }

    /// Texts in an index need a bound that all databases take.
    fn fits_an_index(&self, column: &live::Column) -> bool {
        match field::fit(self.live.dialect, column) {
            Ok(Fit { mapped: Mapped::Text(bound), .. }) => bound.is_some_and(|bound| bound <= field::INDEXED_MAX),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// The entity that a column alone refers to, by its key.
    fn reference(&self, column: &str) -> Option<(&String, &live::ForeignKey)> {
        let key = self.found.foreign_keys.iter().find(|key| key.columns == [column.to_owned()])?;
        let target = self.live.tables.get(&key.table)?;
        (target.key == key.key_columns).then(|| self.names.get(&key.table).map(|name| (name, key)))?
    }

    fn field(&self, column: &live::Column, name: &str, number: usize) -> Result<(String, Vec<String>), String> {
        if column.generated.is_some() {
            return Err("is computed by the database".to_owned());
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !column.name.chars().all(plain) || column.name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("has a name that no column of an entity has".to_owned());
        }
        let fit = field::fit(self.live.dialect, column)?;
        let (mut said, mut rules, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let is_key = self.found.key == [column.name.clone()];
        let in_key = self.found.key.contains(&column.name);
        let reference = self.reference(&column.name);
        let mut ty = fit.mapped.proto().to_owned();
        let whole = matches!(fit.mapped, Mapped::Whole(_));
        if (is_key || reference.is_some()) && whole {
            ty = "int64".to_owned();
        }
        if is_key {
            said.push(format!("primary_key: {}", self.key_kind(column, &fit)?));
        } else if fit.mapped == Mapped::Uuid && reference.is_none() {
            return Err("is a UUID that is neither the key nor a reference".to_owned());
        }
        if column.name != name {
            said.push(format!("column: {:?}", column.name));
        }
        let key_is_own = (is_key || reference.is_some()) && fit.storage_type.is_none() && whole;
        let own = if key_is_own { field::whole_type(self.live.dialect, column) } else { fit.storage_type.clone() };
        said.extend(own.map(|own| format!("storage_type: {own:?}")));
        if let Some((target, key)) = reference {
            said.push(format!("references: \"{}.{target}\"", self.package));
            match key.on_delete.as_str() {
                "CASCADE" => said.push("on_delete: CASCADE".to_owned()),
                "SET NULL" if column.nullable => said.push("on_delete: SET_NULL".to_owned()),
                _ => {}
            }
        }
        let unique = |index: &&Index| index.columns.len() == 1 && index.unique && self.is_said_elsewhere(index);
        let mut indexes = self.found.indexes.iter().filter(unique);
        if !is_key && indexes.any(|index| index.columns.iter().any(|own| name::unquoted(own) == column.name)) {
            said.push("unique: true".to_owned());
        }
        if let Mapped::Decimal(precision, scale) = fit.mapped {
            said.push(format!("decimal: {{ precision: {precision} scale: {scale} }}"));
        }
        if reference.is_none() {
            rules.extend(self.rules(column, &fit, in_key));
        }
        notes.extend(fit.note.map(|note| format!("column {}: {note}", column.name)));
        if let Some(default) = column.default.as_ref().filter(|_| !is_key) {
            notes.push(format!("column {}: the default {default}", column.name));
        }
        if column.nullable && fit.mapped == Mapped::Timestamp && ["created_at", "updated_at"].contains(&name) {
            notes.push(format!("column {}: may be NULL, so it is no time that the service keeps", column.name));
        }
        let optional = if column.nullable && !in_key { "optional " } else { "" };
        let mut options = Vec::new();
        if reference.is_some() && !is_key && optional.is_empty() {
            options.push("(google.api.field_behavior) = REQUIRED".to_owned());
        }
        if !said.is_empty() {
            options.push(format!("(arcana.field) = {{ {} }}", said.join(" ")));
        }
        options.extend(rules);
        let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) };
        Ok((format!("  {optional}{ty} {name} = {number}{options};\n"), notes))
    }

    fn rules(&self, column: &live::Column, fit: &Fit, in_key: bool) -> Option<String> {
        let Mapped::Text(bound) = fit.mapped else { return None };
        let mut rules = Vec::new();
        if in_key {
            rules.push("min_len: 1".to_owned());
        }
        let bound = bound.or((in_key).then_some(field::INDEXED_MAX));
        rules.extend(bound.map(|bound| format!("max_len: {bound}")));
        let mut values = field::names(&column.ty);
        if values.is_empty() {
            values = self.checked_values(&column.name);
        }
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            rules.push(format!("in: [{}]", values.join(", ")));
        }
        (!rules.is_empty()).then(|| format!("(buf.validate.field).string = {{ {} }}", rules.join(" ")))
    }

    fn key_kind(&self, column: &live::Column, fit: &Fit) -> Result<&'static str, String> {
        let numbered =
            column.numbered || column.default.as_ref().is_some_and(|default| default.starts_with("nextval("));
        let rowid = self.live.dialect == Dialect::Sqlite && column.ty == "INTEGER";
        match fit.mapped {
            Mapped::Whole(_) if numbered || rowid => Ok("INT64"),
            Mapped::Whole(_) => Ok("INT64_CLIENT"),
            Mapped::Text(_) => Ok("STRING"),
            Mapped::Uuid => Ok("UUID_V7"),
            _ => Err("is of a type that no key has".to_owned()),
        }
    }

    /// Values that a check lists for a column.
    fn checked_values(&self, column: &str) -> Vec<String> {
        let conditions = self.found.checks.iter().map(|check| check.condition.as_str());
        conditions.filter_map(|condition| field::listed(condition, column)).next().unwrap_or_default()
    }

    fn other_notes(&self, notes: &mut Vec<String>) {
        for check in &self.found.checks {
            let of_values =
                self.found.columns.iter().any(|column| field::listed(&check.condition, &column.name).is_some());
            let of_json = check.condition.starts_with("json_valid(");
            if !of_values && !of_json {
                notes.push(format!("check {}: {}", check.name.as_deref().unwrap_or("without a name"), check.condition));
            }
        }
        for key in &self.found.foreign_keys {
            let alone = key.columns.first().filter(|_| key.columns.len() == 1);
            if alone.and_then(|column| self.reference(column)).is_none() {
                notes.push(format!(
                    "reference ({}) to {} ({})",
                    key.columns.join(", "),
                    key.table,
                    key.key_columns.join(", ")
                ));
            }
        }
    }
}

/// The package of a project, if none is named.
pub fn package_of(project: &str) -> String {
    format!("{}.v1", project.to_snake_case())
}
