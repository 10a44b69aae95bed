//! Rows to start from: samples with keys of their own, whose members cases then set.

use arcana_runtime::fixture::Fixture;
use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::coded::Coded;
use conformance_generated::conformance::v1::document::Document;
use conformance_generated::conformance::v1::kind::Kind;
use conformance_generated::conformance::v1::node::Node;
use conformance_generated::conformance::v1::numbered::Numbered;
use conformance_generated::conformance::v1::order::{Order, OrderLine, OrderNote};
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::Product;

use crate::stage::Stage;

/// Row `n`, with a key above that of the rows before it.
pub fn kind(n: usize) -> Kind {
    Kind::fixture(n)
}

pub fn account(stage: &Stage, name: &str) -> Account {
    Account { id: stage.uuid().into(), name: name.to_owned(), nickname: None, ..Account::fixture(0) }
}

pub fn product(stage: &Stage, sku: &str, stock: i32) -> Product {
    let product = Product { id: stage.uuid().into(), sku: sku.to_owned(), stock, ..Product::fixture(0) };
    Product { sold: 0, boxes: 0, balance: 0.into(), colour: None, label: None, ..product }
}

/// An order without lines.
pub fn order(stage: &Stage, number: &str, account: &Account) -> Order {
    Order {
        id: stage.uuid().into(),
        number: number.to_owned(),
        account_id: account.id,
        lines: Vec::new(),
        notes: Vec::new(),
        ..Order::fixture(0)
    }
}

pub fn line(stage: &Stage, product: &Product, quantity: i32) -> OrderLine {
    OrderLine { id: stage.uuid().into(), product_id: product.id, product: None, quantity, text: None }
}

pub fn note(stage: &Stage, text: &str) -> OrderNote {
    OrderNote { id: stage.uuid().into(), text: text.to_owned() }
}

pub fn node(stage: &Stage, name: &str) -> Node {
    Node {
        id: stage.uuid().into(),
        name: name.to_owned(),
        parent_id: None,
        next_id: None,
        anchor_id: None,
        ..Node::fixture(0)
    }
}

pub fn document(stage: &Stage, tenant: &str, slug: &str) -> Document {
    Document {
        id: stage.uuid().into(),
        tenant_id: tenant.to_owned(),
        slug: slug.to_owned(),
        folder: "inbox".to_owned(),
        title: slug.to_owned(),
        version: 1,
        account_id: None,
        account: None,
        node_id: None,
    }
}

pub fn plain(stage: &Stage, text: &str) -> Plain {
    Plain { id: stage.uuid().into(), text: text.to_owned(), count: 0 }
}

pub fn numbered(nr: i64) -> Numbered {
    Numbered { id: nr.into(), name: format!("number {nr}") }
}

pub fn coded(code: &str) -> Coded {
    Coded { code: code.to_owned().into(), name: code.to_owned(), version: 1 }
}

/// An account and two products, all stored.
pub async fn shop(stage: &Stage) -> (Account, Product, Product) {
    let account = stage.insert(account(stage, "Ada")).await;
    let lamp = stage.insert(product(stage, "LAMP", 10)).await;
    let cup = stage.insert(product(stage, "CUP", 10)).await;
    (account, lamp, cup)
}
