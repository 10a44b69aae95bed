//! What a generated entity tells the runtime: its shape as data, and how to read, write and change a row.

use serde_json::Value as Json;

use crate::access::Rule;
use crate::context::Context;
use crate::db::{Row, Value};
use crate::error::Result;
use crate::limits::Limit;
use crate::types::{Key, Timestamp};
use crate::violations::Violations;

/// A stored entity.
pub trait Entity: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Its key.
    type Id: Key;
    /// What a client may say when it creates or replaces a row.
    type New: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// What a client may say when it changes a row.
    type Patch: Clone + Send + Sync + From<Self::New> + 'static;
    /// Its shape, as data.
    const SPEC: &'static EntitySpec;

    /// The key of this row.
    fn id(&self) -> Self::Id;
    /// A row from the columns of [`EntitySpec::columns`], in order.
    fn read(row: &Row<'_>) -> Result<Self>;
    /// The values of [`EntitySpec::columns`] that are not hidden, in order.
    fn values(&self) -> Vec<Value>;
    /// A new row; `number` is the allotted key where the service allots numbers.
    fn create(new: Self::New, cx: &Context, number: i64) -> Self;
    /// Applies a change; what may not be changed is a violation.
    fn apply(&mut self, patch: Self::Patch, cx: &Context, found: &mut Violations);
    /// Checks the value rules: of what clients send, and of what the service computes.
    fn validate(&self, what: Validate, found: &mut Violations);
    /// The members that the runtime keeps.
    fn stamps(&mut self) -> Stamps<'_>;
    /// Version of the row, if it has one.
    fn version(&self) -> Option<i64>;
    /// The row as clients see it, for events and the audit; of an entity that has neither, nothing.
    fn shown(&self) -> Json {
        Json::Null
    }
    /// Owned child tables.
    fn owned() -> &'static [OwnedSpec<Self>] {
        &[]
    }
}

/// Which rules to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validate {
    /// Those of members that clients send.
    Input,
    /// All of them: what will be stored.
    Stored,
}

/// A child that is stored in a table of its own, together with its parent.
pub trait Child: Entity {
    /// The key that a client sent with the child, if any.
    fn sent_id(new: &Self::New) -> Option<Self::Id>;
}

/// The members that the runtime keeps.
#[derive(Default)]
pub struct Stamps<'a> {
    /// Counts the writes, from 1.
    pub version: Option<&'a mut i64>,
    /// Time of the insert.
    pub created_at: Option<&'a mut Timestamp>,
    /// Time of the last write.
    pub updated_at: Option<&'a mut Timestamp>,
}

/// One owned child table, seen from its parent.
pub struct OwnedSpec<P> {
    /// Field of the parent that lists the children.
    pub field: &'static str,
    /// Shape of the child.
    pub spec: fn() -> &'static EntitySpec,
    /// Values of each child, without the hidden columns.
    pub rows: fn(&P) -> Vec<Vec<Value>>,
    /// Empties the list before the children are read.
    pub clear: fn(&mut P),
    /// Adds a child that was read.
    pub push: fn(&mut P, &Row<'_>) -> Result<()>,
}

/// The shape of an entity, as data.
#[derive(Debug)]
pub struct EntitySpec {
    /// Name, such as `Order`.
    pub name: &'static str,
    /// Full name, such as `shop.v1.Order`.
    pub full_name: &'static str,
    /// Member of a request that holds a row, such as `order`.
    pub member: &'static str,
    /// Table.
    pub table: &'static str,
    /// Columns; of an owned child, the parent's key and `position` first.
    pub columns: &'static [ColumnSpec],
    /// Key columns.
    pub key: &'static [&'static str],
    /// Key fields, as routes and errors name them.
    pub key_fields: &'static [&'static str],
    /// Whether the service allots the numbers of the key.
    pub allotted: bool,
    /// Hidden columns at the start of an owned child: the parent's key and `position`.
    pub hidden: usize,
    /// Column of the optimistic lock.
    pub version: Option<&'static str>,
    /// Column of the last write.
    pub updated_at: Option<&'static str>,
    /// Whether deletes only mark the row.
    pub soft_delete: bool,
    /// Whether every change is an event.
    pub events: bool,
    /// Whether every change is kept for the audit.
    pub audit: bool,
    /// `SELECT … FROM …`.
    pub select: &'static str,
    /// Insert of all columns.
    pub insert: &'static str,
    /// Update of all columns by key.
    pub update: &'static str,
    /// Delete by key.
    pub delete: &'static str,
    /// Condition that binds a row to its owner, with one `?`.
    pub owner: Option<&'static str>,
    /// Column that binds a row to its tenant.
    pub tenant: Option<&'static str>,
    /// What must be unique.
    pub unique: &'static [Unique],
    /// What it refers to.
    pub references: &'static [Reference],
    /// Paths of references that answers may show as rows, such as `customer` and `lines.product`.
    pub expandable: &'static [&'static str],
    /// Where the words of its searchable fields are, if it has such fields.
    pub words: Option<Words>,
    /// What refers to it.
    pub referenced_by: &'static [Referrer],
    /// Who may do what.
    pub access: AccessSpec,
    /// How often and for how long, where the schema says so.
    pub limits: &'static [MethodLimits],
}

/// The words of searchable fields: a table of them, with the key of the row and the number of the field.
#[derive(Debug)]
pub struct Words {
    /// The table.
    pub table: &'static str,
    /// The fields.
    pub fields: &'static [Searched],
}

/// A field whose words are kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Searched {
    /// Column.
    pub column: &'static str,
    /// Number of the field.
    pub number: i32,
}

/// A derived method. Batches count as the method that they repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Derived {
    List,
    Get,
    Create,
    Update,
    Delete,
}

/// What bounds the calls of a derived method.
#[derive(Debug)]
pub struct MethodLimits {
    /// Which one.
    pub method: Derived,
    /// How often one caller may call it.
    pub limit: Option<&'static Limit>,
    /// Seconds until TIMEOUT.
    pub timeout_seconds: Option<u64>,
}

/// Rules of the derived methods.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct AccessSpec {
    pub list: Rule,
    pub get: Rule,
    pub create: Rule,
    pub update: Rule,
    pub delete: Rule,
}

impl AccessSpec {
    /// The rule of a method.
    pub fn of(&self, method: Derived) -> Rule {
        match method {
            Derived::List => self.list,
            Derived::Get => self.get,
            Derived::Create => self.create,
            Derived::Update => self.update,
            Derived::Delete => self.delete,
        }
    }
}

/// One column.
#[derive(Debug)]
pub struct ColumnSpec {
    /// Name in the database.
    pub name: &'static str,
    /// Name of the field.
    pub field: &'static str,
    /// How a value is written as text in a query.
    pub kind: Kind,
    /// May be NULL.
    pub nullable: bool,
    /// Lists may be filtered by it.
    pub filterable: bool,
    /// Lists may be ordered by it.
    pub sortable: bool,
}

/// How a value is written as text in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    I32,
    I64,
    U32,
    U64,
    F32,
    F64,
    Text,
    Uuid,
    Timestamp,
    Duration,
    Date,
    Decimal {
        precision: u32,
        scale: u32,
    },
    /// By name.
    Enum(&'static [&'static str]),
    Bytes,
    Json,
}

/// Values that no two (live) rows may share.
#[derive(Debug)]
pub struct Unique {
    /// Name of the index.
    pub name: &'static str,
    /// Fields, as errors name them.
    pub fields: &'static [&'static str],
    /// Columns.
    pub columns: &'static [&'static str],
    /// Condition of a partial index.
    pub condition: Option<&'static str>,
}

/// A reference to a row of another table.
#[derive(Debug)]
pub struct Reference {
    /// Name of the constraint.
    pub name: &'static str,
    /// Field, as errors name it.
    pub field: &'static str,
    /// Column.
    pub column: &'static str,
    /// Name of the entity that is referenced.
    pub entity: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Its key column.
    pub key: &'static str,
    /// Condition of a live row, if deletes only mark rows.
    pub condition: Option<&'static str>,
}

/// A column elsewhere that refers to this entity.
#[derive(Debug)]
pub struct Referrer {
    /// Its table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// The column that counts the writes of its row, if there is one.
    pub version: Option<&'static str>,
    /// What becomes of its row.
    pub on_delete: OnDelete,
    /// Condition of a live row.
    pub condition: Option<&'static str>,
}

/// What becomes of a row when the row it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The delete is refused.
    Restrict,
    /// It is deleted too.
    Cascade,
    /// The reference becomes NULL.
    SetNull,
}

impl EntitySpec {
    /// Columns that are fields of the entity.
    pub fn fields(&self) -> &'static [ColumnSpec] {
        self.columns.get(self.hidden..).unwrap_or_default()
    }

    /// The value of a column among those of all fields.
    pub(crate) fn value_of<'v>(&self, values: &'v [Value], column: &str) -> &'v Value {
        let at = self.fields().iter().position(|known| known.name == column);
        at.and_then(|at| values.get(at)).unwrap_or(&Value::Null)
    }

    /// The column of a field.
    pub fn column_of(&self, field: &str) -> Option<&'static ColumnSpec> {
        self.fields().iter().find(|column| column.field == field)
    }
}

/// Sets a member, if the change names it.
pub fn set<T>(member: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *member = value;
    }
}

/// Refuses a change of a member that never changes; the value it has is fine.
pub fn keep<T: PartialEq>(field: &str, member: &T, change: Option<&T>, found: &mut Violations) {
    if change.is_some_and(|value| value != member) {
        found.add(field, "immutable", "cannot be changed");
    }
}

/// Replaces the children of a parent by what the client sent: a child with a known id is changed, one without is new,
/// one that is missing goes, and an id that is not the parent's is refused.
pub fn merge_children<C: Child>(
    children: &mut Vec<C>,
    sent: Vec<C::New>,
    field: &str,
    cx: &Context,
    found: &mut Violations,
) {
    let mut known = std::mem::take(children);
    for (index, new) in sent.into_iter().enumerate() {
        let Some(id) = C::sent_id(&new) else {
            children.push(C::create(new, cx, 0));
            continue;
        };
        if let Some(at) = known.iter().position(|child| child.id() == id) {
            let mut child = known.swap_remove(at);
            found.item(field, index, |found| child.apply(new.into(), cx, found));
            children.push(child);
        } else {
            found.item(field, index, |found| {
                found.add("id", "owned.id", "is not the id of a child of this row; leave it out to add a new one");
            });
        }
    }
}
