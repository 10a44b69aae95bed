//! What is stored: columns, references, owners.

use crate::annotation::FieldOptions;
use crate::diagnostic::Diagnostic;
use crate::lower::Lowering;
use crate::lower::field::Lowered;
use crate::lower::seed::Seed;
use crate::model::{
    Column, Entity, Field, FieldRole, ForeignKey, Key, KeyKind, OnDelete, Owned, OwnerPath, OwnerStep, Parent, Rule,
    Span, Type,
};

/// Column that marks a deleted row.
pub(super) const DELETED_AT: &str = "deleted_at";
/// Column of a child that holds its place in the list.
pub(super) const POSITION: &str = "position";

impl Lowering<'_> {
    pub(super) fn entity(&mut self, seed: &Seed, fields: &[Lowered], span: &Span) -> Entity {
        let options = &seed.options;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let column_with = |role: FieldRole| {
            fields.iter().find(|(field, _)| field.role == role).map(|(field, options)| column_name(field, options))
        };
        let mut entity = Entity {
            full_name: seed.full_name().to_owned(),
            moved_from: some(&options.moved_from),
            table: seed.table.clone(),
            columns: Vec::new(),
            key: Key { kind: seed.key_kind, fields: seed.key_fields.clone(), columns: seed.key_columns.clone() },
            indexes: Vec::new(),
            foreign_keys: self.foreign_keys(fields),
            parent: None,
            owned: fields.iter().filter_map(|(field, _)| owned(field)).collect(),
            soft_delete: options.soft_delete,
            owner: some(&options.owner).map(|path| self.owner(seed, path)),
            tenant: some(&options.tenant).map(|field| self.column_name(&seed.message, &field)),
            events: options.events,
            audit: options.audit,
            cache_ttl_seconds: options.cache_ttl_seconds,
            version: column_with(FieldRole::Version),
            created_at: column_with(FieldRole::CreatedAt),
            updated_at: column_with(FieldRole::UpdatedAt),
            derived: false,
            span: span.clone(),
        };
        self.adopt(seed, &mut entity, span);
        entity.columns.extend(fields.iter().filter(|(field, _)| is_stored(field)).map(|lowered| {
            let (field, options) = lowered;
            self.column(field, options)
        }));
        if options.soft_delete {
            let ty = Type::Timestamp;
            entity.columns.push(Column { nullable: true, ..hidden(DELETED_AT, ty, None, span) });
        }
        entity.indexes = self.indexes(seed, &entity, fields);
        entity
    }

    /// Gives a child its parent, and the columns that bind it to it.
    fn adopt(&mut self, seed: &Seed, entity: &mut Entity, span: &Span) {
        let Some((parent_name, field)) = &seed.parent else { return };
        let Some(parent) = self.seeds.get(parent_name) else { return };
        if parent.key_kind == KeyKind::Composite {
            self.found.push(
                Diagnostic::at(
                    "arcana::owned_composite",
                    span,
                    format!("`{parent_name}` owns a list, but its key has several fields"),
                )
                .help("give the owning entity a single key"),
            );
            return;
        }
        let column = parent.child_column();
        let ty = Type::Id { entity: parent_name.clone(), kind: parent.key_kind };
        entity.columns.push(hidden(&column, ty, None, span));
        entity.columns.push(hidden(POSITION, Type::I32, Some("0"), span));
        entity.foreign_keys.insert(
            0,
            ForeignKey {
                field: column.clone(),
                columns: vec![column.clone()],
                entity: parent_name.clone(),
                table: parent.table.clone(),
                key_columns: parent.key_columns.clone(),
                on_delete: OnDelete::Cascade,
            },
        );
        entity.parent = Some(Parent { entity: parent_name.clone(), field: field.clone(), column });
    }

    fn column(&self, field: &Field, options: &FieldOptions) -> Column {
        Column {
            name: column_name(field, options),
            field: field.name.clone(),
            number: field.number,
            ty: field.ty.clone(),
            nullable: field.optional,
            default: self.column_default(field),
            max_len: max_len(field),
            storage_type: (!options.storage_type.is_empty()).then(|| options.storage_type.clone()),
            sequence: options.sequence,
            hidden: false,
            span: field.span.clone(),
        }
    }

    /// What existing rows hold when the column is added: the declared default, else the zero value. Keys have none, nor has
    /// what must be given: nobody said it for these rows.
    fn column_default(&self, field: &Field) -> Option<String> {
        if field.role == FieldRole::Plain && field.default.is_some() {
            return field.default.clone();
        }
        let is_given = field.required && !field.output_only && field.role == FieldRole::Plain;
        if field.optional || is_given || field.role == FieldRole::Key {
            return None;
        }
        let zero = match &field.ty {
            Type::Bool => "false".to_owned(),
            Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::F32 | Type::F64 => "0".to_owned(),
            Type::String | Type::Bytes => String::new(),
            Type::Decimal { .. } => "0".to_owned(),
            Type::Timestamp => "1970-01-01T00:00:00Z".to_owned(),
            Type::Duration => "0s".to_owned(),
            Type::Date => "1970-01-01".to_owned(),
            Type::Enum(name) => self.zero_value(name)?,
            Type::List(_) => "[]".to_owned(),
            Type::Struct | Type::Message(_) | Type::Map(..) => "{}".to_owned(),
            Type::Id { .. } | Type::Resource(_) => return None,
        };
        Some(zero)
    }

    /// Name of the value 0 of an enum.
    fn zero_value(&self, name: &str) -> Option<String> {
        let pool = self.seeds.values().next()?.message.parent_pool().clone();
        pool.get_enum_by_name(name)?.get_value(0).map(|value| value.name().to_owned())
    }

    fn foreign_keys(&self, fields: &[Lowered]) -> Vec<ForeignKey> {
        let references = fields.iter().filter(|(_, options)| !options.references.is_empty());
        references
            .map(|(field, options)| {
                let target = self.seeds.get(&options.references);
                ForeignKey {
                    field: field.name.clone(),
                    columns: vec![column_name(field, options)],
                    entity: options.references.clone(),
                    table: target.map(|target| target.table.clone()).unwrap_or_default(),
                    key_columns: target.map(|target| target.key_columns.clone()).unwrap_or_default(),
                    on_delete: options.on_delete.unwrap_or_default(),
                }
            })
            .collect()
    }

    /// Follows an owner path; one that leads nowhere has no column, which `check` reports.
    fn owner(&self, seed: &Seed, path: String) -> OwnerPath {
        let mut owner = OwnerPath { path: path.clone(), ..OwnerPath::default() };
        let mut current = seed;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let Some(field) = current.message.get_field_by_name(part) else { return owner };
            let column = self.column_name(&current.message, part);
            if parts.peek().is_none() {
                owner.column = column;
                return owner;
            }
            let Some(target) = self.seeds.get(&self.reader.field(&field).references) else { return owner };
            owner.steps.push(OwnerStep {
                column,
                table: target.table.clone(),
                key_column: target.key_columns.first().cloned().unwrap_or_default(),
            });
            current = target;
        }
        owner
    }
}

pub(super) fn column_name(field: &Field, options: &FieldOptions) -> String {
    if options.column.is_empty() { field.name.clone() } else { options.column.clone() }
}

fn hidden(name: &str, ty: Type, default: Option<&str>, span: &Span) -> Column {
    Column {
        name: name.to_owned(),
        field: name.to_owned(),
        ty,
        default: default.map(str::to_owned),
        hidden: true,
        span: span.clone(),
        ..Column::default()
    }
}

/// Has a column of its own.
fn is_stored(field: &Field) -> bool {
    !matches!(field.role, FieldRole::Owned | FieldRole::Expanded)
}

fn owned(field: &Field) -> Option<Owned> {
    match (&field.ty, field.role) {
        (Type::List(item), FieldRole::Owned) => match item.as_ref() {
            Type::Resource(entity) => Some(Owned { field: field.name.clone(), entity: entity.clone() }),
            _ => None,
        },
        _ => None,
    }
}

fn max_len(field: &Field) -> Option<u64> {
    let lengths = field.rules.iter().filter_map(|rule| match rule {
        Rule::MaxLen(length) | Rule::MaxBytes(length) => Some(*length),
        _ => None,
    });
    lengths.min().filter(|_| matches!(field.ty, Type::String | Type::Id { .. } | Type::Bytes))
}
