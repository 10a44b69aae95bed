//! Sample rows of this shop: the generated ones, with what the service would have computed for them.

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

/// Orders that are brought in line at once.
const CHUNK: usize = 100;

/// Inserts sample rows into empty tables; totals of orders are the sums of their lines.
pub async fn seed(db: &Db, rows: usize) -> Result<Vec<Seeded>> {
    let seeded = arcana_generated::seed(db, rows).await?;
    let orders = seeded.iter().find(|table| table.table == Order::SPEC.table).map_or(0, |table| table.rows);
    let (cx, repository) = (Context::system(), SqlRepository::<Order>::new(db.clone()));
    for first in (0..orders).step_by(CHUNK) {
        let ids: Vec<_> = (first..orders.min(first + CHUNK)).map(|n| Order::fixture(n).id).collect();
        let mut changes = Changes::new(&cx);
        for order in repository.find_many(&cx, &Scope::Unrestricted, &ids).await? {
            changes.update_as_it_is(&order, &settled(order.clone()));
        }
        db.commit(&cx, changes).await?;
    }
    Ok(seeded)
}

fn settled(order: Order) -> Order {
    let price = |line: &OrderLine| line.unit_price * Decimal::from(line.quantity);
    let total = order.lines.iter().map(price).sum();
    let tracking_number = order.tracking_number.filter(|_| order.status == OrderStatus::Shipped);
    Order { total, tracking_number, ..order }
}
