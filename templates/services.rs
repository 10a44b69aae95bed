/// Repositories of all entities, by the plural of their names, and what else logic stands on: where it runs transactions in
/// steps, what signs accounts in and out, and what sends mails.
#[derive(Clone)]
pub struct Repositories {
{%- for entry in entries %}
    pub {{ entry.member }}: Arc<dyn {{ entry.path }}::{{ entry.name }}Repository>,
{%- endfor %}
    pub store: LocalStore,
    pub security: Security,
    pub mailer: Mailer,
}

impl Repositories {
    /// Over the database of a service that is put together.
    pub fn of(kit: &Kit) -> Self {
        Self { security: kit.security.clone(), mailer: kit.mailer.clone(), ..Self::sql(&kit.db) }
    }

    /// Over an open database; nobody is signed in or out, and no mail is sent.
    pub fn sql(db: &Db) -> Self {
        Self {
{%- for entry in entries %}
            {{ entry.member }}: Arc::new(SqlRepository::<{{ entry.path }}::{{ entry.name }}>::new(db.clone())),
{%- endfor %}
            store: LocalStore::of(db),
            security: Security::none(),
            mailer: Mailer::none(),
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
            security: Security::none(),
            mailer: Mailer::none(),
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
{%- for service in own %}
    pub {{ service.member }}: Arc<dyn {{ service.path }}::{{ service.name }}>,
{%- endfor %}
}

impl Services {
    /// All that is served; what is written by hand is added to it.
    pub fn wired(&self, settings: &Settings) -> Wired {
        Wired { rest: self.rest(), grpc: self.grpc(settings.server.max_body_bytes), chores: Vec::new() }
    }

    /// The REST routes.
    pub fn rest(&self) -> Router {
        Router::new()
{%- for entry in entries %}
{%- if entry.service %}
            .merge({{ entry.path }}::http::routes(self.{{ entry.member }}.clone()))
{%- endif %}
{%- endfor %}
{%- for service in own %}
            .merge({{ service.path }}::http::routes(self.{{ service.member }}.clone()))
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
{%- for service in own %}
        routes.add_service({{ service.path }}::grpc::server(self.{{ service.member }}.clone()).max_decoding_message_size(max_bytes));
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
{%- for service in own %}
    {{ service.path }}::http::ROUTES,
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
