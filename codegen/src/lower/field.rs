//! Fields and their types.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use prost_types::field_options::JsType;

use crate::annotation::{FieldOptions, FieldRules};
use crate::diagnostic::Diagnostic;
use crate::expand::{NUMBER_OFFSET, member_name};
use crate::lower::Lowering;
use crate::lower::seed::Seed;
use crate::model::{Field, FieldRole, KeyKind, Rule, Span, Type};

/// A field together with its options, which tell how it is stored.
pub(super) type Lowered = (Field, FieldOptions);

impl Lowering<'_> {
    /// Fields of a message in the order of the file; `seed` if it is an entity.
    pub(super) fn fields(&mut self, message: &MessageDescriptor, seed: Option<&Seed>) -> Vec<Lowered> {
        let count = message.descriptor_proto().field.len();
        let mut fields = Vec::with_capacity(count);
        // In the order of the file; the descriptor sorts by number.
        for proto in &message.descriptor_proto().field {
            if let Some(field) = message.get_field_by_name(proto.name()) {
                let lowered = self.field(&field, seed);
                let expanded = self.expanded(&lowered, seed);
                fields.push(lowered);
                fields.extend(expanded.map(|member| (member, FieldOptions::default())));
            }
        }
        fields
    }

    fn field(&mut self, field: &FieldDescriptor, seed: Option<&Seed>) -> Lowered {
        let file = field.parent_message().parent_file();
        let span = self.span(&file, field.path());
        let options = self.reader.field(field);
        self.refuse_oneof(field, &span);
        self.refuse_rules(field, &options, &span);
        let ty = self.field_type(field, &options, seed, &span);
        let role = role_of(field, &options, seed);
        let behaves = |name: &str| options.behaviors.iter().any(|behavior| behavior == name);
        let kind = seed.map(|seed| seed.key_kind).unwrap_or_default();
        let made_by_service = match role {
            FieldRole::Key => matches!(kind, KeyKind::UuidV7 | KeyKind::Int64),
            role => matches!(role, FieldRole::Version | FieldRole::CreatedAt | FieldRole::UpdatedAt),
        };
        let client_key = role == FieldRole::Key && !made_by_service;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let required = behaves("REQUIRED") || options.rules.required || client_key;
        let mut rules = options.rules.rules.clone();
        if required && matches!(ty, Type::Enum(_)) {
            rules.push(Rule::Specified);
        }
        let standard = field.field_descriptor_proto().options.as_ref();
        let lowered = Field {
            name: field.name().to_owned(),
            number: field.number(),
            comment: self.spans.comment(file.name(), field.path()),
            ty,
            role,
            optional: field.field_descriptor_proto().proto3_optional(),
            required,
            output_only: behaves("OUTPUT_ONLY") || made_by_service,
            immutable: behaves("IMMUTABLE") || client_key,
            input_only: behaves("INPUT_ONLY"),
            sensitive: options.sensitive,
            redacted: options.sensitive || options.redacted,
            internal: options.internal,
            unique: options.unique,
            filterable: options.filterable,
            sortable: options.sortable,
            searchable: options.searchable,
            json_string: standard.is_some_and(|o| o.jstype() == JsType::JsString),
            default: some(&options.default),
            example: some(&options.example),
            rules,
            wire: wire_of(&options.rules),
            contract_options: options.contract.clone(),
            expands: None,
            deprecated: standard.is_some_and(|o| o.deprecated()),
            span,
        };
        (lowered, options)
    }

    /// The member that shows the row of a reference, behind it.
    fn expanded(&mut self, (field, options): &Lowered, seed: Option<&Seed>) -> Option<Field> {
        if !options.expandable {
            return None;
        }
        let mut refuse = |what: String, mend: &str| {
            let found = Diagnostic::at("arcana::expandable", &field.span, what).help(mend).word("expandable");
            self.found.push(found);
            None
        };
        if options.references.is_empty() || seed.is_none() {
            return refuse(
                format!("`{}` is expandable, but is no reference of an entity", field.name),
                "remove it, or say with `references` what the field refers to",
            );
        }
        // A target that is not there is reported as such.
        let target = self.seeds.get(&options.references)?;
        let key = target.key_fields.first().map_or("id", String::as_str);
        let Some(name) = member_name(&field.name, key) else {
            return refuse(
                format!("the name of `{}` leaves none for the member that shows its row", field.name),
                "end it in `_id`, such as `customer_id`, whose row is then shown as `customer`",
            );
        };
        Some(Field {
            name: name.to_owned(),
            number: field.number.saturating_add(NUMBER_OFFSET),
            comment: format!("What `{}` refers to, if `expand` asks for it and the caller may see it.", field.name),
            ty: Type::Resource(options.references.clone()),
            role: FieldRole::Expanded,
            optional: true,
            output_only: true,
            sensitive: field.sensitive,
            redacted: field.redacted,
            internal: field.internal,
            input_only: field.input_only,
            expands: Some(field.name.clone()),
            span: field.span.clone(),
            ..Field::default()
        })
    }

    fn field_type(
        &mut self,
        field: &FieldDescriptor,
        options: &FieldOptions,
        seed: Option<&Seed>,
        span: &Span,
    ) -> Type {
        if field.is_map()
            && let Kind::Message(entry) = field.kind()
        {
            let key = self.base_type(&entry.map_entry_key_field().kind(), span);
            let value = self.base_type(&entry.map_entry_value_field().kind(), span);
            return Type::Map(Box::new(key), Box::new(value));
        }
        let kind = field.kind();
        let base = if !options.references.is_empty() {
            self.reference_type(field, options, span)
        } else if let Some((precision, scale)) = options.decimal {
            self.decimal_type(field, precision, scale, span)
        } else {
            let base = self.base_type(&kind, span);
            match seed.filter(|seed| seed.key_fields.iter().any(|key| key == field.name())) {
                Some(seed) => self.key_type(seed, field, base, span),
                None => base,
            }
        };
        if options.owned && !(field.is_list() && matches!(&base, Type::Resource(_)) && seed.is_some()) {
            self.found.push(
                Diagnostic::at(
                    "arcana::owned_type",
                    span,
                    format!("`{}` is owned, but is no list of entities in an entity", field.name()),
                )
                .help("write `repeated Child children = …`, where Child has `option (arcana.entity)`")
                .word("owned"),
            );
        } else if let (Type::Resource(entity), Some(_), false) = (&base, seed, options.owned) {
            self.found.push(
                Diagnostic::at(
                    "arcana::entity_in_entity",
                    span,
                    format!("`{}` holds the entity `{entity}` inside another", field.name()),
                )
                .help("add `(arcana.field) = { owned: true }` to a list, or hold its key: `string …_id` with `references`"),
            );
        }
        if field.is_list() { Type::List(Box::new(base)) } else { base }
    }

    fn base_type(&mut self, kind: &Kind, span: &Span) -> Type {
        match kind {
            Kind::Bool => Type::Bool,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Type::I32,
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Type::I64,
            Kind::Uint32 | Kind::Fixed32 => Type::U32,
            Kind::Uint64 | Kind::Fixed64 => Type::U64,
            Kind::Float => Type::F32,
            Kind::Double => Type::F64,
            Kind::String => Type::String,
            Kind::Bytes => Type::Bytes,
            Kind::Enum(kind) if self.own_files.contains(kind.parent_file().name()) => {
                Type::Enum(kind.full_name().to_owned())
            }
            Kind::Enum(kind) => self.unsupported(kind.full_name(), span),
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Type::Timestamp,
                "google.protobuf.Duration" => Type::Duration,
                "google.protobuf.Struct" => Type::Struct,
                "google.type.Date" => Type::Date,
                name if self.seeds.contains_key(name) => Type::Resource(name.to_owned()),
                name if self.own_files.contains(message.parent_file().name()) => Type::Message(name.to_owned()),
                name => self.unsupported(name, span),
            },
        }
    }

    fn unsupported(&mut self, name: &str, span: &Span) -> Type {
        self.found.push(
            Diagnostic::at("arcana::unsupported_type", span, format!("the type `{name}` is not supported")).help(
                "use a scalar, an enum or message of this schema, google.protobuf.Timestamp, Duration or Struct, or \
                 google.type.Date",
            ),
        );
        Type::String
    }

    fn reference_type(&mut self, field: &FieldDescriptor, options: &FieldOptions, span: &Span) -> Type {
        let target = self.seeds.get(&options.references);
        let kind = target.map(|target| target.key_kind).unwrap_or_default();
        let name = field.name();
        let mut refuse = |code, message: String, help: String| {
            self.found.push(Diagnostic::at(code, span, message).help(help).word(options.references.clone()));
        };
        if field.is_list() {
            let help = "make an entity of its own that holds both keys, with a composite `primary_key`".to_owned();
            refuse("arcana::reference_list", format!("`{name}` is a list of references"), help);
        }
        if kind == KeyKind::Composite {
            let help = "give the entity a single key, or refer to one that has".to_owned();
            refuse(
                "arcana::reference_composite",
                format!("`{name}` refers to `{}`, whose key has several fields", options.references),
                help,
            );
        } else if target.is_some() && !fits_key(&field.kind(), kind) {
            refuse(
                "arcana::reference_type",
                format!("`{name}` cannot hold a key of `{}`", options.references),
                format!("write `{} {name}`", proto_type_of(kind)),
            );
        } else if target.is_none() && field.kind() != Kind::String && field.kind() != Kind::Int64 {
            refuse(
                "arcana::reference_type",
                format!("`{name}` cannot hold a key"),
                format!("write `string {name}` or `int64 {name}`"),
            );
        }
        Type::Id {
            entity: options.references.clone(),
            kind: if kind == KeyKind::Composite { KeyKind::String } else { kind },
        }
    }

    fn decimal_type(&mut self, field: &FieldDescriptor, precision: i32, scale: i32, span: &Span) -> Type {
        if field.kind() != Kind::String {
            self.found.push(
                Diagnostic::at("arcana::decimal_type", span, format!("`{}` is a decimal, but no string", field.name()))
                    .help(format!(
                        "write `string {}`: a decimal is text on the wire, so that it stays exact",
                        field.name()
                    ))
                    .word("decimal"),
            );
        }
        if !(1..=18).contains(&precision) || !(0..=precision).contains(&scale) {
            self.found.push(
                Diagnostic::at(
                    "arcana::decimal_shape",
                    span,
                    format!("a decimal of {precision} digits with {scale} behind the point is not possible"),
                )
                .help("choose a precision from 1 to 18 and a scale from 0 to the precision")
                .word("decimal"),
            );
        }
        let digits = |value: i32| u32::try_from(value).unwrap_or_default();
        Type::Decimal { precision: digits(precision), scale: digits(scale) }
    }

    /// The type of a field that is the key, or a part of it.
    fn key_type(&mut self, seed: &Seed, field: &FieldDescriptor, base: Type, span: &Span) -> Type {
        let kind = match (seed.key_kind, &base) {
            (KeyKind::Composite, Type::I64) => KeyKind::Int64Client,
            (KeyKind::Composite, _) => KeyKind::String,
            (kind, _) => kind,
        };
        if field.is_list() || !fits_key(&field.kind(), kind) {
            let mend = match seed.key_kind {
                KeyKind::Composite => format!("make `{}` a string or an int64", field.name()),
                kind => format!("write `{} {}`", proto_type_of(kind), field.name()),
            };
            self.found.push(
                Diagnostic::at("arcana::key_type", span, format!("`{}` cannot be a key of this kind", field.name()))
                    .help(mend),
            );
        }
        Type::Id { entity: seed.full_name().to_owned(), kind }
    }

    fn refuse_oneof(&mut self, field: &FieldDescriptor, span: &Span) {
        if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            self.found.push(
                Diagnostic::at(
                    "arcana::oneof",
                    span,
                    format!("`{}` stands in the oneof `{}`, which is not supported", field.name(), oneof.name()),
                )
                .help(format!("write `optional` fields instead of `oneof {}`, and check in the logic", oneof.name())),
            );
        }
    }

    fn refuse_rules(&mut self, field: &FieldDescriptor, options: &FieldOptions, span: &Span) {
        let for_texts = |kind: &Option<String>| kind.as_deref() == Some("string");
        if options.decimal.is_some() && (for_texts(&options.rules.kind) || for_texts(&options.rules.item_kind)) {
            self.found.push(
                Diagnostic::at(
                    "arcana::rule_decimal",
                    span,
                    format!("`{}` is a decimal, and has rules for texts", field.name()),
                )
                .help("remove them: precision and scale bound a decimal; the rest is for the logic")
                .word("string"),
            );
        }
        for rule in &options.rules.unsupported {
            let word = rule.rsplit('.').next().unwrap_or(rule).to_owned();
            self.found.push(
                Diagnostic::at("arcana::rule_unsupported", span, format!("the rule `{rule}` is not supported"))
                    .help("remove it, and check it in the logic")
                    .word(word),
            );
        }
        let mut mismatch = |given: &Option<String>, kind: &str| {
            if let Some(given) = given.as_deref().filter(|given| *given != kind) {
                self.found.push(
                    Diagnostic::at(
                        "arcana::rule_type",
                        span,
                        format!("`{}` has rules for {given}, but is {kind}", field.name()),
                    )
                    .help(format!("write the rules as `(buf.validate.field).{kind}`")),
                );
            }
        };
        if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            mismatch(&options.rules.kind, "map");
            mismatch(&options.rules.key_kind, rule_kind(&entry.map_entry_key_field().kind()));
            mismatch(&options.rules.item_kind, rule_kind(&entry.map_entry_value_field().kind()));
        } else if field.is_list() {
            mismatch(&options.rules.kind, "repeated");
            mismatch(&options.rules.item_kind, rule_kind(&field.kind()));
        } else {
            mismatch(&options.rules.kind, rule_kind(&field.kind()));
        }
    }
}

fn role_of(field: &FieldDescriptor, options: &FieldOptions, seed: Option<&Seed>) -> FieldRole {
    let Some(seed) = seed else { return FieldRole::Plain };
    // What may be missing is nothing that the service keeps.
    let single = !field.is_list() && !field.field_descriptor_proto().proto3_optional();
    let timestamp = matches!(field.kind(), Kind::Message(m) if m.full_name() == "google.protobuf.Timestamp");
    match field.name() {
        name if seed.key_fields.iter().any(|key| key == name) => FieldRole::Key,
        "version" if single && field.kind() == Kind::Int64 => FieldRole::Version,
        "created_at" if single && timestamp => FieldRole::CreatedAt,
        "updated_at" if single && timestamp => FieldRole::UpdatedAt,
        _ if options.owned => FieldRole::Owned,
        _ => FieldRole::Plain,
    }
}

/// Rules of one type on a field of another would be refused by every validator.
fn wire_of(rules: &FieldRules) -> Option<String> {
    const UNUSUAL: [&str; 6] = ["sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"];
    let kinds = [&rules.kind, &rules.item_kind];
    kinds.into_iter().flatten().find(|kind| UNUSUAL.contains(&kind.as_str())).cloned()
}

fn fits_key(kind: &Kind, key: KeyKind) -> bool {
    match key {
        KeyKind::UuidV7 | KeyKind::String => *kind == Kind::String,
        KeyKind::Int64 | KeyKind::Int64Client => *kind == Kind::Int64,
        KeyKind::Composite => false,
    }
}

fn proto_type_of(key: KeyKind) -> &'static str {
    match key {
        KeyKind::Int64 | KeyKind::Int64Client => "int64",
        _ => "string",
    }
}

/// Member of `buf.validate.FieldRules` for a type.
fn rule_kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "enum",
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => "timestamp",
            "google.protobuf.Duration" => "duration",
            _ => "a message",
        },
    }
}
