//! How databases find rows: whatever is found by a unique field, listed by a reference or its owner, or read page by page
//! in an order that a list offers, is found by an index, in every project and on every database. Nothing is sorted, and no
//! table is read from end to end.
//!
//! The statements are those that the product runs: the tests look on (`Db::observed`) and have them explained.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod entities;
mod explain;
mod place;

use std::collections::BTreeSet;

use arcana_runtime::context::Context;
use arcana_runtime::db::{Db, DbConfig, Dialect, Migrations};
use arcana_runtime::error::Result;
use arcana_runtime::fixture::Seeded;
use futures::future::BoxFuture;

use entities::{Check, check};
use place::Place;

/// Rows of each table: so few that a planner would rather read them all, had it the choice (see [`place`]).
const ROWS: usize = 300;
/// So many that MariaDB would not, narrow as they are.
const ROWS_OF_MYSQL: usize = 1000;
/// Rows of tables whose samples differ only so far: a pair as key, a name that must be unique.
const PAIRS: usize = 49;

/// A project: its tables, its sample rows, and its entities.
struct Project {
    migrations: Migrations,
    seed: for<'d> fn(&'d Db, usize) -> BoxFuture<'d, Result<Vec<Seeded>>>,
    checks: &'static [(&'static str, Check)],
}

const SHOP: Project = {
    use arcana_generated::arcana::identity::v1::{
        account_mail::AccountMail, api_key::ApiKey, external_identity::ExternalIdentity, login_guard::LoginGuard,
        refresh_token::RefreshToken, session::Session, user::User,
    };
    use arcana_generated::shop::v1::{customer::Customer, order::Order, product::Product};
    Project {
        migrations: arcana_generated::migrations::ALL,
        seed: |db, rows| Box::pin(arcana_generated::seed(db, rows)),
        checks: &[
            check::<AccountMail>(),
            check::<ApiKey>(),
            check::<ExternalIdentity>(),
            check::<LoginGuard>(),
            check::<RefreshToken>(),
            check::<Session>(),
            check::<User>(),
            check::<Customer>(),
            check::<Order>(),
            check::<Product>(),
        ],
    }
};

const CHINOOK: Project = {
    use chinook_generated::chinook::v1::{
        album::Album, artist::Artist, customer::Customer, employee::Employee, genre::Genre, invoice::Invoice,
        invoice_line::InvoiceLine, media_type::MediaType, playlist::Playlist, playlist_track::PlaylistTrack,
        track::Track,
    };
    Project {
        migrations: chinook_generated::migrations::ALL,
        seed: |db, rows| Box::pin(chinook_generated::seed(db, rows)),
        checks: &[
            check::<Album>(),
            check::<Artist>(),
            check::<Customer>(),
            check::<Employee>(),
            check::<Genre>(),
            check::<Invoice>(),
            check::<InvoiceLine>(),
            check::<MediaType>(),
            check::<Playlist>(),
            check::<PlaylistTrack>(),
            check::<Track>(),
        ],
    }
};

const CONFORMANCE: Project = {
    use conformance_generated::conformance::v1::{
        account::Account, bare::Bare, cell::Cell, coded::Coded, doctor::Doctor, document::Document, imported::Imported,
        kind::Kind, link::Link, membership::Membership, node::Node, numbered::Numbered, order::Order, parcel::Parcel,
        plain::Plain, product::Product, word::Word,
    };
    Project {
        migrations: conformance_generated::migrations::ALL,
        seed: |db, rows| Box::pin(conformance_generated::seed(db, rows)),
        checks: &[
            check::<Account>(),
            check::<Bare>(),
            check::<Cell>(),
            check::<Coded>(),
            check::<Doctor>(),
            check::<Document>(),
            check::<Imported>(),
            check::<Kind>(),
            check::<Link>(),
            check::<Membership>(),
            check::<Node>(),
            check::<Numbered>(),
            check::<Order>(),
            check::<Parcel>(),
            check::<Plain>(),
            check::<Product>(),
            check::<Word>(),
        ],
    }
};

async fn explained(project: &Project, place: Place) {
    let db = Db::open(&DbConfig::from_url(&place.url).unwrap()).unwrap();
    db.migrate_up(project.migrations).await.unwrap();
    let rows = if db.dialect() == Dialect::Mysql { ROWS_OF_MYSQL } else { ROWS };
    (project.seed)(&db, rows).await.unwrap();
    let seeded = (project.seed)(&db, PAIRS).await.unwrap();
    let tables: BTreeSet<_> = seeded.iter().map(|seeded| seeded.table).collect();
    let checked: BTreeSet<_> = project.checks.iter().map(|(table, _)| *table).collect();
    assert_eq!(checked, tables, "every entity is checked");
    place.analyze(&db, &tables).await;
    let mut complaints = Vec::new();
    let mut count = 0;
    for (table, check) in project.checks {
        let (explained, found) = check(&db).await;
        count += explained;
        let sql = format!("SELECT count(*) FROM {table}");
        let count_of = db.fetch(&Context::system(), &sql, &[], |row| row.get::<i64>(0)).await.unwrap()[0];
        let few = usize::try_from(count_of).unwrap() < rows;
        let small = |complaint: &String| few && db.dialect() == Dialect::Mysql && complaint.contains(": ALL of ");
        complaints.extend(found.into_iter().filter(|complaint| !small(complaint)));
    }
    assert!(count >= project.checks.len() * 4, "only {count} statements were seen");
    assert!(complaints.is_empty(), "{} of {count} statements:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_on_sqlite() {
    explained(&SHOP, Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_on_postgres() {
    explained(&SHOP, Place::postgres("shop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_on_mysql() {
    explained(&SHOP, Place::mysql("shop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chinook_on_sqlite() {
    explained(&CHINOOK, Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chinook_on_postgres() {
    explained(&CHINOOK, Place::postgres("chinook")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chinook_on_mysql() {
    explained(&CHINOOK, Place::mysql("chinook")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conformance_on_sqlite() {
    explained(&CONFORMANCE, Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conformance_on_postgres() {
    explained(&CONFORMANCE, Place::postgres("conformance")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conformance_on_mysql() {
    explained(&CONFORMANCE, Place::mysql("conformance")).await;
}
