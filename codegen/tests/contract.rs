//! The published contract of the real schema: its text, that it compiles, and the Rust types made from it.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use arcana_codegen::emit::{contract, descriptor, pb};
use arcana_codegen::project::Api;
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
    let contract = contract::emit(&project, &model);
    let descriptor = descriptor::compile(&contract, &sources.include).expect("the contract compiles");
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
        [
            "ListOrders",
            "GetOrder",
            "CreateOrder",
            "UpdateOrder",
            "DeleteOrder",
            "BatchGetOrders",
            "BatchUpdateOrders",
            "CancelOrder",
            "ShipOrder",
            "RankCustomers"
        ]
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

/// Every kind of field, key and route at once.
const TORTURE: &str = r#"
syntax = "proto3";
package torture.v1;
import "arcana/annotations.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/type/date.proto";

// Everything at once.
message Thing {
  option (arcana.entity) = { soft_delete: true };
  reserved 40 to 42;
  reserved "gone";
  int64 id = 1 [jstype = JS_STRING, (arcana.field) = { primary_key: INT64_CLIENT }];
  bool b = 2;
  uint32 u = 3;
  uint64 uu = 4;
  double d = 5;
  bytes data = 6;
  google.protobuf.Duration takes = 7;
  google.type.Date day = 8;
  google.protobuf.Struct extra = 9;
  optional Shape shape = 10;
  map<string, int32> counts = 11;
  repeated Shape shapes = 12;
  Kind kind = 13;
  string secret = 14 [(arcana.field) = { sensitive: true }];
  string pin = 15 [(google.api.field_behavior) = INPUT_ONLY];
  string old = 16 [deprecated = true];
  repeated Kind kinds = 17;
  // A shape.
  message Shape {
    // How wide.
    int32 width = 1;
    repeated Shape inside = 2;
  }
  // A kind.
  enum Kind {
    KIND_UNSPECIFIED = 0;
    KIND_ONE = 1;
  }
}

// Joins things.
message Pair {
  option (arcana.entity) = { primary_key: ["left_id", "right_id"] };
  int64 left_id = 1 [(google.api.field_behavior) = REQUIRED, (arcana.field) = { references: "torture.v1.Thing" }];
  int64 right_id = 2 [(google.api.field_behavior) = REQUIRED, (arcana.field) = { references: "torture.v1.Thing" }];
}

// Stays inside.
message Inner {
  option (arcana.entity) = { methods: [NONE] };
  string id = 1 [(arcana.field) = { primary_key: UUID_V7 }];
}

service ThingService {
  // Counts things.
  rpc CountThings(CountThingsRequest) returns (CountThingsResponse) {
    option (google.api.http) = {
      get: "/api/v1/things:count"
      additional_bindings { post: "/api/v1/things:count" body: "*" }
      additional_bindings { post: "/api/v1/things:countShape" body: "shape" }
    };
  }
}
message CountThingsRequest {
  Thing.Kind kind = 1;
  Thing.Shape shape = 2;
}
message CountThingsResponse { int64 count = 1; }
"#;

fn torture() -> (arcana_codegen::Model, Sources) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = BTreeMap::from([("torture/v1/thing.proto".to_owned(), TORTURE.to_owned())]);
    let sources = Sources::of(files, &root).expect("includes");
    let model = read_model(&sources).unwrap_or_else(|found| panic!("{found:#?}"));
    (model, sources)
}

#[test]
fn every_kind_of_field_key_and_route_is_published() {
    let (model, sources) = torture();
    let contract = contract::emit(&Project::parse(Path::new("."), "name = \"torture\"").expect("a name"), &model);
    insta::assert_snapshot!("torture", contract["proto/torture/v1/thing.proto"]);
    let descriptor = descriptor::compile(&contract, &sources.include).expect("the contract compiles");
    let files = pb::emit(&descriptor).expect("rust");
    assert!(!files.contains_key("src/pb/google/type.rs"), "google.type.Date is a type of the runtime");
    let text = &files["src/pb/torture/v1.rs"];
    assert!(text.contains("::arcana_runtime::proto::DateMessage"), "{text}");
}

#[test]
fn every_kind_of_field_key_and_route_is_in_openapi() {
    let (model, _) = torture();
    insta::assert_snapshot!(
        "torture_openapi",
        arcana_codegen::emit::openapi::emit(&model, "torture", &Api::default()).expect("text")
    );
}
