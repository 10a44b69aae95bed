//! Rules that a model must keep: one a file, each with its own tests.

mod access;
mod behavior;
mod column_name;
mod constraint_name;
mod contract_name;
mod default_value;
mod enum_value;
mod enum_zero;
mod expandable;
mod field_name;
mod file_name;
mod http_binding;
mod index_column;
mod index_condition;
mod key;
mod message_cycle;
mod module_name;
mod moved_from;
mod owned;
mod owner_path;
mod package_name;
mod plural;
mod query;
mod query_type;
mod rate_limit;
mod reference_presence;
mod reference_target;
mod reserved_number;
mod route;
mod rpc_name;
mod rule_pattern;
mod rule_range;
mod sensitive;
mod service_entity;
mod storage_type;
mod table_name;
mod tenant;
#[cfg(test)]
mod testing;
mod text_bound;
mod type_name;

use crate::diagnostic::Diagnostics;
use crate::model::{Field, Model};

/// A rule: reports what breaks it.
type Rule = fn(&Model, &mut Diagnostics);

const RULES: &[Rule] = &[
    access::check,
    behavior::check,
    column_name::check,
    constraint_name::check,
    contract_name::check,
    default_value::check,
    enum_value::check,
    enum_zero::check,
    expandable::check,
    field_name::check,
    file_name::check,
    http_binding::check,
    index_column::check,
    index_condition::check,
    key::check,
    message_cycle::check,
    module_name::check,
    moved_from::check,
    owned::check,
    owner_path::check,
    package_name::check,
    plural::check,
    query::check,
    query_type::check,
    rate_limit::check,
    reference_presence::check,
    reference_target::check,
    reserved_number::check,
    route::check,
    rpc_name::check,
    rule_pattern::check,
    rule_range::check,
    sensitive::check,
    service_entity::check,
    storage_type::check,
    table_name::check,
    tenant::check,
    text_bound::check,
    type_name::check,
];

/// Applies every rule.
pub fn check(model: &Model, found: &mut Diagnostics) {
    for rule in RULES {
        rule(model, found);
    }
}

/// All fields, of resources first and then of messages.
fn all_fields(model: &Model) -> impl Iterator<Item = &Field> {
    let of_resources = model.resources.iter().flat_map(|resource| &resource.fields);
    of_resources.chain(model.messages.iter().flat_map(|message| &message.fields))
}
