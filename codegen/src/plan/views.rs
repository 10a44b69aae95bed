//! The views: what each template prints, as finished text.

use askama::Template;

/// One field of an entity or message, as each file needs it.
#[derive(Debug, Clone, Default)]
pub struct FieldView {
    /// Rust name.
    pub name: String,
    /// Rust name in the protobuf message.
    pub pb_name: String,
    /// Name as a string literal.
    pub text: String,
    /// Lines of its documentation.
    pub doc: Vec<String>,
    /// Type of the member.
    pub ty: String,
    /// Type in the input of a client.
    pub input_ty: String,
    /// May a client set it?
    pub input: bool,
    /// Is it shown in JSON?
    pub shown: bool,
    /// Is it in the contract?
    pub published: bool,
    /// Does no text for those who look for faults show it?
    pub redacted: bool,
    /// Expression of a new row; `new`, `cx` and `number` are there.
    pub create: String,
    /// Statement that applies a change; `patch`, `cx` and `found` are there.
    pub apply: String,
    /// Reads it from JSON for a whole row, and for a change.
    pub from_json: String,
    /// See `from_json`.
    pub patch_from_json: String,
    /// Reads it from protobuf.
    pub from_proto: String,
    /// As protobuf has it.
    pub to_proto: String,
    /// As JSON shows it.
    pub to_json: String,
    /// As its column has it; empty without a column.
    pub to_column: String,
    /// Reads it from its column.
    pub from_column: String,
    /// Sample value; `n` is there.
    pub fixture: String,
}

/// A typed field constant.
#[derive(Debug, Clone)]
pub struct ConstantView {
    /// Name, such as `NUMBER`.
    pub name: String,
    /// Type of its values.
    pub ty: String,
    /// Name and column as string literals.
    pub field: String,
    /// See `field`.
    pub column: String,
    /// Function from a reference to a value.
    pub value: String,
}

/// One part of a composite key.
#[derive(Debug, Clone)]
pub struct KeyPart {
    /// Rust name.
    pub name: String,
    /// Type.
    pub ty: String,
}

/// One column.
#[derive(Debug, Clone)]
pub struct ColumnView {
    /// Members of `ColumnSpec`, all as expressions.
    pub name: String,
    /// See `name`.
    pub field: String,
    /// See `name`.
    pub kind: String,
    /// See `name`.
    pub nullable: bool,
    /// See `name`.
    pub filterable: bool,
    /// See `name`.
    pub sortable: bool,
}

/// A finder by unique fields.
#[derive(Debug, Clone)]
pub struct FinderView {
    /// Name, such as `find_by_number`.
    pub name: String,
    /// What it finds by, in words.
    pub words: String,
    /// Parameters: name, type, and expression of the value.
    pub parameters: Vec<(String, String, String)>,
    /// Condition with `?`.
    pub condition: String,
}

/// A named query.
#[derive(Debug, Clone)]
pub struct QueryView {
    /// Method, such as `revenue_per_customer`.
    pub name: String,
    /// Constant of its text, such as `REVENUE_PER_CUSTOMER_QUERY`.
    pub constant: String,
    /// Full name as a literal, such as `"shop.v1.Order.RevenuePerCustomer"`.
    pub full_name: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Type of the request.
    pub request: String,
    /// Whether it has fields.
    pub has_parameters: bool,
    /// Type of a row.
    pub row: String,
    /// Type of the answer, such as `Vec<…>`.
    pub answer: String,
    /// Method of the runtime, by how many rows there are.
    pub run: String,
    /// Values of the parameters, as expressions; `row` is the request.
    pub values: Vec<String>,
    /// Fields of a row: name and expression; `row` is what was read.
    pub fields: Vec<(String, String)>,
    /// Names of its columns, as an expression.
    pub columns: String,
    /// Its texts: databases and parts, as expressions.
    pub texts: Vec<(String, Vec<String>)>,
}

/// Everything of one entity.
#[derive(Debug, Clone, Default)]
pub struct EntityView {
    /// Rust name, such as `Order`.
    pub name: String,
    /// The same in snake_case.
    pub name_snake: String,
    /// Its protobuf type.
    pub pb: String,
    /// Has a protobuf type.
    pub in_contract: bool,
    /// Members that JSON shows.
    pub shown: usize,
    /// Has any check.
    pub checks_use_row: bool,
    /// Full name as a literal.
    pub full_name: String,
    /// In words, such as `order`.
    pub words: String,
    /// With its article, such as `an order`.
    pub article: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Key type of a single key, such as `Uid<Order>`.
    pub key_type: String,
    /// Parts of a composite key.
    pub key_parts: Vec<KeyPart>,
    /// Expression of the key; `self` is there.
    pub key: String,
    /// All members.
    pub fields: Vec<FieldView>,
    /// Typed field constants.
    pub constants: Vec<ConstantView>,
    /// An owned child.
    pub child: bool,
    /// Key of an owned child, read from JSON and from protobuf.
    pub child_id: (String, String),
    /// Member names of the stamps: `version`, `created_at`, `updated_at`.
    pub stamps: Vec<(String, String)>,
    /// Expression of the version; `self` is there.
    pub version: String,
    /// Names that only the service writes, as literals, that clients may send back.
    pub ignored: String,
    /// All published names, as literals.
    pub published: String,
    /// Owned children: member, type.
    pub owned: Vec<(String, String, String)>,
    /// Events or the audit show its rows.
    pub told: bool,
    /// Whether `create` uses its arguments.
    pub uses_cx: bool,
    /// See `uses_cx`.
    pub uses_number: bool,
    /// Whether `apply` uses its arguments.
    pub apply_uses_cx: bool,
    /// See `apply_uses_cx`.
    pub apply_uses_found: bool,
    /// Has members that clients may set.
    pub has_input: bool,
    /// Checks.
    pub input_checks: Vec<String>,
    /// See `input_checks`.
    pub stored_checks: Vec<String>,
    /// Whether any check looks at `what`.
    pub checks_use_what: bool,
    /// Shape.
    pub spec: SpecView,
    /// References that answers may show as rows, those of owned children included.
    pub expansions: Vec<ExpansionView>,
    /// Named queries.
    pub queries: Vec<QueryView>,
    /// Finders by unique fields.
    pub finders: Vec<FinderView>,
    /// Collection path as a literal.
    pub path: String,
    /// Plural of the resource as a literal.
    pub plural: String,
    /// Methods of the path of one row, as a literal.
    pub allow: String,
    /// Verbs as expressions.
    pub verbs: Vec<String>,
    /// Names of the members of an answer, as literals.
    pub member_names: String,
    /// Names of the members that never change, as literals.
    pub kept_names: String,
    /// Shown by the API on its own, or only inside its parent.
    pub resource: bool,
}

/// A reference that answers may show as a row.
#[derive(Debug, Clone)]
pub struct ExpansionView {
    /// Name of its constant, such as `LINES_PRODUCT`.
    pub constant: String,
    /// Path as a literal.
    pub path: String,
    /// Type of the row, and its full name.
    pub target: String,
    /// See `target`.
    pub target_name: String,
    /// Expression that looks at each place of it; `row` and `look` are there.
    pub each: String,
}

/// The shape of an entity as constants.
#[derive(Debug, Clone, Default)]
pub struct SpecView {
    /// Name of the constant, such as `ORDER`.
    pub constant: String,
    /// Members of `EntitySpec`, as expressions.
    pub member: String,
    /// See `member`.
    pub table: String,
    /// See `table`.
    pub columns: Vec<ColumnView>,
    /// See `table`.
    pub key: String,
    /// See `table`.
    pub key_fields: String,
    /// See `table`.
    pub allotted: bool,
    /// See `table`.
    pub hidden: usize,
    /// See `table`.
    pub version: String,
    /// See `table`.
    pub updated_at: String,
    /// See `table`.
    pub soft_delete: bool,
    /// See `table`.
    pub events: bool,
    /// See `table`.
    pub audit: bool,
    /// SQL, as literals.
    pub select: String,
    /// See `select`.
    pub insert: String,
    /// See `select`.
    pub update: String,
    /// See `select`.
    pub delete: String,
    /// See `table`.
    pub owner: String,
    /// See `table`.
    pub tenant: String,
    /// See `table`.
    pub unique: Vec<String>,
    /// See `table`.
    pub references: Vec<String>,
    /// See `table`.
    pub expandable: String,
    /// See `table`.
    pub words: String,
    /// See `table`.
    pub referenced_by: Vec<String>,
    /// Rules of list, get, create, update and delete.
    pub access: Vec<(String, String)>,
    /// What bounds the derived methods, as an expression.
    pub limits: String,
}

/// One value of an enum.
#[derive(Debug, Clone)]
pub struct VariantView {
    /// Rust name.
    pub name: String,
    /// Name as written, as a literal.
    pub text: String,
    /// Number.
    pub number: i32,
    /// Documentation.
    pub doc: Vec<String>,
}

/// An enum.
#[derive(Debug, Clone)]
pub struct EnumView {
    /// Rust name.
    pub name: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Values.
    pub variants: Vec<VariantView>,
}

/// A message that is no entity.
#[derive(Debug, Clone, Default)]
pub struct MessageView {
    /// Rust name.
    pub name: String,
    /// Its protobuf type.
    pub pb: String,
    /// Has a protobuf type.
    pub in_contract: bool,
    /// Is the request of a custom rpc.
    pub request: bool,
    /// Documentation.
    pub doc: Vec<String>,
    /// Members.
    pub fields: Vec<FieldView>,
    /// Checks.
    pub checks: Vec<String>,
    /// Trait of the runtime that lets logic send it; empty if none does.
    pub outbox: &'static str,
    /// Full name as a literal.
    pub full_name: String,
    /// Can be read from clients: holds no resource.
    pub input: bool,
    /// Fields as paths and queries write them, as expressions.
    pub request_fields: Vec<String>,
}

impl EntityView {
    /// Whether debug output must leave something out.
    pub fn redacts(&self) -> bool {
        self.fields.iter().any(|field| field.redacted)
    }

    /// The same of what a client may say.
    pub fn redacts_input(&self) -> bool {
        self.fields.iter().any(|field| field.redacted && field.input)
    }
}

impl MessageView {
    /// Whether debug output must leave something out.
    pub fn redacts(&self) -> bool {
        self.fields.iter().any(|field| field.redacted)
    }
}

/// One route of a custom rpc.
#[derive(Debug, Clone)]
pub struct RouteView {
    /// Path for axum, as a literal.
    pub path: String,
    /// Function of axum, such as `post`.
    pub method: String,
    /// Name of the handler.
    pub handler: String,
    /// Method in capitals and template, for its documentation.
    pub words: String,
    /// `body` of the binding, as a literal.
    pub body: String,
    /// Fields that the path names, in order, as an expression.
    pub variables: String,
    /// Verb behind a variable, if any.
    pub verb: String,
}

/// What answers a method on a path.
#[derive(Debug, Clone)]
pub struct DispatchView {
    /// Path for axum, as a literal.
    pub path: String,
    /// Function of axum, such as `post`.
    pub method: String,
    /// Name of the function.
    pub function: String,
    /// The function is the handler of one rpc, with nothing to tell apart.
    pub direct: bool,
    /// Verbs as literals, and their handlers.
    pub arms: Vec<(String, String)>,
    /// What answers without a known verb.
    pub fallback: String,
}

/// A custom rpc.
#[derive(Debug, Clone, Default)]
pub struct RpcView {
    /// Rust name, such as `cancel`.
    pub name: String,
    /// Name on the wire in snake_case, such as `cancel_order`.
    pub wire: String,
    /// Constant, such as `CANCEL`.
    pub constant: String,
    /// Full name as a literal.
    pub full_name: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Request type.
    pub request: String,
    /// Request on the wire, such as `pb::CancelOrderRequest`.
    pub request_pb: String,
    /// Answer type.
    pub response: String,
    /// Answer on the wire.
    pub response_pb: String,
    /// Expression of the answer as a REST response; `answer` is there.
    pub respond: String,
    /// Access rule as an expression.
    pub access: String,
    /// Seconds until TIMEOUT as an expression.
    pub timeout: String,
    /// Its rate limit as an expression.
    pub limit: String,
    /// How its answer is given again to whoever repeats the call, as an expression.
    pub replay: String,
    /// Routes.
    pub routes: Vec<RouteView>,
    /// Whether the request reads its fields from path or query.
    pub fields_constant: String,
}

/// A service: that of a resource, or one of its own.
#[derive(Debug, Clone, Default)]
pub struct ServiceView {
    /// What it is named after, such as `Order` or `Auth`.
    pub stem: String,
    /// Entity, such as `Order`; empty for a service of its own.
    pub entity: String,
    /// In words.
    pub words: String,
    /// Trait, such as `OrderService`.
    pub name: String,
    /// Plural in UpperCamelCase.
    pub plural: String,
    /// Trait of the custom rpcs, such as `OrderMethods`.
    pub methods: String,
    /// Constant of the shape, such as `ORDER`.
    pub constant: String,
    /// Collection path as a literal.
    pub path: String,
    /// Path of one row, as axum has it, as a literal.
    pub item_path: String,
    /// Routes of the collection and of a row, such as `get(rest::list::<Order>).post(rest::create::<Order>)`.
    pub collection: String,
    /// See `collection`.
    pub item: String,
    /// Has the method.
    pub list: bool,
    /// See `list`.
    pub get: bool,
    /// See `list`.
    pub create: bool,
    /// See `list`.
    pub update: bool,
    /// See `list`.
    pub delete: bool,
    /// See `list`.
    pub undelete: bool,
    /// Methods for several rows.
    pub batches: Vec<BatchView>,
    /// Members of the key in a request: expression of the key; `message` and `found` are there.
    pub key_from_proto: String,
    /// The same, taken from a row called `row`.
    pub key_from_row: String,
    /// Member of requests that holds the row, such as `order`, as Rust name and as literal.
    pub member: String,
    /// See `member`.
    pub member_text: String,
    /// Protobuf type of the row.
    pub entity_pb: String,
    /// Members of it that never change.
    pub kept: Vec<String>,
    /// The same as literals, with whether a row called `row` leaves them out, as an expression.
    pub kept_named: Vec<(String, String)>,
    /// Member of answers that holds several rows.
    pub plural_member: String,
    /// Whether a row called `row` leaves one of them out, as an expression.
    pub kept_absent: String,
    /// Methods of the path of one row, as a literal.
    pub allow: String,
    /// Requests carry an etag.
    pub versioned: bool,
    /// List requests carry show_deleted.
    pub soft_delete: bool,
    /// List and get requests carry expand.
    pub expandable: bool,
    /// List requests carry q.
    pub searched: bool,
    /// Custom rpcs.
    pub rpcs: Vec<RpcView>,
    /// Custom verbs behind the key and their methods, as literals.
    pub verbs: Vec<(String, String)>,
    /// Everything that is not a derived method on its own.
    pub dispatches: Vec<DispatchView>,
    /// Path of the protobuf types of the service's package.
    pub pb: String,
    /// Every route of every rpc, as expressions.
    pub table: Vec<String>,
    /// Plural in words.
    pub plural_words: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Name of the list rpc, such as `list_orders`.
    pub list_wire: String,
    /// Name of one row in the rpcs, such as `order`.
    pub one_wire: String,
    /// Name of the tonic module, such as `order_service_server`.
    pub server_module: String,
    /// Name of the tonic server, such as `OrderServiceServer`.
    pub server: String,
}

/// A method for several rows; exactly one of its kinds is true.
#[derive(Debug, Clone)]
pub struct BatchView {
    /// Method of the service, such as `batch_get`.
    pub name: String,
    /// Name of the rpc, such as `BatchGetOrders`, and the same as tonic has it.
    pub rpc: String,
    /// See `rpc`.
    pub wire: String,
    /// Its route in words, such as `GET /api/v1/orders:batchGet`.
    pub words: String,
    /// What it does.
    pub get: bool,
    /// See `get`.
    pub create: bool,
    /// See `get`.
    pub update: bool,
    /// See `get`.
    pub delete: bool,
}

/// `model.rs`
#[derive(Debug, Template)]
#[template(path = "model.rs", escape = "none")]
pub struct ModelFile {
    /// Entities, the main one first.
    pub entities: Vec<EntityView>,
    /// Enums.
    pub enums: Vec<EnumView>,
    /// Messages.
    pub messages: Vec<MessageView>,
}

/// `dto.rs`
#[derive(Debug, Template)]
#[template(path = "dto.rs", escape = "none")]
pub struct DtoFile {
    /// Entities.
    pub entities: Vec<EntityView>,
    /// Messages.
    pub messages: Vec<MessageView>,
}

/// `mapper.rs`
#[derive(Debug, Template)]
#[template(path = "mapper.rs", escape = "none")]
pub struct MapperFile {
    /// Entities.
    pub entities: Vec<EntityView>,
    /// Messages.
    pub messages: Vec<MessageView>,
}

/// `validate.rs`
#[derive(Debug, Template)]
#[template(path = "validate.rs", escape = "none")]
pub struct ValidateFile {
    /// Entities.
    pub entities: Vec<EntityView>,
    /// Messages.
    pub messages: Vec<MessageView>,
    /// Patterns: name and literal.
    pub patterns: Vec<(String, String)>,
}

/// `sql.rs`
#[derive(Debug, Template)]
#[template(path = "sql.rs", escape = "none")]
pub struct SqlFile {
    /// Entities.
    pub entities: Vec<EntityView>,
}

/// `repository.rs`
#[derive(Debug, Template)]
#[template(path = "repository.rs", escape = "none")]
pub struct RepositoryFile {
    /// The entity.
    pub entity: EntityView,
}

/// `mock.rs`
#[derive(Debug, Template)]
#[template(path = "mock.rs", escape = "none")]
pub struct MockFile {
    /// The entity.
    pub entity: EntityView,
}

/// `service.rs`
#[derive(Debug, Template)]
#[template(path = "service.rs", escape = "none")]
pub struct ServiceFile {
    /// The service.
    pub service: ServiceView,
}

/// `http.rs`
#[derive(Debug, Template)]
#[template(path = "http.rs", escape = "none")]
pub struct HttpFile {
    /// The service.
    pub service: ServiceView,
}

/// `grpc.rs`
#[derive(Debug, Template)]
#[template(path = "grpc.rs", escape = "none")]
pub struct GrpcFile {
    /// The service.
    pub service: ServiceView,
}

/// `fixture.rs`
#[derive(Debug, Template)]
#[template(path = "fixture.rs", escape = "none")]
pub struct FixtureFile {
    /// Entities.
    pub entities: Vec<EntityView>,
}

/// `expand.rs`
#[derive(Debug, Template)]
#[template(path = "expand.rs", escape = "none")]
pub struct ExpandFile {
    /// The entity.
    pub entity: EntityView,
}

/// `mod.rs` of a home
#[derive(Debug, Template)]
#[template(path = "mod.rs", escape = "none")]
pub struct ModFile {
    /// Modules, in order.
    pub modules: Vec<String>,
    /// Names of each re-exported module.
    pub exports: Vec<(String, String)>,
    /// Name of the repository's mock, if there is a repository.
    pub mock: String,
}

/// One entity in the aggregating files.
#[derive(Debug, Clone)]
pub struct EntryView {
    /// Member name, such as `orders`.
    pub member: String,
    /// In words.
    pub words: String,
    /// Path of its module, such as `crate::shop::v1::order`.
    pub path: String,
    /// Its name, such as `Order`.
    pub name: String,
    /// Has a service.
    pub service: bool,
    /// Has fields that lists search.
    pub searched: bool,
    /// Name of its logic module, such as `order`.
    pub logic: String,
    /// Full name as a literal.
    pub full_name: String,
    /// Constants of its named queries.
    pub queries: Vec<String>,
    /// Expression of its logic; `repositories` is there.
    pub new_logic: String,
    /// Others show rows of it, and ask its logic for them.
    pub shared: bool,
    /// References that its answers may show as rows.
    pub expansions: Vec<EntryExpansionView>,
}

/// A service of its own in the aggregating files.
#[derive(Debug, Clone)]
pub struct OwnServiceView {
    /// Member name and logic module, such as `auth`.
    pub member: String,
    /// In words.
    pub words: String,
    /// Path of its module, such as `crate::arcana::identity::v1::auth`.
    pub path: String,
    /// Its trait, such as `AuthService`.
    pub name: String,
    /// What it is named after, such as `Auth`.
    pub stem: String,
    /// The rpcs that are written by hand.
    pub rpcs: Vec<RpcView>,
}

/// A reference that answers may show as a row, where the services are put together.
#[derive(Debug, Clone)]
pub struct EntryExpansionView {
    /// Path of its constant, such as `arcana_generated::shop::v1::order::expand::CUSTOMER`.
    pub constant: String,
    /// Member name of the entity that it refers to, such as `customers`.
    pub member: String,
}

/// `services.rs`
#[derive(Debug, Template)]
#[template(path = "services.rs", escape = "none")]
pub struct ServicesFile {
    /// Entities.
    pub entries: Vec<EntryView>,
    /// The same in the order of seeding: referenced ones first.
    pub seeds: Vec<EntryView>,
    /// Services of their own.
    pub own: Vec<OwnServiceView>,
}

/// `src/logic/mod.rs`
#[derive(Debug, Template)]
#[template(path = "logic_mod.rs", escape = "none")]
pub struct LogicModFile {
    /// Entities with a service.
    pub entries: Vec<EntryView>,
    /// Services of their own.
    pub own: Vec<OwnServiceView>,
    /// All modules, in order.
    pub modules: Vec<String>,
}

/// `src/logic/order.rs`
#[derive(Debug, Template)]
#[template(path = "logic.rs", escape = "none")]
pub struct LogicFile {
    /// What it is the logic of, in words.
    pub words: String,
    /// What it is named after, such as `Order` or `Auth`.
    pub stem: String,
    /// Type of the entity; empty for a service of its own.
    pub entity: String,
    /// The custom rpcs that are to be written.
    pub rpcs: Vec<RpcView>,
}
