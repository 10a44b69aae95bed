//! Sample rows of this shop: the generated ones, with what the service would have computed for them, and no mail that it would send.

use arcana_generated::arcana::identity::v1::account_mail::AccountMail;
use arcana_generated::shop::v1::order::{Order, OrderLine, OrderStatus};
use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::Context;
use arcana_runtime::db::Db;
use arcana_runtime::entity::Entity;
use arcana_runtime::error::Result;
use arcana_runtime::fixture::{Fixture, Seeded};
use arcana_runtime::repository::{Repository, SqlRepository};
use arcana_runtime::types::Decimal;

/// Rows that are brought in line at once.
const CHUNK: usize = 100;

/// Inserts sample rows into empty tables; totals of orders are the sums of their lines.
pub async fn seed(db: &Db, rows: usize) -> Result<Vec<Seeded>> {
    let seeded = arcana_generated::seed(db, rows).await?;
    settle(db, &seeded, settled).await?;
    settle(db, &seeded, |mail| AccountMail { next_attempt_at: None, ..mail }).await?;
    Ok(seeded)
}

/// Brings the sample rows of an entity in line.
async fn settle<E: Entity + Fixture>(db: &Db, seeded: &[Seeded], settled: fn(E) -> E) -> Result<()> {
    let rows = seeded.iter().find(|table| table.table == E::SPEC.table).map_or(0, |table| table.rows);
    let (cx, repository) = (Context::system(), SqlRepository::<E>::new(db.clone()));
    for first in (0..rows).step_by(CHUNK) {
        let ids: Vec<_> = (first..rows.min(first + CHUNK)).map(|n| E::fixture(n).id()).collect();
        let mut changes = Changes::new(&cx);
        for row in repository.find_many(&cx, &Scope::Unrestricted, &ids).await? {
            changes.update_as_it_is(&row, &settled(row.clone()));
        }
        db.commit(&cx, changes).await?;
    }
    Ok(())
}

fn settled(order: Order) -> Order {
    let price = |line: &OrderLine| line.unit_price * Decimal::from(line.quantity);
    let total = order.lines.iter().map(price).sum();
    let tracking_number = order.tracking_number.filter(|_| order.status == OrderStatus::Shipped);
    Order { total, tracking_number, ..order }
}
