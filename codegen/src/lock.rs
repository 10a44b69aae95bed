//! The lock: the storage state that the sealed migrations lead to, independent of any database.
//!
//! Tables are known by the full name of their entity and columns by the number of their field, so that a new name is
//! a rename and not a loss. A number that was removed leaves a tombstone and is never used again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{self, KeyKind, Model, OnDelete, Type};

/// Version of the file format.
const FORMAT: u32 = 1;

/// The storage state of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the file format.
    pub format: u32,
    /// Tables by the full name of their entity.
    pub tables: BTreeMap<String, Table>,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name in the database.
    pub name: String,
    /// Former full name of the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// Columns in schema order.
    pub columns: Vec<Column>,
    /// Columns of the primary key.
    pub key: Vec<String>,
    /// References to other tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Holds nothing but what can be made anew from the rows of another table.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// Names of removed fields by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tombstones: BTreeMap<u32, String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Number of the field; 0 for a hidden column, which its name identifies.
    pub number: u32,
    /// Name in the database.
    pub name: String,
    /// Type of its values.
    #[serde(rename = "type")]
    pub storage: Storage,
    /// May be NULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// Value of rows that exist when the column is added, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Longest text in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_len: Option<u64>,
    /// Type in the words of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// The database numbers it, in the order of the inserts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sequence: bool,
}

/// How values are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Storage {
    Bool,
    I32,
    I64,
    U32,
    U64,
    F32,
    F64,
    String,
    Bytes,
    Uuid,
    Decimal {
        precision: u32,
        scale: u32,
    },
    Timestamp,
    Duration,
    Date,
    /// An object as JSON text.
    JsonObject,
    /// An array as JSON text.
    JsonArray,
    /// One of these names.
    Enum {
        name: String,
        values: Vec<String>,
    },
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// Columns that hold the key.
    pub columns: Vec<String>,
    /// Full name of the entity that is referenced.
    pub entity: String,
    /// Its key columns.
    pub key_columns: Vec<String>,
    /// What happens when the referenced row is deleted.
    pub on_delete: Action,
}

/// What happens to a row when the row it references is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Action {
    Restrict,
    Cascade,
    SetNull,
}

impl Action {
    /// As all databases write it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
        }
    }
}

/// One index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Name in the database.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<String>,
    /// No two rows share the values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Condition of a partial index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

impl Default for Lock {
    fn default() -> Self {
        Self { format: FORMAT, tables: BTreeMap::new() }
    }
}

impl Lock {
    /// The state that a model asks for.
    pub fn of(model: &Model) -> Self {
        let tables = model
            .entities
            .iter()
            .chain(&model.stores)
            .map(|entity| (entity.full_name.clone(), Table::of(entity, model)));
        Self { format: FORMAT, tables: tables.collect() }
    }

    /// The state that a model asks for, with the tombstones that `sealed` and the difference leave.
    pub fn after(sealed: &Self, model: &Model) -> Self {
        let mut lock = Self::of(model);
        for (entity, table) in &mut lock.tables {
            let former = sealed
                .tables
                .get(entity)
                .or_else(|| table.moved_from.as_ref().and_then(|moved_from| sealed.tables.get(moved_from)));
            let Some(former) = former else { continue };
            table.tombstones = former.tombstones.clone();
            for column in former.columns.iter().filter(|column| column.number != 0) {
                if table.columns.iter().all(|other| other.number != column.number) {
                    table.tombstones.insert(column.number, column.name.clone());
                }
            }
        }
        lock
    }

    /// Reads the text of a lock.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let lock: Self = serde_json::from_str(text)?;
        if lock.format == FORMAT {
            Ok(lock)
        } else {
            Err(serde::de::Error::custom(format!(
                "format {} is not known to this version of arcana-codegen, which knows {FORMAT}; raise its version",
                lock.format
            )))
        }
    }

    /// Its text: the same for the same state.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists always serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Table {
    fn of(entity: &model::Entity, model: &Model) -> Self {
        Self {
            name: entity.table.clone(),
            moved_from: entity.moved_from.clone(),
            columns: entity.columns.iter().map(|column| Column::of(column, model)).collect(),
            key: entity.key.columns.clone(),
            foreign_keys: entity.foreign_keys.iter().map(ForeignKey::of).collect(),
            indexes: entity.indexes.iter().map(Index::of).collect(),
            derived: entity.derived,
            tombstones: BTreeMap::new(),
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column that is the same one as `other`, in another state.
    pub fn same(&self, other: &Column) -> Option<&Column> {
        self.columns.iter().find(|column| column.is(other))
    }
}

impl Column {
    fn of(column: &model::Column, model: &Model) -> Self {
        Self {
            number: column.number,
            name: column.name.clone(),
            storage: Storage::of(&column.ty, model),
            nullable: column.nullable,
            default: column.default.clone(),
            max_len: column.max_len,
            storage_type: column.storage_type.clone(),
            sequence: column.sequence,
        }
    }

    /// Whether both are the same column, in two states.
    pub fn is(&self, other: &Self) -> bool {
        self.number == other.number && (self.number != 0 || self.name == other.name)
    }
}

impl Storage {
    fn of(ty: &Type, model: &Model) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::I32 => Self::I32,
            Type::I64 => Self::I64,
            Type::U32 => Self::U32,
            Type::U64 => Self::U64,
            Type::F32 => Self::F32,
            Type::F64 => Self::F64,
            Type::String => Self::String,
            Type::Bytes => Self::Bytes,
            Type::Decimal { precision, scale } => Self::Decimal { precision: *precision, scale: *scale },
            Type::Timestamp => Self::Timestamp,
            Type::Duration => Self::Duration,
            Type::Date => Self::Date,
            Type::Id { kind: KeyKind::UuidV7, .. } => Self::Uuid,
            Type::Id { kind: KeyKind::Int64 | KeyKind::Int64Client, .. } => Self::I64,
            Type::Id { kind: KeyKind::String | KeyKind::Composite, .. } => Self::String,
            Type::Enum(name) => Self::Enum {
                name: name.clone(),
                values: model
                    .enumeration(name)
                    .map(|found| found.values.iter().map(|value| value.name.clone()).collect())
                    .unwrap_or_default(),
            },
            Type::List(_) => Self::JsonArray,
            Type::Struct | Type::Message(_) | Type::Resource(_) | Type::Map(..) => Self::JsonObject,
        }
    }
}

impl ForeignKey {
    fn of(key: &model::ForeignKey) -> Self {
        Self {
            columns: key.columns.clone(),
            entity: key.entity.clone(),
            key_columns: key.key_columns.clone(),
            on_delete: match key.on_delete {
                OnDelete::Restrict => Action::Restrict,
                OnDelete::Cascade => Action::Cascade,
                OnDelete::SetNull => Action::SetNull,
            },
        }
    }
}

impl Index {
    fn of(index: &model::Index) -> Self {
        Self {
            name: index.name.clone(),
            columns: index.columns.clone(),
            unique: index.unique,
            condition: index.condition.clone(),
        }
    }
}
