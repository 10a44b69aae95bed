//! What a schema of ours cannot say today, but a contract can hold: judged all the same.

use std::collections::BTreeMap;

use super::*;
use crate::contract::{Cardinality, Enum, Field, Message, Package, Rpc, Service};

fn field(name: &str, ty: &str) -> Field {
    Field { name: name.to_owned(), ty: ty.to_owned(), ..Field::default() }
}

/// A service that takes and answers one message of one field.
fn contract(number: u32, field: Field, rpc: Rpc) -> Contract {
    let message = Message { fields: BTreeMap::from([(number, field)]), ..Message::default() };
    let colour = Enum { values: BTreeMap::from([(0, "RED".to_owned())]), ..Enum::default() };
    let rpc = Rpc { request: "t.v1.Thing".to_owned(), response: "t.v1.Thing".to_owned(), ..rpc };
    let service = Service { rpcs: BTreeMap::from([("Do".to_owned(), rpc)]), ..Service::default() };
    let package = Package {
        messages: BTreeMap::from([("Thing".to_owned(), message)]),
        enums: BTreeMap::from([("Colour".to_owned(), colour)]),
        services: BTreeMap::from([("Things".to_owned(), service)]),
    };
    Contract { packages: BTreeMap::from([("t.v1".to_owned(), package)]), ..Contract::default() }
}

fn routed() -> Rpc {
    Rpc { routes: vec!["POST /api/v1/things *".to_owned()], access: "user".to_owned(), ..Rpc::default() }
}

fn said(old: &Contract, new: &Contract) -> Vec<String> {
    changes(old, new, &[]).iter().map(|one| format!("{} {} : {}", one.short(), one.what, one.verdict())).collect()
}

#[test]
fn a_oneof_a_stream_and_another_json_name_break() {
    let old = contract(1, field("size", "int32"), routed());
    let inside = Field { oneof: Some("choice".to_owned()), ..field("size", "int32") };
    let what = "Thing.size oneof none → choice : wire BREAKING · REST BREAKING · SQL none";
    assert_eq!(said(&old, &contract(1, inside, routed())), [what]);
    let called = Field { json_name: Some("grandeur".to_owned()), ..field("size", "int32") };
    let what = "Thing.size JSON name its own → grandeur : wire BREAKING · REST ok · SQL none";
    assert_eq!(said(&old, &contract(1, called, routed())), [what]);
    let streaming = Rpc { server_streaming: true, ..routed() };
    let what = "Things.Do answers one message → a stream : wire BREAKING · REST BREAKING · SQL none";
    assert_eq!(said(&old, &contract(1, field("size", "int32"), streaming)), [what]);
}

#[test]
fn presence_alone_is_no_break_of_the_wire() {
    let old = contract(1, field("size", "int32"), routed());
    let new = Field { cardinality: Cardinality::Optional, ..field("size", "int32") };
    assert_eq!(said(&old, &contract(1, new, routed())), [""; 0]);
}

#[test]
fn what_has_no_route_breaks_nothing_over_rest() {
    let hidden = || Rpc { access: "user".to_owned(), ..Rpc::default() };
    let old = contract(1, field("size", "int32"), hidden());
    let what = "Thing.length renamed from size : wire BREAKING · REST ok · SQL none";
    assert_eq!(said(&old, &contract(1, field("length", "int32"), hidden())), [what]);
}

#[test]
fn a_package_that_goes_is_told_in_one_line() {
    let old = contract(1, field("size", "t.v1.Colour"), routed());
    let found = said(&old, &Contract::default());
    let what = "t.v1 package removed: 1 messages, 1 enums, 1 services : wire BREAKING · REST BREAKING · SQL none";
    assert_eq!(found, [what]);
}

#[test]
fn names_are_told_from_packages_by_their_capital() {
    assert_eq!(outermost("shop.v1.Order.Address.town"), "shop.v1.Order");
    assert_eq!(outermost("shop.v1.Order"), "shop.v1.Order");
    assert_eq!(outermost("shop.v1"), "shop.v1");
    let change = Change::new("shop.v1.Order.Address.town", "shop.v1.Order.Address", "removed");
    assert_eq!((change.short(), change.group.as_str()), ("Order.Address.town", "shop.v1.Order"));
    assert_eq!(Change::new("shop.v1", "shop.v1", "removed").short(), "shop.v1");
}

#[test]
fn a_page_says_in_a_sentence_that_nothing_differs() {
    assert!(page(Some(&[]), true).contains("nothing changes for anyone"));
    assert!(page(None, true).contains("nothing is compared"));
    assert!(page(None, false).contains("Nothing was sealed yet"));
}
