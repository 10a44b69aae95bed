//! PostgreSQL: one pool, and a transaction for each write.

use std::str::FromStr;

use peer::model::Customer;
use peer::problem::{Problem, Result};
use peer::store::{COUNT, Entry, Query, Rows, Store};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow, PgTypeInfo};
use sqlx::postgres::{PgValueFormat, PgValueRef};
use sqlx::{AssertSqlSafe, Decode, Encode, Row, Type};
use uuid::Uuid;

/// As many as the generated service has.
const CONNECTIONS: u32 = 16;
/// Microseconds from 1970 to 2000, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

const GET: &str = "SELECT id, name, email, country, phone, user_id, version, created_at, updated_at \
     FROM customers WHERE id = $1";
const INSERT: &str = "INSERT INTO customers (id, name, email, country, phone, user_id, version, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const UPDATE: &str = "UPDATE customers SET name = $1, email = $2, country = $3, phone = $4, user_id = $5, version = $6, \
     created_at = $7, updated_at = $8 WHERE id = $9 AND version = $10";
const OUTBOX: &str = "INSERT INTO arcana_outbox (kind, type, entity, key, payload, request_id, created_at) \
     VALUES ($1, $2, $3, $4, $5::text::json, $6, $7)";

/// A server.
pub struct Postgres(PgPool);

/// A point in time, as it is sent.
struct Micros(i64);

impl Type<sqlx::Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl Encode<'_, sqlx::Postgres> for Micros {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<sqlx::Postgres>>::encode(self.0 - EPOCH, buffer)
    }
}

impl<'r> Decode<'r, sqlx::Postgres> for Micros {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self(<i64 as Decode<sqlx::Postgres>>::decode(value)? + EPOCH)),
            PgValueFormat::Text => Err("a time came as text".into()),
        }
    }
}

impl Store for Postgres {
    async fn open(url: String) -> Result<Self> {
        let options = PgConnectOptions::from_str(&url).map_err(Problem::internal)?;
        // Asking the server whether it is still there costs a round trip.
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        pool.connect_with(options).await.map(Self).map_err(Problem::internal)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Customer>> {
        let row = sqlx::query(GET).bind(id).fetch_optional(&self.0).await.map_err(Problem::internal)?;
        row.as_ref().map(customer).transpose()
    }

    async fn list(&self, query: Query) -> Result<Rows> {
        let behind = match query.after {
            None => "",
            Some(_) => "WHERE (created_at, id) < ($1, $2) ",
        };
        let limit = query.size + 1;
        let sql = format!(
            "SELECT id, name, email, country, phone, user_id, version, created_at, updated_at \
             FROM customers {behind}ORDER BY created_at DESC, id DESC LIMIT {limit}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql));
        let rows = match query.after {
            None => rows,
            Some((time, id)) => rows.bind(Micros(time)).bind(id),
        };
        let rows = rows.fetch_all(&self.0).await.map_err(Problem::internal)?;
        let total = match query.total {
            true => Some(sqlx::query_scalar(COUNT).fetch_one(&self.0).await.map_err(Problem::internal)?),
            false => None,
        };
        Ok((rows.iter().map(customer).collect::<Result<_>>()?, total))
    }

    async fn insert(&self, row: Customer) -> Result<Customer> {
        let mut transaction = self.0.begin().await.map_err(Problem::internal)?;
        let query = sqlx::query(INSERT).bind(row.id).bind(&row.name).bind(&row.email).bind(&row.country);
        let query = query.bind(&row.phone).bind(row.user_id).bind(row.version).bind(Micros(row.created_at));
        query.bind(Micros(row.updated_at)).execute(&mut *transaction).await.map_err(refused)?;
        tell(&mut transaction, &row, Entry::created(&row)).await?;
        transaction.commit().await.map_err(Problem::internal)?;
        Ok(row)
    }

    async fn update(&self, row: Customer, changed: Vec<&'static str>) -> Result<Customer> {
        let mut transaction = self.0.begin().await.map_err(Problem::internal)?;
        let query = sqlx::query(UPDATE).bind(&row.name).bind(&row.email).bind(&row.country).bind(&row.phone);
        let query = query.bind(row.user_id).bind(row.version).bind(Micros(row.created_at));
        let query = query.bind(Micros(row.updated_at)).bind(row.id).bind(row.version - 1);
        let done = query.execute(&mut *transaction).await.map_err(refused)?;
        if done.rows_affected() != 1 {
            return Err(Problem::Concurrent);
        }
        tell(&mut transaction, &row, Entry::updated(&row, &changed)).await?;
        transaction.commit().await.map_err(Problem::internal)?;
        Ok(row)
    }
}

async fn tell(connection: &mut PgConnection, row: &Customer, entry: Entry) -> Result<()> {
    let query = sqlx::query(OUTBOX).bind(Entry::KIND).bind(entry.r#type).bind(Entry::ENTITY).bind(entry.key);
    let query = query.bind(entry.payload).bind(entry.request_id).bind(Micros(row.updated_at));
    query.execute(connection).await.map(drop).map_err(Problem::internal)
}

fn customer(row: &PgRow) -> Result<Customer> {
    let read = || -> sqlx::Result<Customer> {
        Ok(Customer {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            email: row.try_get(2)?,
            country: row.try_get(3)?,
            phone: row.try_get(4)?,
            user_id: row.try_get(5)?,
            version: row.try_get(6)?,
            created_at: row.try_get::<Micros, _>(7)?.0,
            updated_at: row.try_get::<Micros, _>(8)?.0,
        })
    };
    read().map_err(Problem::internal)
}

fn refused(cause: sqlx::Error) -> Problem {
    match cause.as_database_error() {
        Some(error) if error.is_unique_violation() => Problem::Taken("email"),
        Some(error) if error.is_foreign_key_violation() => Problem::Dangling("user_id"),
        _ => Problem::internal(cause),
    }
}
