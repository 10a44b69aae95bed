//! A project of any size to measure the generator with: entities of twelve fields, mixed as real schemas mix them.

use std::fs;
use std::io;
use std::path::Path;

/// First words of names.
const QUALITIES: [&str; 32] = [
    "Annual", "Backup", "Billing", "Branch", "Carrier", "Claim", "Cost", "Credit", "Delivery", "Depot", "Export",
    "Field", "Fleet", "Freight", "Goods", "Import", "Invoice", "Labour", "Loan", "Market", "Office", "Parcel",
    "Partner", "Plant", "Price", "Quality", "Route", "Safety", "Sales", "Stock", "Supplier", "Travel",
];

/// Second words of names.
const THINGS: [&str; 32] = [
    "Account",
    "Action",
    "Agreement",
    "Alert",
    "Batch",
    "Budget",
    "Case",
    "Centre",
    "Channel",
    "Contract",
    "Entry",
    "Event",
    "Forecast",
    "Group",
    "Item",
    "Ledger",
    "Line",
    "Note",
    "Order",
    "Permit",
    "Plan",
    "Policy",
    "Profile",
    "Quote",
    "Record",
    "Report",
    "Request",
    "Review",
    "Schedule",
    "Session",
    "Target",
    "Ticket",
];

/// Writes a whole project of `entities` entities to `folder`: its schema, workspace, xtask and `arcana.toml`, all in
/// one package, which is the hardest case. `repository` is that of the framework, and lends its `Cargo.lock`.
pub fn write(folder: &Path, repository: &Path, entities: usize) -> io::Result<()> {
    let schema = folder.join("schema/trade/v1");
    fs::create_dir_all(&schema)?;
    for index in 0..entities {
        fs::write(schema.join(format!("{}.proto", snake_case(&name(index)))), entity(index))?;
    }
    fs::write(folder.join("arcana.toml"), project(repository))?;
    fs::write(folder.join("Cargo.toml"), workspace(repository))?;
    fs::write(folder.join("lib.rs"), "//! The root of the project.\n")?;
    fs::create_dir_all(folder.join("target"))?;
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

fn project(repository: &Path) -> String {
    format!(
        "name = \"trade\"\ndialects = [\"sqlite\"]\n\n[runtime]\npath = {:?}\n",
        repository.join("runtime").display().to_string()
    )
}

fn workspace(repository: &Path) -> String {
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = []\n\n[package]\nname = \"trade\"\nversion = \"0.1.0\"\n\
         edition = \"2024\"\npublish = false\n\n[lib]\npath = \"lib.rs\"\n\n[dependencies]\narcana-codegen = {{ path = {:?} }}\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n",
        repository.join("codegen").display().to_string()
    )
}

/// Name of an entity: two words, and a number where these do not suffice.
fn name(index: usize) -> String {
    let quality = QUALITIES[index % QUALITIES.len()];
    let thing = THINGS[index / QUALITIES.len() % THINGS.len()];
    match index / (QUALITIES.len() * THINGS.len()) {
        0 => format!("{quality}{thing}"),
        round => format!("{quality}{thing}{round}"),
    }
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The file of one entity: every entity refers to an earlier one, every fifth owns a list of parts, every fourth has an
/// rpc of its own.
fn entity(index: usize) -> String {
    let (name, other) = (name(index), name_of_target(index));
    let plain = snake_case(&name);
    let prefix = plain.to_uppercase();
    let (has_parts, has_rpc) = (index.is_multiple_of(5), index.is_multiple_of(4));
    let mut text = head(&other, has_rpc);
    text.push_str(&message(index, &name, &other, has_parts));
    text.push_str(&format!(
        "\n// Where it stands.\nenum {name}Status {{\n  {prefix}_STATUS_UNSPECIFIED = 0;\n  // To be done.\n  \
         {prefix}_STATUS_OPEN = 1;\n  // In hand.\n  {prefix}_STATUS_ACTIVE = 2;\n  // Done.\n  {prefix}_STATUS_CLOSED = \
         3;\n}}\n"
    ));
    if has_parts {
        text.push_str(&part(&name));
    }
    if has_rpc {
        text.push_str(&service(&name, &plain));
    }
    text
}

fn head(other: &Option<String>, has_rpc: bool) -> String {
    let mut text = "syntax = \"proto3\";\n\npackage trade.v1;\n\nimport \"arcana/annotations.proto\";\n\
         import \"buf/validate/validate.proto\";\n"
        .to_owned();
    if has_rpc {
        text.push_str("import \"google/api/annotations.proto\";\n");
    }
    text.push_str("import \"google/api/field_behavior.proto\";\nimport \"google/protobuf/timestamp.proto\";\n");
    if let Some(other) = other {
        text.push_str(&format!("import \"trade/v1/{}.proto\";\n", snake_case(other)));
    }
    text
}

/// The entity itself: twelve fields.
fn message(index: usize, name: &str, other: &Option<String>, has_parts: bool) -> String {
    let prefix = snake_case(name).to_uppercase();
    let words = snake_case(name).replace('_', " ");
    let soft_delete = if index.is_multiple_of(3) { "\n    soft_delete: true" } else { "" };
    let list = if has_parts {
        format!(
            "repeated {name}Part list = 7 [(buf.validate.field).repeated.max_items = 50, (arcana.field) = {{ owned: true }}];"
        )
    } else {
        "repeated string list = 7 [(buf.validate.field).repeated = { max_items: 20 items: { string: { max_len: 40 } } }];"
            .to_owned()
    };
    let reference = other.as_ref().map_or_else(
        || "int64 weight_grams = 8 [(buf.validate.field).int64.gte = 0];".to_owned(),
        |other| {
            let field = snake_case(other);
            format!(
                "optional string {field}_id = 8 [(arcana.field) = {{ references: \"trade.v1.{other}\" on_delete: SET_NULL \
                 filterable: true }}];"
            )
        },
    );
    format!(
        r#"
// The {words}, as the trade keeps it.
message {name} {{
  option (arcana.entity) = {{
    access: {{ list: "user" get: "user" create: "admin" update: "admin" delete: "admin" }}{soft_delete}
    indexes: [{{ fields: ["status", "due_at"] }}]
  }};

  string id = 1 [(arcana.field) = {{ primary_key: UUID_V7 }}];
  // Number on the papers.
  string code = 2 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.field_behavior) = IMMUTABLE,
    (buf.validate.field).string = {{ pattern: "^[A-Z0-9-]+$" min_len: 1 max_len: 32 }},
    (arcana.field) = {{ unique: true filterable: true sortable: true example: "A-10042" }}
  ];
  // What people call it.
  string title = 3 [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string = {{ min_len: 1 max_len: 120 }},
    (arcana.field) = {{ filterable: true sortable: true example: "The usual" }}
  ];
  // A word to whoever reads it.
  optional string note = 4 [(buf.validate.field).string.max_len = 1000];
  // Sum in the currency of the house.
  string amount = 5 [(arcana.field) = {{ decimal: {{ precision: 12 scale: 2 }} sortable: true example: "49.90" }}];
  // Where it stands.
  {name}Status status = 6 [(arcana.field) = {{ filterable: true default: "{prefix}_STATUS_OPEN" }}];
  // What belongs to it.
  {list}
  // What it belongs to.
  {reference}
  // Until when it must be done.
  optional google.protobuf.Timestamp due_at = 9 [(arcana.field) = {{ filterable: true sortable: true }}];
  int64 version = 10;
  google.protobuf.Timestamp created_at = 11 [(arcana.field) = {{ sortable: true }}];
  google.protobuf.Timestamp updated_at = 12;
}}
"#
    )
}

/// An owned child.
fn part(name: &str) -> String {
    format!(
        r#"
// One part of it.
message {name}Part {{
  option (arcana.entity) = {{ methods: [NONE] }};

  string id = 1 [(arcana.field) = {{ primary_key: UUID_V7 }}];
  // What the part is.
  string label = 2 [(google.api.field_behavior) = REQUIRED, (buf.validate.field).string = {{ min_len: 1 max_len: 80 }}];
  // Pieces.
  int32 quantity = 3 [(buf.validate.field).int32 = {{ gte: 1 lte: 1000 }}, (arcana.field) = {{ example: "2" }}];
  // Price of one piece.
  string unit_price = 4 [(arcana.field) = {{ decimal: {{ precision: 12 scale: 2 }} example: "9.90" }}];
}}
"#
    )
}

/// An rpc beside the derived ones.
fn service(name: &str, plain: &str) -> String {
    format!(
        r#"
// What only it can do.
service {name}Service {{
  // Closes it for good.
  rpc Close{name}(Close{name}Request) returns ({name}) {{
    option (google.api.http) = {{ post: "/api/v1/{plain}s/{{id}}:close" body: "*" }};
    option (arcana.method) = {{ access: "admin" }};
  }}
}}

// Which one to close, and why.
message Close{name}Request {{
  // The one to close.
  string id = 1 [(google.api.field_behavior) = REQUIRED, (arcana.field) = {{ references: "trade.v1.{name}" }}];
  // Why.
  optional string reason = 2 [(buf.validate.field).string.max_len = 500];
}}
"#
    )
}

/// The entity that this one refers to: one of those before it.
fn name_of_target(index: usize) -> Option<String> {
    (index > 0).then(|| name(index / 2))
}
