//! The published contract of the real schema: its text, that it compiles, and the Rust types made from it.

use std::collections::BTreeMap;
use std::path::Path;

use arcana_codegen::emit::{contract, descriptor, pb};
use arcana_codegen::{Project, Sources, read_model};
use prost_reflect::DescriptorPool;

struct Published {
    contract: BTreeMap<String, String>,
    descriptor: descriptor::Descriptor,
}

fn published() -> Published {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = Project::read(&root).expect("arcana.toml");
    let sources = Sources::read(&project).expect("schema");
    let model = read_model(&sources).unwrap_or_else(|found| panic!("{found:?}"));
    let contract = contract::emit(&model);
    let descriptor = descriptor::compile(&contract, &sources.include).expect("the contract compiles");
    if let Ok(folder) = std::env::var("ARCANA_DUMP") {
        let mut files = contract.clone();
        files.extend(pb::emit(&descriptor).expect("rust"));
        for (path, text) in &files {
            let path = Path::new(&folder).join(path);
            std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            std::fs::write(path, text).expect("file");
        }
    }
    Published { contract, descriptor }
}

#[test]
fn restates_the_schema_with_derived_methods() {
    for (path, text) in published().contract {
        insta::assert_snapshot!(path.replace('/', "__"), text);
    }
}

#[test]
fn keeps_what_is_sensitive_and_what_is_ours_inside() {
    for (path, text) in published().contract {
        assert!(!text.contains("(arcana.") && !text.contains("arcana/annotations"), "{path}: {text}");
    }
    let user = &published().contract["proto/arcana/identity/v1/user.proto"];
    assert!(user.contains("  reserved 4;\n  reserved \"password_hash\";\n"), "{user}");
    assert_eq!(user.matches("password").count(), 1, "{user}");
}

#[test]
fn every_rpc_has_a_route_and_the_descriptor_its_comments() {
    let published = published();
    let pool = DescriptorPool::decode(published.descriptor.bytes.as_slice()).expect("a descriptor set");
    let http = pool.get_extension_by_name("google.api.http").expect("imports are in the set");
    let order = pool.get_service_by_name("shop.v1.OrderService").expect("OrderService");
    let rpcs: Vec<String> = order.methods().map(|method| method.name().to_owned()).collect();
    assert_eq!(
        rpcs,
        ["ListOrders", "GetOrder", "CreateOrder", "UpdateOrder", "DeleteOrder", "CancelOrder", "ShipOrder"]
    );
    for service in pool.services() {
        for method in service.methods() {
            assert!(method.options().has_extension(&http), "{}", method.full_name());
        }
    }
    let file = order.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref().expect("source info");
    assert!(info.location.iter().any(|location| location.leading_comments().contains("Number printed on the invoice")));
}

#[test]
fn rust_types_are_made_for_own_packages_only() {
    let files = pb::emit(&published().descriptor).expect("rust");
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(paths, ["src/pb/arcana/identity/v1.rs", "src/pb/mod.rs", "src/pb/shop/v1.rs"]);
    insta::assert_snapshot!(files["src/pb/mod.rs"]);
    let shop = &files["src/pb/shop/v1.rs"];
    assert!(shop.contains("pub mod order_service_server") && shop.contains("pub mod order_service_client"), "{shop}");
    assert!(shop.contains("tonic_prost::ProstCodec"), "the codec comes from tonic-prost");
}
