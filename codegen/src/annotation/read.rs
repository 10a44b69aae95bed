//! Members of option messages by name; what is absent reads as its zero value.

use prost_reflect::{DynamicMessage, EnumDescriptor, ExtensionDescriptor, Kind, Value};

/// The message value of an extension, if it is set.
pub(super) fn extension(options: &DynamicMessage, extension: Option<&ExtensionDescriptor>) -> Option<DynamicMessage> {
    let extension = extension.filter(|extension| options.has_extension(extension))?;
    options.get_extension(extension).as_message().cloned()
}

/// Names of the enum values that an extension lists.
pub(super) fn extension_symbols(options: &DynamicMessage, extension: Option<&ExtensionDescriptor>) -> Vec<String> {
    let Some(extension) = extension.filter(|extension| options.has_extension(extension)) else { return Vec::new() };
    match extension.kind() {
        Kind::Enum(kind) => names(&kind, &options.get_extension(extension)),
        _ => Vec::new(),
    }
}

pub(super) fn text(message: &DynamicMessage, name: &str) -> String {
    message.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn texts(message: &DynamicMessage, name: &str) -> Vec<String> {
    let value = message.get_field_by_name(name);
    let list = value.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn flag(message: &DynamicMessage, name: &str) -> bool {
    message.get_field_by_name(name).and_then(|value| value.as_bool()).unwrap_or_default()
}

pub(super) fn number(message: &DynamicMessage, name: &str) -> i32 {
    message.get_field_by_name(name).and_then(|value| value.as_i32()).unwrap_or_default()
}

/// Name of an enum value, if the member is set.
pub(super) fn symbol(message: &DynamicMessage, name: &str) -> Option<String> {
    symbols(message, name).into_iter().next()
}

/// Names of the enum values of a member, single or repeated.
pub(super) fn symbols(message: &DynamicMessage, name: &str) -> Vec<String> {
    let Some(field) = message.descriptor_field(name) else { return Vec::new() };
    match field.kind() {
        Kind::Enum(kind) if message.has_field(&field) => names(&kind, &message.get_field(&field)),
        _ => Vec::new(),
    }
}

/// Messages of a member, single or repeated; none if it is not set.
pub(super) fn children(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    if !message.has_field_by_name(name) {
        return Vec::new();
    }
    match message.get_field_by_name(name).as_deref() {
        Some(Value::Message(child)) => vec![child.clone()],
        Some(Value::List(list)) => list.iter().filter_map(|item| item.as_message().cloned()).collect(),
        _ => Vec::new(),
    }
}

fn names(kind: &EnumDescriptor, value: &Value) -> Vec<String> {
    let name = |value: &Value| {
        let number = value.as_enum_number()?;
        Some(kind.get_value(number).map_or_else(|| number.to_string(), |value| value.name().to_owned()))
    };
    match value {
        Value::List(list) => list.iter().filter_map(name).collect(),
        single => name(single).into_iter().collect(),
    }
}

trait DescriptorField {
    fn descriptor_field(&self, name: &str) -> Option<prost_reflect::FieldDescriptor>;
}

impl DescriptorField for DynamicMessage {
    fn descriptor_field(&self, name: &str) -> Option<prost_reflect::FieldDescriptor> {
        use prost_reflect::ReflectMessage;
        self.descriptor().get_field_by_name(name)
    }
}
