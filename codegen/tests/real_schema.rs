//! Facts about the schema of this repository, as the model tells them.

// Helpers of tests may fail as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use arcana_codegen::model::{FieldRole, Grant, KeyKind, Model, OnDelete, Rule, StandardKind, Type};
use arcana_codegen::{Colour, Project, Sources, read_model};

fn model() -> Model {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let project = Project::read(root).unwrap();
    let sources = Sources::read(&project).unwrap();
    read_model(&sources).unwrap_or_else(|found| panic!("{}", found.render(&sources.files, Colour::Never)))
}

#[test]
fn lowers_orders() {
    let model = model();
    let entity = model.entity("shop.v1.Order").unwrap();
    let columns: Vec<&str> = entity.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        columns,
        [
            "id",
            "number",
            "customer_id",
            "status",
            "total",
            "note",
            "placed_at",
            "tracking_number",
            "version",
            "created_at",
            "updated_at"
        ]
    );
    assert_eq!(entity.key.columns, ["id"]);
    assert_eq!(entity.version.as_deref(), Some("version"));
    let reference = &entity.foreign_keys[0];
    assert_eq!((reference.table.as_str(), reference.on_delete), ("customers", OnDelete::Restrict));
    assert_eq!(reference.key_columns, ["id"]);
    let owner = entity.owner.as_ref().unwrap();
    assert_eq!((owner.steps[0].column.as_str(), owner.steps[0].table.as_str()), ("customer_id", "customers"));
    assert_eq!(owner.column, "user_id");
    let indexes: Vec<&str> = entity.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(
        indexes,
        [
            "orders_number_key",
            "orders_customer_id_placed_at_idx",
            "orders_customer_id_created_at_idx",
            "orders_total_idx",
            "orders_placed_at_idx",
            "orders_created_at_idx"
        ]
    );
    assert_eq!(entity.owned[0].entity, "shop.v1.OrderLine");
    let status = entity.column_of("status").unwrap();
    assert_eq!(status.default.as_deref(), Some("ORDER_STATUS_OPEN"));
}

#[test]
fn lowers_fields() {
    let model = model();
    let order = model.resource("shop.v1.Order").unwrap();
    assert_eq!((order.plural.as_str(), order.path.as_str()), ("orders", "/api/v1/orders"));
    assert_eq!(order.comment, "A customer's order.");
    let id = order.field("id").unwrap();
    assert_eq!((id.role, id.output_only), (FieldRole::Key, true));
    assert_eq!(id.ty, Type::Id { entity: "shop.v1.Order".to_owned(), kind: KeyKind::UuidV7 });
    let number = order.field("number").unwrap();
    assert_eq!(number.rules, [Rule::MinLen(1), Rule::MaxLen(32)]);
    assert_eq!(
        number.contract_options,
        [
            "(google.api.field_behavior) = REQUIRED",
            "(google.api.field_behavior) = IMMUTABLE",
            "(buf.validate.field).string = { min_len: 1 max_len: 32 }"
        ]
    );
    assert_eq!((number.span.line, number.span.file.as_str()), (24, "shop/v1/order.proto"));
    let total = order.field("total").unwrap();
    assert_eq!(total.ty, Type::Decimal { precision: 18, scale: 2 });
    let lines = order.field("lines").unwrap();
    assert_eq!(lines.role, FieldRole::Owned);
    assert_eq!(lines.ty, Type::List(Box::new(Type::Resource("shop.v1.OrderLine".to_owned()))));
    let note = order.field("note").unwrap();
    assert_eq!(note.contract_options, ["(buf.validate.field).string.max_len = 1000"]);
}

#[test]
fn lowers_owned_children() {
    let model = model();
    let line = model.entity("shop.v1.OrderLine").unwrap();
    let hidden: Vec<&str> = line.columns.iter().filter(|c| c.hidden).map(|c| c.name.as_str()).collect();
    assert_eq!(hidden, ["order_id", "position"]);
    assert_eq!(line.parent.as_ref().unwrap().column, "order_id");
    assert_eq!(line.foreign_keys[0].on_delete, OnDelete::Cascade);
    assert_eq!(line.indexes[0].columns, ["order_id", "position"]);
    assert!(model.resource("shop.v1.OrderLine").unwrap().methods.is_empty());
    assert!(model.service_of("shop.v1.OrderLine").is_none());
}

#[test]
fn marks_soft_deletes() {
    let model = model();
    let product = model.entity("shop.v1.Product").unwrap();
    let last = product.columns.last().unwrap();
    assert_eq!((last.name.as_str(), last.nullable, last.hidden), ("deleted_at", true, true));
    assert_eq!(product.indexes[0].condition.as_deref(), Some("deleted_at IS NULL"));
}

#[test]
fn lowers_custom_rpcs() {
    let model = model();
    let service = model.service_of("shop.v1.Order").unwrap();
    let cancel = &service.rpcs[0];
    assert_eq!(cancel.name, "CancelOrder");
    assert_eq!(cancel.response, Type::Resource("shop.v1.Order".to_owned()));
    assert_eq!(cancel.bindings[0].variables, ["id"]);
    assert_eq!(cancel.bindings[0].verb.as_deref(), Some("cancel"));
    assert_eq!(cancel.access.any, [Grant::Owner, Grant::Role("admin".to_owned())]);
    let request = model.message("shop.v1.CancelOrderRequest").unwrap();
    assert_eq!(request.fields[0].ty, Type::Id { entity: "shop.v1.Order".to_owned(), kind: KeyKind::UuidV7 });
    let own: Vec<&str> = model
        .services
        .iter()
        .filter(|service| service.resource.is_none())
        .map(|service| service.name.as_str())
        .collect();
    assert_eq!((model.services.len(), own), (9, vec!["AuthService", "SyncService"]));
}

#[test]
fn reads_access_rules() {
    let model = model();
    let methods = &model.resource("shop.v1.Product").unwrap().methods;
    assert_eq!(methods[0].kind, StandardKind::List);
    assert_eq!(methods[0].access.any, [Grant::Public]);
    assert_eq!(methods[4].access.any, [Grant::Role("admin".to_owned())]);
}

#[test]
fn accounts_become_part_of_a_project_that_imports_them() {
    let reader = |import: &str, reference: &str| {
        let text = format!(
            "syntax = \"proto3\"; package club.v1; import \"arcana/annotations.proto\"; {import} \
             message Member {{ option (arcana.entity) = {{}}; \
             string id = 1 [(arcana.field) = {{ primary_key: UUID_V7 }}]; {reference} }}"
        );
        let files = std::collections::BTreeMap::from([("club/v1/member.proto".to_owned(), text)]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        read_model(&Sources::of(files, root).unwrap()).unwrap()
    };
    let reference = "optional string user_id = 2 [(arcana.field) = { references: \"arcana.identity.v1.User\" }];";
    let model = reader("import \"arcana/identity/v1/user.proto\";", reference);
    let user = model.entity("arcana.identity.v1.User").unwrap();
    assert_eq!(user.table, "users");
    assert!(user.span.line > 1, "the text is Arcana's own: {:?}", user.span);
    assert!(reader("", "").entity("arcana.identity.v1.User").is_none());
}
