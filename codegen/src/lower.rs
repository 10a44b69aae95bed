//! From descriptors and options to the [`Model`].
//!
//! What the model cannot hold (a type without a counterpart, an option of the wrong kind) is reported here; what it can
//! hold but must not say is left to `check`. A faulty part is lowered to something near it, so that one mistake is
//! reported once.

mod entity;
mod field;
mod index;
mod name;
mod query;
mod resource;
mod seed;
mod service;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FileDescriptor, MessageDescriptor, Syntax};

use crate::annotation::Reader;
use crate::built_in;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::{Loaded, Spans};
use crate::model::{Entity, Enum, EnumValue, File, Message, Model, Reserved, Resource, Span, StandardKind};
pub(crate) use name::plural;
use seed::Seed;

/// Tag of the package in the descriptor of a file.
const PACKAGE: i32 = 2;

/// Lowers a loaded schema; the model is of use only if nothing was found.
pub fn lower(loaded: &Loaded) -> (Model, Diagnostics) {
    let mut lowering = Lowering {
        spans: &loaded.spans,
        reader: Reader::new(&loaded.pool),
        own_files: loaded.files.iter().cloned().collect(),
        seeds: BTreeMap::new(),
        found: Diagnostics::default(),
    };
    let files: Vec<FileDescriptor> =
        loaded.files.iter().filter_map(|name| loaded.pool.get_file_by_name(name)).collect();
    let messages: Vec<MessageDescriptor> = files.iter().flat_map(messages_of).collect();
    let stores = built_in::STORES.iter().filter_map(|(path, _)| loaded.pool.get_file_by_name(path));
    let stores: Vec<MessageDescriptor> = stores.flat_map(|file| messages_of(&file)).collect();
    lowering.sow(messages.iter().chain(&stores));

    let mut model = Model { files: files.iter().map(|file| lowering.file(file)).collect(), ..Model::default() };
    for message in &messages {
        lowering.message(message, &mut model);
    }
    let enums = files.iter().flat_map(|file| file.enums()).chain(messages.iter().flat_map(|m| m.child_enums()));
    model.enums = enums.map(|enumeration| lowering.enumeration(&enumeration)).collect();
    model.resources.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    lowering.services(&files, &mut model);
    model.stores = lowering.stores(&stores, &model);

    model.entities.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    model.stores.extend(words::tables(&model));
    model.stores.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    index::number_twins(model.entities.iter_mut().chain(&mut model.stores).collect());
    model.messages.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    model.enums.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    model.services.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    query::queries(&loaded.queries, &mut model, &mut lowering.found);
    (model, lowering.found)
}

/// What the stages of lowering share.
struct Lowering<'a> {
    spans: &'a Spans,
    reader: Reader,
    own_files: BTreeSet<String>,
    /// Entities by full name.
    seeds: BTreeMap<String, Seed>,
    found: Diagnostics,
}

/// Messages of a file, nested ones after the one they stand in, without the entries of maps.
fn messages_of(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    fn walk(message: MessageDescriptor, out: &mut Vec<MessageDescriptor>) {
        if !message.is_map_entry() {
            out.push(message.clone());
            message.child_messages().for_each(|child| walk(child, out));
        }
    }
    let mut out = Vec::new();
    file.messages().for_each(|message| walk(message, &mut out));
    out
}

impl Lowering<'_> {
    /// The tables of the runtime that the entities need.
    fn stores(&mut self, messages: &[MessageDescriptor], model: &Model) -> Vec<Entity> {
        let mut lowered = Model::default();
        for message in messages {
            self.message(message, &mut lowered);
        }
        let creates = |resource: &Resource| resource.methods.iter().any(|method| method.kind == StandardKind::Create);
        lowered.entities.retain(|store| match store.full_name.as_str() {
            "arcana.store.v1.AuditEntry" => model.entities.iter().any(|entity| entity.audit),
            "arcana.store.v1.OutboxEntry" => {
                model.entities.iter().any(|entity| entity.events) || model.messages.iter().any(|m| m.outbox.is_some())
            }
            _ => model.resources.iter().any(creates),
        });
        lowered.entities.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        lowered.entities
    }

    fn file(&mut self, file: &FileDescriptor) -> File {
        let name = file.name();
        if file.syntax() != Syntax::Proto3 {
            let span = Span { file: name.to_owned(), line: 1, column: 1, bytes: 0..0 };
            self.found.push(
                Diagnostic::at("arcana::syntax", &span, "only proto3 is read")
                    .help("start the file with `syntax = \"proto3\";`"),
            );
        }
        if file.package_name().is_empty() {
            let span = Span { file: name.to_owned(), line: 1, column: 1, bytes: 0..0 };
            self.found.push(
                Diagnostic::at("arcana::no_package", &span, "the file names no package")
                    .help("add a package with a version, such as `package shop.v1;`"),
            );
        }
        let mut declarations: Vec<(usize, String)> = file
            .messages()
            .map(|message| (self.span(file, message.path()), message.full_name().to_owned()))
            .chain(file.enums().map(|e| (self.span(file, e.path()), e.full_name().to_owned())))
            .chain(file.services().map(|service| (self.span(file, service.path()), service.full_name().to_owned())))
            .map(|(span, name)| (span.bytes.start, name))
            .collect();
        declarations.sort();
        File {
            path: name.to_owned(),
            package: file.package_name().to_owned(),
            span: self.span(file, &[PACKAGE]),
            comment: self.spans.file_comment(name),
            imports: file.file_descriptor_proto().dependency.clone(),
            declarations: declarations.into_iter().map(|(_, name)| name).collect(),
        }
    }

    fn message(&mut self, message: &MessageDescriptor, model: &mut Model) {
        let file = message.parent_file();
        let span = self.span(&file, message.path());
        if self.reader.has_message_rules(message) {
            self.found.push(
                Diagnostic::at(
                    "arcana::rule_unsupported",
                    &span,
                    "rules of buf.validate on messages are not supported",
                )
                .help("remove `option (buf.validate.message)` and check it in the logic")
                .word("buf.validate.message"),
            );
        }
        if let Some(seed) = self.seeds.get(message.full_name()).cloned() {
            if message.parent_message().is_some() {
                self.found.push(
                    Diagnostic::at(
                        "arcana::nested_entity",
                        &span,
                        format!("the entity `{}` is nested", message.name()),
                    )
                    .help("move it to the top of the file"),
                );
            }
            let fields = self.fields(message, Some(&seed));
            model.entities.push(self.entity(&seed, &fields, &span));
            model.resources.push(self.resource(&seed, fields, &span));
            return;
        }
        let fields = self.fields(message, None).into_iter().map(|(field, _)| field).collect();
        let package = message.package_name();
        model.messages.push(Message {
            full_name: message.full_name().to_owned(),
            package: package.to_owned(),
            name: message.full_name().trim_start_matches(package).trim_start_matches('.').to_owned(),
            comment: self.spans.comment(file.name(), message.path()),
            fields,
            outbox: self.reader.outbox(message),
            reserved: reserved_of(message),
            file: file.name().to_owned(),
            span,
        });
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptor) -> Enum {
        let file = enumeration.parent_file();
        let package = enumeration.package_name();
        let prefix = name::enum_prefix(enumeration.name());
        Enum {
            full_name: enumeration.full_name().to_owned(),
            package: package.to_owned(),
            name: enumeration.full_name().trim_start_matches(package).trim_start_matches('.').to_owned(),
            comment: self.spans.comment(file.name(), enumeration.path()),
            // In the order of the file; the descriptor sorts by number.
            values: enumeration
                .enum_descriptor_proto()
                .value
                .iter()
                .zip(0_i32..)
                .map(|(value, index)| {
                    let path: Vec<i32> = enumeration.path().iter().copied().chain([2, index]).collect();
                    EnumValue {
                        name: value.name().to_owned(),
                        variant: name::variant(value.name().strip_prefix(&prefix).unwrap_or(value.name())),
                        number: value.number(),
                        comment: self.spans.comment(file.name(), &path),
                        span: self.span(&file, &path),
                    }
                })
                .collect(),
            reserved: Reserved {
                ranges: enumeration.reserved_ranges().map(|range| (*range.start(), *range.end())).collect(),
                names: enumeration.reserved_names().map(str::to_owned).collect(),
            },
            file: file.name().to_owned(),
            span: self.span(&file, enumeration.path()),
        }
    }

    fn span(&self, file: &FileDescriptor, path: &[i32]) -> Span {
        self.spans.span(file.name(), path)
    }
}

fn reserved_of(message: &MessageDescriptor) -> Reserved {
    let inclusive = |range: std::ops::Range<u32>| {
        let start = i32::try_from(range.start).unwrap_or(i32::MAX);
        (start, i32::try_from(range.end).unwrap_or(i32::MAX).saturating_sub(1).max(start))
    };
    Reserved {
        ranges: message.reserved_ranges().map(inclusive).collect(),
        names: message.reserved_names().map(str::to_owned).collect(),
    }
}
