//! What must be known of every entity before any field can be lowered: its key, its table, its parent.

use heck::ToSnakeCase;
use prost_reflect::{Kind, MessageDescriptor};

use crate::annotation::EntityOptions;
use crate::diagnostic::Diagnostic;
use crate::lower::{Lowering, name};
use crate::model::KeyKind;

/// An entity before its fields.
#[derive(Debug, Clone)]
pub(super) struct Seed {
    pub(super) message: MessageDescriptor,
    pub(super) options: EntityOptions,
    pub(super) table: String,
    pub(super) key_kind: KeyKind,
    pub(super) key_fields: Vec<String>,
    pub(super) key_columns: Vec<String>,
    /// Full name of the parent and the field that lists the children.
    pub(super) parent: Option<(String, String)>,
}

impl Seed {
    pub(super) fn full_name(&self) -> &str {
        self.message.full_name()
    }

    /// Column of a child that holds the key of this entity.
    pub(super) fn child_column(&self) -> String {
        format!("{}_id", self.message.name().to_snake_case())
    }
}

impl Lowering<'_> {
    /// Finds the entities, their keys and who owns whom.
    pub(super) fn sow<'m>(&mut self, messages: impl Iterator<Item = &'m MessageDescriptor>) {
        for message in messages {
            if let Some(options) = self.reader.entity(message) {
                let seed = self.seed(message, options);
                self.seeds.insert(message.full_name().to_owned(), seed);
            }
        }
        let mut owners: Vec<(String, String, String)> = Vec::new();
        for seed in self.seeds.values() {
            for field in seed.message.fields() {
                if let Kind::Message(child) = field.kind()
                    && field.is_list()
                    && self.reader.field(&field).owned
                {
                    owners.push((child.full_name().to_owned(), seed.full_name().to_owned(), field.name().to_owned()));
                }
            }
        }
        for (child, parent, field) in owners {
            if let Some(seed) = self.seeds.get_mut(&child) {
                seed.parent.get_or_insert((parent, field));
            }
        }
    }

    fn seed(&mut self, message: &MessageDescriptor, options: EntityOptions) -> Seed {
        let span = self.span(&message.parent_file(), message.path());
        let mut marked = Vec::new();
        for field in message.fields() {
            let read = self.reader.field(&field);
            if let Some(kind) = read.primary_key {
                let column = if read.column.is_empty() { field.name().to_owned() } else { read.column };
                marked.push((kind, field.name().to_owned(), column));
            }
        }
        let composite = !options.primary_key.is_empty();
        if marked.len() > usize::from(!composite) {
            let (mend, word) = if composite {
                ("write either `primary_key` on the entity or on one field, not both", "primary_key")
            } else {
                ("keep `primary_key` on one field, or name all of them in the entity's `primary_key: [...]`", "")
            };
            let diagnostic =
                Diagnostic::at("arcana::two_keys", &span, format!("`{}` has more than one key", message.name()));
            self.found.push(if word.is_empty() { diagnostic.help(mend) } else { diagnostic.help(mend).word(word) });
        }
        let (key_kind, key_fields, key_columns) = if composite {
            let columns = options.primary_key.iter().map(|name| self.column_name(message, name)).collect();
            (KeyKind::Composite, options.primary_key.clone(), columns)
        } else if let Some((kind, field, column)) = marked.into_iter().next() {
            (kind, vec![field], vec![column])
        } else {
            (KeyKind::UuidV7, Vec::new(), Vec::new())
        };
        let table = if options.table.is_empty() { name::plural(message.name()) } else { options.table.clone() };
        Seed { message: message.clone(), options, table, key_kind, key_fields, key_columns, parent: None }
    }

    /// Column of a field; the name as it is if there is no such field, for `check` to find.
    pub(super) fn column_name(&self, message: &MessageDescriptor, field: &str) -> String {
        let column = message.get_field_by_name(field).map(|field| self.reader.field(&field).column);
        column.filter(|column| !column.is_empty()).unwrap_or_else(|| field.to_owned())
    }
}
