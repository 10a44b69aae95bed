//! Any text as the query of a list: it is refused with the parameters that are wrong, or the database answers it. Whatever
//! is neither (a panic, a statement that the database does not take) is a finding.
#![no_main]

use std::sync::OnceLock;

use arcana_runtime::access::Scope;
use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, DbConfig};
use arcana_runtime::entity::Entity;
use arcana_runtime::error::Error;
use arcana_runtime::query::ListQuery;
use arcana_runtime::repository::{Repository, SqlRepository};
use conformance_generated::conformance::v1::{account::Account, cell::Cell, document::Document, kind::Kind};
use conformance_generated::{migrations, seed};
use libfuzzer_sys::{Corpus, fuzz_target};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Longer URLs are refused before a list sees them.
const MOST: usize = 8 * 1024;
/// Rows of each entity: enough for several pages of the smallest sizes.
const ROWS: usize = 12;

struct Stage {
    runtime: Runtime,
    db: Db,
    _folder: TempDir,
}

fuzz_target!(|text: &str| -> Corpus {
    if text.len() > MOST {
        return Corpus::Reject;
    }
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let stage = STAGE.get_or_init(open);
    let parameters: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    // Every kind of value; soft delete; a key of three fields; rows that others refer to.
    list::<Kind>(stage, &parameters);
    list::<Document>(stage, &parameters);
    list::<Cell>(stage, &parameters);
    list::<Account>(stage, &parameters);
    Corpus::Keep
});

fn open() -> Stage {
    let folder = TempDir::new().expect("a folder");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite://{}", folder.path().join("list.db").display());
    let db = Db::open(&DbConfig::from_url(&url).expect("a URL")).expect("a database");
    runtime.block_on(async {
        db.migrate_up(migrations::ALL).await.expect("tables");
        seed(&db, ROWS).await.expect("rows");
    });
    Stage { runtime, db, _folder: folder }
}

/// A page, and the one behind it, which its token must lead to.
fn list<E: Entity>(stage: &Stage, parameters: &[(String, String)]) {
    let Some(query) = checked(ListQuery::from_rest(E::SPEC, parameters), "reading the parameters") else { return };
    let (cx, repository) = (Context::system(), SqlRepository::<E>::new(stage.db.clone()));
    let page = stage.runtime.block_on(repository.list(&cx, &Scope::Unrestricted, &query));
    let Some(page) = checked(page, "asking the database") else { return };
    if page.next_page_token.is_empty() {
        return;
    }
    let next: Vec<(String, String)> = parameters
        .iter()
        .filter(|(name, _)| !["page", "page_token"].contains(&name.as_str()))
        .cloned()
        .chain([("page_token".to_owned(), page.next_page_token)])
        .collect();
    let next = ListQuery::from_rest(E::SPEC, &next).expect("the same parameters, with a token of the service");
    stage.runtime.block_on(repository.list(&cx, &Scope::Unrestricted, &next)).expect("the page behind a page");
}

/// What the answer is, if it is none of the client's mistakes.
fn checked<T>(outcome: Result<T, Error>, doing: &str) -> Option<T> {
    match outcome {
        Ok(answer) => Some(answer),
        Err(Error::Validation(_)) => None,
        Err(other) => panic!("{doing}: {other:?}"),
    }
}
