//! What a case has to work with: a fresh database with the tables of the schema, and short words for what all cases do.

use std::sync::Arc;

use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Context, Principal, Sources};
use arcana_runtime::db::{Db, DbConfig};
use arcana_runtime::entity::Entity;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::{ListQuery, Page};
use arcana_runtime::repository::{Repository, SqlRepository};
use arcana_runtime::service::{Hooks, Standard};
use conformance_generated::migrations;
use uuid::Uuid;

use crate::cases::Case;
use crate::dialects::Dialect;

/// Cheap to clone, so that tasks can have one each.
#[derive(Clone)]
pub struct Stage {
    pub db: Db,
    pub cx: Context,
    pub config: DbConfig,
}

/// Runs a case on a database of its own.
pub fn play(dialect: &Dialect, case: &Case) {
    let place = (dialect.fresh)();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let stage = Stage::open(&place.config);
        stage.db.migrate_up(migrations::ALL).await.unwrap();
        (case.run)(stage).await;
    });
}

/// Logic that adds nothing to the standard methods.
pub struct NoLogic;

impl<E: Entity> Hooks<E> for NoLogic {}

impl Stage {
    /// Opens a database as it is, as a process of its own would.
    pub fn open(config: &DbConfig) -> Self {
        let db = Db::open(config).unwrap();
        Self { db, cx: Context::system(), config: config.clone() }
    }

    /// The same at a later time.
    pub fn later(&self) -> Self {
        let mut later = self.clone();
        while later.cx.now() <= self.cx.now() {
            later.cx = Context::system();
        }
        later
    }

    /// The same, called by somebody else.
    pub fn called_by(&self, principal: Principal) -> Self {
        Self { cx: Context::new(Arc::new(principal), "case".into(), Sources::system()), ..self.clone() }
    }

    pub fn uuid(&self) -> Uuid {
        self.cx.uuid()
    }

    pub fn changes(&self) -> Changes {
        Changes::new(&self.cx)
    }

    pub async fn commit(&self, changes: Changes) -> Result<()> {
        self.db.commit(&self.cx, changes).await
    }

    /// Commits what `declare` declares.
    pub async fn write<T>(&self, declare: impl FnOnce(&mut Changes) -> T) -> Result<T> {
        let mut changes = self.changes();
        let declared = declare(&mut changes);
        self.commit(changes).await.map(|()| declared)
    }

    pub async fn try_insert<E: Entity>(&self, row: E) -> Result<E> {
        self.write(|changes| changes.insert(row)).await
    }

    #[track_caller]
    pub fn insert<E: Entity>(&self, row: E) -> impl Future<Output = E> {
        let place = std::panic::Location::caller();
        async move { self.try_insert(row).await.unwrap_or_else(|error| panic!("{place}: {}", told(&error))) }
    }

    pub async fn find<E: Entity>(&self, id: &E::Id) -> Option<E> {
        self.repository()
            .find_by_id(&self.cx, &Scope::Unrestricted, id)
            .await
            .unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    /// The row as it is stored now.
    pub async fn stored<E: Entity>(&self, row: &E) -> E {
        self.find(&row.id()).await.unwrap_or_else(|| panic!("{row:?} is not there"))
    }

    pub async fn is_there<E: Entity>(&self, row: &E) -> bool {
        self.find::<E>(&row.id()).await.is_some()
    }

    pub fn repository<E: Entity>(&self) -> SqlRepository<E> {
        SqlRepository::new(self.db.clone())
    }

    pub fn service<E: Entity>(&self) -> Standard<E, NoLogic> {
        Standard::new(Arc::new(self.repository()), Arc::new(self.db.clone()), Arc::new(NoLogic))
    }

    /// A page, asked for with the parameters of a URL.
    pub async fn list<E: Entity>(&self, parameters: &[(&str, &str)]) -> Page<E> {
        self.list_in(&Scope::Unrestricted, parameters)
            .await
            .unwrap_or_else(|error| panic!("{parameters:?}: {}", told(&error)))
    }

    pub async fn list_in<E: Entity>(&self, scope: &Scope, parameters: &[(&str, &str)]) -> Result<Page<E>> {
        let query = query::<E>(parameters)?;
        self.repository().list(&self.cx, scope, &query).await
    }
}

pub fn query<E: Entity>(parameters: &[(&str, &str)]) -> Result<ListQuery> {
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ListQuery::from_rest(E::SPEC, &parameters)
}

/// An error with what lies behind it, which its own words keep from clients.
pub fn told(error: &Error) -> String {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => format!("{error}: {cause}"),
        other => format!("{other:?}"),
    }
}

/// That a write was refused because a value is taken, and the field that has it.
#[track_caller]
pub fn conflict<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Conflict { field, .. }) => field,
        Err(other) => panic!("{} instead of a conflict", told(&other)),
        Ok(done) => panic!("{done:?} instead of a conflict"),
    }
}

/// That a write was refused because of the state of things: the field in its way, and the words.
#[track_caller]
pub fn precondition<T: std::fmt::Debug>(outcome: Result<T>) -> (Option<String>, String) {
    match outcome {
        Err(Error::FailedPrecondition { field, message }) => (field, message),
        Err(other) => panic!("{} instead of a failed precondition", told(&other)),
        Ok(done) => panic!("{done:?} instead of a failed precondition"),
    }
}

/// That a write was refused because others changed the row.
#[track_caller]
pub fn concurrent<T: std::fmt::Debug>(outcome: Result<T>) {
    assert!(matches!(outcome, Err(Error::ConcurrentUpdate(_))), "{outcome:?} instead of a concurrent update");
}
