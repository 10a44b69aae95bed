/// Repositories of all entities, by the plural of their names, and where logic runs transactions in steps.
#[derive(Clone)]
pub struct Repositories {
{%- for entry in entries %}
    pub {{ entry.member }}: Arc<dyn {{ entry.path }}::{{ entry.name }}Repository>,
{%- endfor %}
    pub store: LocalStore,
}

impl Repositories {
    /// Over an open database.
    pub fn sql(db: &Db) -> Self {
        Self {
{%- for entry in entries %}
            {{ entry.member }}: Arc::new(SqlRepository::<{{ entry.path }}::{{ entry.name }}>::new(db.clone())),
{%- endfor %}
            store: LocalStore::of(db),
        }
    }

    /// Mocks that expect no call; a test puts others in place of those that its logic asks.
    #[cfg(feature = "mock")]
    pub fn mocked() -> Self {
        Self {
{%- for entry in entries %}
            {{ entry.member }}: Arc::new({{ entry.path }}::Mock{{ entry.name }}Repository::new()),
{%- endfor %}
            store: LocalStore::none(),
        }
    }
}

/// Services of all entities, by the plural of their names: what transports call.
#[derive(Clone)]
pub struct Services {
{%- for entry in entries %}
{%- if entry.service %}
    pub {{ entry.member }}: Arc<dyn {{ entry.path }}::{{ entry.name }}Service>,
{%- endif %}
{%- endfor %}
}

impl Services {
    /// All that is served; what is written by hand is added to it.
    pub fn wired(&self, settings: &Settings) -> Wired {
        Wired { rest: self.rest(), grpc: self.grpc(settings.server.max_body_bytes) }
    }

    /// The REST routes.
    pub fn rest(&self) -> Router {
        Router::new()
{%- for entry in entries %}
{%- if entry.service %}
            .merge({{ entry.path }}::http::routes(self.{{ entry.member }}.clone()))
{%- endif %}
{%- endfor %}
    }

    /// The gRPC services; `max_bytes` bounds a request.
{%- if entries.is_empty() %}
    #[allow(unused_mut, unused_variables)] // Until there is an entity.
{%- endif %}
    pub fn grpc(&self, max_bytes: usize) -> Routes {
        let mut routes = Routes::builder();
{%- for entry in entries %}
{%- if entry.service %}
        routes.add_service({{ entry.path }}::grpc::server(self.{{ entry.member }}.clone()).max_decoding_message_size(max_bytes));
{%- endif %}
{%- endfor %}
        routes.routes()
    }
}

/// Every route of every rpc, and who may call it, by service.
pub const ROUTES: &[&[Route]] = &[
{%- for entry in entries %}
{%- if entry.service %}
    {{ entry.path }}::http::ROUTES,
{%- endif %}
{%- endfor %}
];

/// Every named query, for [`verify`](arcana_runtime::repository::verify).
pub const QUERIES: &[&NamedQuery] = &[
{%- for entry in entries %}
{%- for query in entry.queries %}
    &{{ entry.path }}::{{ query }},
{%- endfor %}
{%- endfor %}
];

/// Entities with fields that lists search.
pub const SEARCHED: &[&EntitySpec] = &[
{%- for entry in entries %}
{%- if entry.searched %}
    <{{ entry.path }}::{{ entry.name }} as Entity>::SPEC,
{%- endif %}
{%- endfor %}
];

/// Inserts sample rows into empty tables, referenced ones first, and says how many.
{%- if seeds.is_empty() %}
#[allow(unused_mut)] // Until there is an entity.
{%- endif %}
pub async fn seed(db: &Db, rows: usize) -> Result<Vec<Seeded>> {
    let mut seeder = Seeder::new(db, rows);
{%- for entry in seeds %}
    seeder.seed::<{{ entry.path }}::{{ entry.name }}>().await?;
{%- endfor %}
    Ok(seeder.done())
}
