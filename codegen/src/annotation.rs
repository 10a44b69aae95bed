//! Options of the schema as plain structs: `arcana.*`, `google.api.*` and `buf.validate`.

mod contract;
mod read;
mod rules;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, MessageDescriptor, MethodDescriptor};

use crate::model::{KeyKind, MethodOptions, OnDelete, Outbox, Rule, StandardKind};
use read::{children, extension, flag, number, symbol, symbols, text, texts};

/// `option (arcana.entity)`.
#[derive(Debug, Clone, Default)]
pub struct EntityOptions {
    /// Name of the table.
    pub table: String,
    /// Access rules as written, in the order of the standard methods.
    pub access: [String; 5],
    /// Path to the owner.
    pub owner: String,
    /// Field of the tenant.
    pub tenant: String,
    /// Deletes mark the row.
    pub soft_delete: bool,
    /// Emits events.
    pub events: bool,
    /// Writes audit entries.
    pub audit: bool,
    /// Seconds that a cached row stays fresh.
    pub cache_ttl_seconds: Option<u32>,
    /// Declared indexes.
    pub indexes: Vec<IndexOptions>,
    /// Names of the methods as declared, such as `LIST` or `NONE`; empty: all.
    pub methods: Vec<String>,
    /// Fields of a composite key.
    pub primary_key: Vec<String>,
    /// Former full name.
    pub moved_from: String,
}

/// One of `indexes`.
#[derive(Debug, Clone, Default)]
pub struct IndexOptions {
    /// Fields in order.
    pub fields: Vec<String>,
    /// No two live rows share the values.
    pub unique: bool,
    /// SQL condition.
    pub condition: String,
}

/// Options of a field.
#[derive(Debug, Clone, Default)]
pub struct FieldOptions {
    /// Source of the key.
    pub primary_key: Option<KeyKind>,
    /// The database gives the key.
    pub sequence: bool,
    /// Name of the column.
    pub column: String,
    /// Type in the words of the database.
    pub storage_type: String,
    /// No two live rows share the value.
    pub unique: bool,
    /// Full name of the referenced entity.
    pub references: String,
    /// What happens when the referenced row goes.
    pub on_delete: Option<OnDelete>,
    /// Answers may show the row it refers to.
    pub expandable: bool,
    /// Lists may be filtered by it.
    pub filterable: bool,
    /// Lists may be ordered by it.
    pub sortable: bool,
    /// Full text looks into it.
    pub searchable: bool,
    /// Never leaves the service.
    pub sensitive: bool,
    /// `debug_redact`, which prost-types does not know.
    pub redacted: bool,
    /// Not part of the contract.
    pub internal: bool,
    /// Default as text.
    pub default: String,
    /// Precision and scale.
    pub decimal: Option<(i32, i32)>,
    /// Child table.
    pub owned: bool,
    /// Example as text.
    pub example: String,
    /// `google.api.field_behavior`, by name.
    pub behaviors: Vec<String>,
    /// `buf.validate`.
    pub rules: FieldRules,
    /// Options as the published contract shows them.
    pub contract: Vec<String>,
}

/// `(buf.validate.field)`.
#[derive(Debug, Clone, Default)]
pub struct FieldRules {
    /// Rules that are understood.
    pub rules: Vec<Rule>,
    /// `required`.
    pub required: bool,
    /// Type that the rules are for, such as `string` or `repeated`.
    pub kind: Option<String>,
    /// Same for the items of a list or the values of a map.
    pub item_kind: Option<String>,
    /// Same for the keys of a map.
    pub key_kind: Option<String>,
    /// Rules that are not understood, such as `string.ulid`.
    pub unsupported: Vec<String>,
}

/// One route of `google.api.http`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpBinding {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, or empty for a `custom` pattern.
    pub method: String,
    /// Template.
    pub path: String,
    /// Body.
    pub body: String,
    /// `response_body`, which is not supported.
    pub response_body: String,
}

/// Options of an rpc.
#[derive(Debug, Clone, Default)]
pub struct RpcOptions {
    /// Access rule as written.
    pub access: String,
    /// The rest.
    pub options: MethodOptions,
    /// Routes, the main one first.
    pub bindings: Vec<HttpBinding>,
}

/// Reads options; it knows the extensions that the schema imports.
#[derive(Debug)]
pub struct Reader {
    entity: Option<ExtensionDescriptor>,
    event: Option<ExtensionDescriptor>,
    job: Option<ExtensionDescriptor>,
    field: Option<ExtensionDescriptor>,
    method: Option<ExtensionDescriptor>,
    http: Option<ExtensionDescriptor>,
    resource: Option<ExtensionDescriptor>,
    behavior: Option<ExtensionDescriptor>,
    validate_field: Option<ExtensionDescriptor>,
    validate_message: Option<ExtensionDescriptor>,
}

impl Reader {
    /// Looks the extensions up.
    pub fn new(pool: &DescriptorPool) -> Self {
        let find = |name: &str| pool.get_extension_by_name(name);
        Self {
            entity: find("arcana.entity"),
            event: find("arcana.event"),
            job: find("arcana.job"),
            field: find("arcana.field"),
            method: find("arcana.method"),
            http: find("google.api.http"),
            resource: find("google.api.resource"),
            behavior: find("google.api.field_behavior"),
            validate_field: find("buf.validate.field"),
            validate_message: find("buf.validate.message"),
        }
    }

    /// Options of an entity; none if the message is no entity.
    pub fn entity(&self, message: &MessageDescriptor) -> Option<EntityOptions> {
        let options = extension(&message.options(), self.entity.as_ref())?;
        let access = children(&options, "access").into_iter().next();
        let rule = |name: &str| access.as_ref().map(|access| text(access, name)).unwrap_or_default();
        let cache = children(&options, "cache").into_iter().next();
        Some(EntityOptions {
            table: text(&options, "table"),
            access: StandardKind::ALL.map(|kind| rule(kind.name())),
            owner: text(&options, "owner"),
            tenant: text(&options, "tenant"),
            soft_delete: flag(&options, "soft_delete"),
            events: flag(&options, "events"),
            audit: flag(&options, "audit"),
            cache_ttl_seconds: cache.and_then(|cache| u32::try_from(number(&cache, "ttl_seconds")).ok()),
            indexes: children(&options, "indexes")
                .iter()
                .map(|index| IndexOptions {
                    fields: texts(index, "fields"),
                    unique: flag(index, "unique"),
                    condition: text(index, "where"),
                })
                .collect(),
            methods: symbols(&options, "methods"),
            primary_key: texts(&options, "primary_key"),
            moved_from: text(&options, "moved_from"),
        })
    }

    /// Whether a message goes through the outbox, and as what.
    pub fn outbox(&self, message: &MessageDescriptor) -> Option<Outbox> {
        let options = message.options();
        let is = |known: &Option<ExtensionDescriptor>| extension(&options, known.as_ref()).is_some();
        is(&self.event).then_some(Outbox::Event).or_else(|| is(&self.job).then_some(Outbox::Job))
    }

    /// Options of a field.
    pub fn field(&self, field: &FieldDescriptor) -> FieldOptions {
        let all = field.options();
        let redacted = flag(&all, "debug_redact");
        let mut read = FieldOptions { contract: contract::options_text(&all), redacted, ..FieldOptions::default() };
        if let Some(options) = extension(&all, self.field.as_ref()) {
            let decimal = children(&options, "decimal").into_iter().next();
            read = FieldOptions {
                primary_key: match symbol(&options, "primary_key").as_deref() {
                    Some("UUID_V7") => Some(KeyKind::UuidV7),
                    Some("INT64" | "SEQUENCE") => Some(KeyKind::Int64),
                    Some("INT64_CLIENT") => Some(KeyKind::Int64Client),
                    Some("STRING") => Some(KeyKind::String),
                    _ => None,
                },
                sequence: symbol(&options, "primary_key").as_deref() == Some("SEQUENCE"),
                column: text(&options, "column"),
                storage_type: text(&options, "storage_type"),
                unique: flag(&options, "unique"),
                references: text(&options, "references"),
                on_delete: match symbol(&options, "on_delete").as_deref() {
                    Some("RESTRICT") => Some(OnDelete::Restrict),
                    Some("CASCADE") => Some(OnDelete::Cascade),
                    Some("SET_NULL") => Some(OnDelete::SetNull),
                    _ => None,
                },
                expandable: flag(&options, "expandable"),
                filterable: flag(&options, "filterable"),
                sortable: flag(&options, "sortable"),
                searchable: flag(&options, "searchable"),
                sensitive: flag(&options, "sensitive"),
                internal: flag(&options, "internal"),
                default: text(&options, "default"),
                decimal: decimal.map(|decimal| (number(&decimal, "precision"), number(&decimal, "scale"))),
                owned: flag(&options, "owned"),
                example: text(&options, "example"),
                ..read
            };
        }
        read.behaviors = read::extension_symbols(&all, self.behavior.as_ref());
        if let Some(options) = extension(&all, self.validate_field.as_ref()) {
            read.rules = rules::field_rules(&options);
        }
        read
    }

    /// Options of an rpc.
    pub fn rpc(&self, rpc: &MethodDescriptor) -> RpcOptions {
        let all = rpc.options();
        let mut read = RpcOptions::default();
        if let Some(options) = extension(&all, self.method.as_ref()) {
            let rate_limit = text(&options, "rate_limit");
            read.access = text(&options, "access");
            read.options = MethodOptions {
                rate_limit: (!rate_limit.is_empty()).then_some(rate_limit),
                timeout_seconds: u32::try_from(number(&options, "timeout_seconds")).ok().filter(|seconds| *seconds > 0),
                idempotent: flag(&options, "idempotent"),
                manual: symbol(&options, "impl").as_deref() == Some("MANUAL"),
            };
        }
        if let Some(rule) = extension(&all, self.http.as_ref()) {
            read.bindings.push(http_binding(&rule));
            read.bindings.extend(children(&rule, "additional_bindings").iter().map(http_binding));
        }
        read
    }

    /// `plural` of `google.api.resource`.
    pub fn resource_plural(&self, message: &MessageDescriptor) -> Option<String> {
        let resource = extension(&message.options(), self.resource.as_ref())?;
        Some(text(&resource, "plural")).filter(|plural| !plural.is_empty())
    }

    /// Whether the message has rules of `buf.validate` as a whole, which are not supported.
    pub fn has_message_rules(&self, message: &MessageDescriptor) -> bool {
        extension(&message.options(), self.validate_message.as_ref()).is_some()
    }
}

fn http_binding(rule: &prost_reflect::DynamicMessage) -> HttpBinding {
    let methods = ["get", "put", "post", "delete", "patch"];
    let method = methods.into_iter().find(|method| rule.has_field_by_name(method));
    HttpBinding {
        method: method.map(str::to_uppercase).unwrap_or_default(),
        path: method.map(|method| text(rule, method)).unwrap_or_default(),
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
    }
}
