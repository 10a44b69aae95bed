//! The model: what the schema says, complete and inert, for everything downstream to read.
//!
//! It knows no protobuf descriptor and no template. A *resource* is the shape that the API shows, an *entity* what is
//! stored; they are one to one by default. All lists are in schema order, files and entities sorted by full name, so
//! that what is rendered from the model is deterministic, and that a name is found without a look at all.

mod query;
mod service;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use query::{Parameter, Piece, Query, QueryDialect, QueryText, Rows};
pub use service::{Access, Binding, Grant, MethodOptions, Rpc, Service, Standard, StandardKind};

/// Everything the schema says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Model {
    /// Schema files of the project (not the imported standards), sorted by path.
    pub files: Vec<File>,
    /// What is stored, sorted by full name; owned children included.
    pub entities: Vec<Entity>,
    /// Tables that the runtime writes for the entities, sorted by full name; no resource shows them.
    pub stores: Vec<Entity>,
    /// What the API shows, sorted by full name; owned children included.
    pub resources: Vec<Resource>,
    /// Messages that are no entity: requests, answers, JSON values. Sorted by full name.
    pub messages: Vec<Message>,
    /// Enumerations, sorted by full name.
    pub enums: Vec<Enum>,
    /// Named queries, sorted by entity, in the order of their files.
    pub queries: Vec<Query>,
    /// Services: one per resource that has methods, and those the schema declares on their own. Sorted by full name.
    pub services: Vec<Service>,
}

/// One schema file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct File {
    /// Path below the schema folder, such as `shop/v1/order.proto`.
    pub path: String,
    /// Package, such as `shop.v1`.
    pub package: String,
    /// Comment above the `syntax` or `package` line, without markers.
    pub comment: String,
    /// Imports as written.
    pub imports: Vec<String>,
    /// Full names of the top-level messages, enums and services in the order of the file.
    pub declarations: Vec<String>,
    /// Where it names its package.
    pub span: Span,
}

/// Where something stands in the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Path below the schema folder.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Bytes in the text of the file.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

/// What is stored: one table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entity {
    /// Full name of the message, such as `shop.v1.Order`: the identity of the storage.
    pub full_name: String,
    /// Former full name (`moved_from`).
    pub moved_from: Option<String>,
    /// Name of the table.
    pub table: String,
    /// Columns in field order. Owned fields have none; an owned child starts with its parent's key columns and
    /// `position` (see [`Column::hidden`]); soft delete adds `deleted_at`.
    pub columns: Vec<Column>,
    /// The key.
    pub key: Key,
    /// Unique and plain indexes: declared ones and those that `unique`, `references` and `sortable` bring along.
    pub indexes: Vec<Index>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// The entity that this one is an owned child of.
    pub parent: Option<Parent>,
    /// Owned child tables, in field order.
    pub owned: Vec<Owned>,
    /// Deletes mark the row.
    pub soft_delete: bool,
    /// How a row's owner is found.
    pub owner: Option<OwnerPath>,
    /// Column of the tenant.
    pub tenant: Option<String>,
    /// Emits created, updated and deleted events.
    pub events: bool,
    /// Writes audit entries.
    pub audit: bool,
    /// Seconds that a cached row stays fresh.
    pub cache_ttl_seconds: Option<u32>,
    /// Column of the optimistic lock (`int64 version`).
    pub version: Option<String>,
    /// Column set on insert (`google.protobuf.Timestamp created_at`).
    pub created_at: Option<String>,
    /// Column set on every write (`google.protobuf.Timestamp updated_at`).
    pub updated_at: Option<String>,
    /// Holds nothing but what can be made anew from the rows of another table.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// Where the message stands.
    pub span: Span,
}

/// One column.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Name in the database.
    pub name: String,
    /// Name of the field that it stores; for a hidden column, its own name.
    pub field: String,
    /// Number of the field; 0 for hidden columns, which the lock keys by name.
    pub number: u32,
    /// Type of its values.
    pub ty: Type,
    /// May be NULL.
    pub nullable: bool,
    /// Stored default, as text, for rows that exist when the column is added.
    pub default: Option<String>,
    /// Longest text in characters.
    pub max_len: Option<u64>,
    /// Type in the words of the database.
    pub storage_type: Option<String>,
    /// The database numbers it, in the order of the inserts.
    pub sequence: bool,
    /// Made by the storage design, not a field: parent key, `position`, `deleted_at`.
    pub hidden: bool,
    /// Where the field stands.
    pub span: Span,
}

/// The key of an entity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Key {
    /// Where its values come from.
    pub kind: KeyKind,
    /// Fields of the key: one, or several for [`KeyKind::Composite`].
    pub fields: Vec<String>,
    /// Columns in the same order.
    pub columns: Vec<String>,
}

/// Where the value of a key comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum KeyKind {
    /// UUID of version 7, made by the service.
    #[default]
    UuidV7,
    /// Number, allotted by the service.
    Int64,
    /// Number, given by the client.
    Int64Client,
    /// Text, given by the client.
    String,
    /// Several fields, given by the client.
    Composite,
}

/// One index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Name in the database: `<table>_<columns>_idx` or `_key` if unique.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<String>,
    /// No two (live) rows share the values.
    pub unique: bool,
    /// Condition of a partial index; soft delete makes unique indexes partial.
    pub condition: Option<String>,
}

/// Longest name, in bytes, that every database takes: PostgreSQL cuts off what is longer.
pub const NAME_MAX: usize = 63;

/// A name of at most [`NAME_MAX`] bytes: a longer one ends in a hash of the whole.
pub fn short_name(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let hash: String = Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut end = NAME_MAX - hash.len() - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}", name.get(..end).unwrap_or_default())
}

/// A reference to another table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ForeignKey {
    /// Field that holds the key.
    pub field: String,
    /// Columns that hold the key.
    pub columns: Vec<String>,
    /// Full name of the entity that is referenced.
    pub entity: String,
    /// Its table.
    pub table: String,
    /// Its key columns.
    pub key_columns: Vec<String>,
    /// What happens when the referenced row is deleted.
    pub on_delete: OnDelete,
}

/// What happens to a row when the row it references is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum OnDelete {
    /// Refused.
    #[default]
    Restrict,
    /// Deleted too.
    Cascade,
    /// Reference becomes NULL.
    SetNull,
}

/// The entity an owned child belongs to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Parent {
    /// Full name of the parent entity.
    pub entity: String,
    /// Field of the parent that lists the children.
    pub field: String,
    /// Column of the child that holds the parent's key, such as `order_id`.
    pub column: String,
}

/// An owned child table, seen from the parent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Owned {
    /// Field that lists the children.
    pub field: String,
    /// Full name of the child entity.
    pub entity: String,
}

/// From a row to its owner: follow `steps`, then compare `column` with the principal.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OwnerPath {
    /// The path as written.
    pub path: String,
    /// References to follow, first one from the entity's own table.
    pub steps: Vec<OwnerStep>,
    /// Column of the last table (the entity's own if there are no steps) that holds the principal's id.
    pub column: String,
}

/// One reference on the way to the owner.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OwnerStep {
    /// Column that holds the key.
    pub column: String,
    /// Table that is referenced.
    pub table: String,
    /// Its key column.
    pub key_column: String,
}

/// What the API shows of an entity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Resource {
    /// Full name, such as `shop.v1.Order`.
    pub full_name: String,
    /// Package, such as `shop.v1`.
    pub package: String,
    /// Name, such as `Order`.
    pub name: String,
    /// Plural in snake_case, such as `orders`; last segment of the collection path.
    pub plural: String,
    /// Collection path, such as `/api/v1/orders`.
    pub path: String,
    /// Full name of the entity that stores it.
    pub entity: String,
    /// Comment, without markers.
    pub comment: String,
    /// Fields in schema order.
    pub fields: Vec<Field>,
    /// Numbers and names the schema reserves.
    pub reserved: Reserved,
    /// Derived methods, in the order list, get, create, update, delete.
    pub methods: Vec<Standard>,
    /// Those of them that also come for several rows in one call, in the same order.
    pub batches: Vec<StandardKind>,
    /// File it stands in.
    pub file: String,
    /// Where it stands.
    pub span: Span,
}

/// Reserved numbers and names of a message or enum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reserved {
    /// Inclusive ranges.
    pub ranges: Vec<(i32, i32)>,
    /// Names.
    pub names: Vec<String>,
}

/// One field of a resource or message.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Field {
    /// Name, as written.
    pub name: String,
    /// Number on the wire.
    pub number: u32,
    /// Comment, without markers.
    pub comment: String,
    /// Type.
    pub ty: Type,
    /// Part that the generator knows by name or annotation.
    pub role: FieldRole,
    /// `optional` in the schema: may be null.
    pub optional: bool,
    /// REQUIRED.
    pub required: bool,
    /// OUTPUT_ONLY (also: keys that the service makes, version, created_at, updated_at).
    pub output_only: bool,
    /// IMMUTABLE (also: keys that the client gives).
    pub immutable: bool,
    /// INPUT_ONLY.
    pub input_only: bool,
    /// Never leaves the service.
    pub sensitive: bool,
    /// `debug_redact = true`, or sensitive: no text for those who look for faults shows it, and no answer is kept that holds it.
    pub redacted: bool,
    /// Not part of the contract.
    pub internal: bool,
    /// Unique among live rows.
    pub unique: bool,
    /// Lists may be filtered by it.
    pub filterable: bool,
    /// Lists may be ordered by it.
    pub sortable: bool,
    /// The parameter `q` of lists looks for words in it.
    pub searchable: bool,
    /// int64 as a JSON string (`jstype = JS_STRING`).
    pub json_string: bool,
    /// Default, as text (enum value name, number, text).
    pub default: Option<String>,
    /// Example, as text.
    pub example: Option<String>,
    /// Value rules (`buf.validate`).
    pub rules: Vec<Rule>,
    /// Scalar type on the wire, where the value rules name another than the usual one, such as `sint32`.
    pub wire: Option<String>,
    /// The options `[...]` of the field as they appear in the published contract: google.api and buf.validate only,
    /// in protobuf text, such as `(buf.validate.field).string.max_len = 32`.
    pub contract_options: Vec<String>,
    /// The reference whose row it shows, for [`FieldRole::Expanded`].
    pub expands: Option<String>,
    /// `deprecated = true`.
    pub deprecated: bool,
    /// Where it stands.
    pub span: Span,
}

/// The part a field plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum FieldRole {
    #[default]
    Plain,
    Key,
    Version,
    CreatedAt,
    UpdatedAt,
    /// List of owned children.
    Owned,
    /// Shows the row that a reference is to; stored nowhere.
    Expanded,
}

/// Types of values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub enum Type {
    /// bool
    Bool,
    /// int32, sint32, sfixed32
    I32,
    /// int64, sint64, sfixed64
    I64,
    /// uint32, fixed32
    U32,
    /// uint64, fixed64 (stored up to 2^63-1)
    U64,
    /// float
    F32,
    /// double
    F64,
    /// string
    #[default]
    String,
    /// bytes
    Bytes,
    /// string that is a decimal number
    Decimal {
        /// Digits in total.
        precision: u32,
        /// Digits behind the point.
        scale: u32,
    },
    /// google.protobuf.Timestamp
    Timestamp,
    /// google.protobuf.Duration
    Duration,
    /// google.type.Date
    Date,
    /// google.protobuf.Struct
    Struct,
    /// The key (or a part of a composite key) of an entity: its own, or that of a reference.
    Id {
        /// Full name of the entity whose key it is.
        entity: String,
        /// Kind of that key; never Composite (a part of one has the kind of its value).
        kind: KeyKind,
    },
    /// Enumeration, by full name.
    Enum(String),
    /// Message that is no entity, by full name; stored as JSON.
    Message(String),
    /// Owned child entity or answer resource, by full name.
    Resource(String),
    /// repeated
    List(Box<Type>),
    /// map
    Map(Box<Type>, Box<Type>),
}

/// A value rule of `buf.validate`, on the field or on the items of its list (`Items`, `Keys`, `Values`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub enum Rule {
    /// Characters.
    MinLen(u64),
    MaxLen(u64),
    /// Bytes of a string or of bytes.
    MinBytes(u64),
    MaxBytes(u64),
    Pattern(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    NotContains(String),
    Email,
    Hostname,
    Uri,
    Uuid,
    Ip,
    /// Values as text: numbers in decimal, enum values by number.
    Const(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Gt(String),
    Gte(String),
    Lt(String),
    Lte(String),
    /// Not NaN nor infinite.
    Finite,
    /// Only values the enum declares.
    DefinedOnly,
    /// Not the zero value of the enum.
    Specified,
    MinItems(u64),
    MaxItems(u64),
    Unique,
    MinPairs(u64),
    MaxPairs(u64),
    LtNow,
    GtNow,
    Items(Vec<Rule>),
    Keys(Vec<Rule>),
    Values(Vec<Rule>),
}

/// Whether rules let a value of an enum pass, by its number.
pub fn passes(rules: &[Rule], number: i32) -> bool {
    let is_one = |values: &[String]| values.iter().any(|value| *value == number.to_string());
    rules.iter().all(|rule| match rule {
        Rule::Specified => number != 0,
        Rule::Const(only) => *only == number.to_string(),
        Rule::In(values) => is_one(values),
        Rule::NotIn(values) => !is_one(values),
        _ => true,
    })
}

/// A message that is no entity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Message {
    /// Full name.
    pub full_name: String,
    /// Package.
    pub package: String,
    /// Name; nested messages join with `_`... as `Outer.Inner`.
    pub name: String,
    /// Comment, without markers.
    pub comment: String,
    /// Fields in schema order.
    pub fields: Vec<Field>,
    /// What logic sends it as, if it does.
    pub outbox: Option<Outbox>,
    /// Reserved numbers and names.
    pub reserved: Reserved,
    /// File it stands in.
    pub file: String,
    /// Where it stands.
    pub span: Span,
}

/// What a message is that goes through the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Outbox {
    /// It happened.
    Event,
    /// It is to be done.
    Job,
}

/// An enumeration.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Enum {
    /// Full name.
    pub full_name: String,
    /// Package.
    pub package: String,
    /// Name.
    pub name: String,
    /// Comment, without markers.
    pub comment: String,
    /// Values in schema order; no aliases.
    pub values: Vec<EnumValue>,
    /// Reserved numbers and names.
    pub reserved: Reserved,
    /// File it stands in.
    pub file: String,
    /// Where it stands.
    pub span: Span,
}

/// One value of an enumeration.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EnumValue {
    /// Name as written, such as `ORDER_STATUS_OPEN`: what JSON and storage show.
    pub name: String,
    /// Name without the prefix of the enum, in camel case as in Rust, such as `LightBlue`.
    pub variant: String,
    /// Number on the wire.
    pub number: i32,
    /// Comment, without markers.
    pub comment: String,
    /// Where it stands.
    pub span: Span,
}

impl Model {
    /// Whether a message has such a field, itself or in what it holds.
    pub fn holds(&self, message: &Message, is_meant: impl Fn(&Field) -> bool) -> bool {
        let mut open = vec![message];
        let mut seen = BTreeSet::from([&message.full_name]);
        while let Some(message) = open.pop() {
            for field in &message.fields {
                if is_meant(field) {
                    return true;
                }
                // A message may hold lists of itself.
                if let Type::Message(name) = field.ty.innermost()
                    && seen.insert(name)
                {
                    open.extend(self.message(name));
                }
            }
        }
        false
    }

    /// The entity of that full name.
    pub fn entity(&self, full_name: &str) -> Option<&Entity> {
        find(&self.entities, |entity| &entity.full_name, full_name)
    }

    /// The table of the words in an entity's searchable fields, if it has such fields.
    pub fn words_of(&self, entity: &str) -> Option<&Entity> {
        find(&self.stores, |store| &store.full_name, &Entity::words_name(entity))
    }

    /// The resource of that full name.
    pub fn resource(&self, full_name: &str) -> Option<&Resource> {
        find(&self.resources, |resource| &resource.full_name, full_name)
    }

    /// The message of that full name.
    pub fn message(&self, full_name: &str) -> Option<&Message> {
        find(&self.messages, |message| &message.full_name, full_name)
    }

    /// The enumeration of that full name.
    pub fn enumeration(&self, full_name: &str) -> Option<&Enum> {
        find(&self.enums, |enumeration| &enumeration.full_name, full_name)
    }

    /// The file of that path.
    pub fn file(&self, path: &str) -> Option<&File> {
        find(&self.files, |file| &file.path, path)
    }

    /// The service that carries a resource's methods.
    pub fn service_of(&self, resource: &str) -> Option<&Service> {
        find(&self.services, |service| &service.full_name, &Service::name_for(resource))
            .filter(|service| service.resource.as_deref() == Some(resource))
    }
}

/// By the name that the list is sorted by.
fn find<'a, T>(sorted: &'a [T], name_of: impl Fn(&T) -> &String, name: &str) -> Option<&'a T> {
    let at = sorted.binary_search_by(|one| name_of(one).as_str().cmp(name)).ok()?;
    sorted.get(at)
}

impl Type {
    /// The type of the values in lists and maps.
    pub fn innermost(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(_, inner) => inner.innermost(),
            other => other,
        }
    }
}

impl Field {
    /// Whether the parameter `q` looks for words in it; what else says so is refused.
    pub fn is_searched(&self) -> bool {
        self.searchable && self.ty == Type::String
    }
}

impl Resource {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Entity {
    /// What the table of the words of an entity is called among the entities: like no message, which starts with a capital.
    pub fn words_name(entity: &str) -> String {
        format!("{entity}.words")
    }

    /// The column that stores a field.
    pub fn column_of(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }
}
