//! Ways from one state to another, for the servers: what each does to a database with rows, there and back.

use super::*;

/// A way, by what it is about.
pub(super) struct Walk {
    pub name: &'static str,
    pub old: Lock,
    pub new: Lock,
    pub back: Back,
}

/// What the way back makes of the rows.
#[derive(PartialEq)]
pub(super) enum Back {
    /// They are as they were.
    Kept,
    /// Values are lost.
    Lost,
    /// It fails if there are any.
    Refused,
}

fn walk(name: &'static str, edit: impl FnOnce(&mut Lock)) -> Walk {
    let mut new = server_shop();
    edit(&mut new);
    Walk { name, old: server_shop(), new, back: Back::Kept }
}

fn lossy(walk: Walk) -> Walk {
    Walk { back: Back::Lost, ..walk }
}

/// The shop as the checks let it pass: what is in an index has a bound.
pub(super) fn server_shop() -> Lock {
    let mut lock = shop();
    let code = Column { max_len: Some(20), ..column(1, "id", Storage::String) };
    lock.tables.insert("Country".to_owned(), table("countries", vec![code]));
    of(&mut lock, "Line").columns[3].default = Some("[]".to_owned());
    let order = of(&mut lock, "Order");
    order.columns.push(Column { nullable: true, ..column(9, "country", Storage::String) });
    order.columns.push(Column { nullable: true, ..column(10, "paid_at", Storage::Timestamp) });
    order.foreign_keys.push(reference("country", "Country", Action::Restrict));
    let paid = Some("paid_at IS NULL".to_owned());
    order.indexes.push(Index { condition: paid.clone(), ..index("orders_country_key", &["country", "number"]) });
    order.indexes.push(Index { condition: paid, unique: false, ..index("orders_paid_at_idx", &["paid_at", "id"]) });
    lock
}

/// Every change that a migration can make in place.
pub(super) fn walks() -> Vec<Walk> {
    let mut walks = names();
    walks.extend(columns());
    walks.extend(types());
    walks.extend(references());
    walks
}

fn names() -> Vec<Walk> {
    vec![
        walk("columns change names in a circle, and their table its own", |lock| {
            of(lock, "Order").columns[4].max_len = None;
            of(lock, "Order").columns[1].name = "group".to_owned();
            of(lock, "Order").columns[4].name = "number".to_owned();
            of(lock, "Order").indexes = vec![index("orders_group_key", &["group"])];
            of(lock, "Line").name = "lines".to_owned();
        }),
        walk("two tables change names", |lock| {
            of(lock, "Line").name = "remarks".to_owned();
            of(lock, "Remark").name = "order_lines".to_owned();
        }),
        lossy(walk("a table goes, and another takes its name", |lock| {
            lock.tables.remove("Remark");
            of(lock, "Line").name = "remarks".to_owned();
            lock.tables.insert("Note".to_owned(), table("order_lines", vec![column(1, "id", Storage::Uuid)]));
        })),
        walk("a column of a condition and a reference changes its name", |lock| {
            let order = of(lock, "Order");
            order.columns[7].name = "settled_at".to_owned();
            order.columns[6].name = "land".to_owned();
            let settled = Some("settled_at IS NULL".to_owned());
            order.foreign_keys[1].columns = strings(&["land"]);
            order.indexes[1] = Index { condition: settled.clone(), ..index("orders_land_key", &["land", "number"]) };
            order.indexes[2] =
                Index { condition: settled, unique: false, ..index("orders_settled_at_idx", &["settled_at", "id"]) };
        }),
    ]
}

fn columns() -> Vec<Walk> {
    vec![
        lossy(walk("columns come and go", |lock| {
            of(lock, "Line").columns.remove(3);
            let stock = Column { default: Some("7".to_owned()), ..column(7, "stock", Storage::I32) };
            let tags = Column { nullable: true, ..column(8, "tags", Storage::JsonObject) };
            of(lock, "Line").columns.extend([stock, tags]);
        })),
        walk("columns of every type come to rows that exist", |lock| {
            let status = Storage::Enum { name: "Status".to_owned(), values: strings(&["A", "it's"]) };
            let added = [
                (Storage::Bool, "true"),
                (Storage::I32, "-1"),
                (Storage::I64, ""),
                (Storage::U32, "1"),
                (Storage::U64, "9223372036854775807"),
                (Storage::F32, "1.5"),
                (Storage::F64, "1e300"),
                (Storage::String, "it's a \\ and a \" and 🦀"),
                (Storage::Bytes, ""),
                (Storage::Decimal { precision: 10, scale: 3 }, "-1.25"),
                (Storage::Timestamp, "2026-01-31T12:00:00.5Z"),
                (Storage::Duration, "1.5s"),
                (Storage::Date, "2026-01-31"),
                (Storage::JsonObject, "{}"),
                (Storage::JsonArray, ""),
                (status, "it's"),
            ];
            let added = added.into_iter().enumerate().map(|(at, (storage, default))| {
                let number = 20 + u32::try_from(at).unwrap();
                Column { default: Some(default.to_owned()), ..column(number, &format!("added_{number}"), storage) }
            });
            of(lock, "Order").columns.extend(added);
        }),
        lossy(walk("columns need a value, or need none any more", |lock| {
            let order = of(lock, "Order");
            order.columns[2].nullable = true;
            order.columns[7] = Column {
                default: Some("1970-01-01T00:00:00Z".to_owned()),
                nullable: false,
                ..column(10, "paid_at", Storage::Timestamp)
            };
        })),
    ]
}

fn types() -> Vec<Walk> {
    vec![
        walk("numbers and texts grow", |lock| {
            let order = of(lock, "Order");
            order.columns[1].max_len = Some(64);
            order.columns[2].storage = Storage::Decimal { precision: 20, scale: 4 };
            of(lock, "Line").columns[1].storage = Storage::I64;
        }),
        walk("keys grow with their references", |lock| of(lock, "Country").columns[0].max_len = Some(60)),
        walk("a number becomes a text, an enum too", |lock| {
            of(lock, "Line").columns[1] = Column { max_len: Some(30), ..column(0, "position", Storage::String) };
            of(lock, "Order").columns[3] = Column { max_len: None, ..column(4, "status", Storage::String) };
        }),
        walk("an enum gets more values", |lock| {
            let values = strings(&["OPEN", "DONE", &"LONG".repeat(20)]);
            of(lock, "Order").columns[3].storage = Storage::Enum { name: "Status".to_owned(), values };
        }),
        lossy(walk("a column gets a type of the database", |lock| {
            of(lock, "Order").columns[4].storage_type = Some("VARCHAR(40)".to_owned());
        })),
        walk("a row gets too long for its texts", |lock| {
            let long = |number| Column { max_len: Some(4000), nullable: true, ..column(number, "", Storage::String) };
            let all = (30..36).map(|number| Column { name: format!("long_{number}"), ..long(number) });
            of(lock, "Order").columns.extend(all);
        }),
    ]
}

fn references() -> Vec<Walk> {
    vec![
        walk("indexes change", |lock| {
            let order = of(lock, "Order");
            order.indexes.remove(1);
            order.indexes[0].columns = strings(&["number", "status"]);
            order.indexes[1].condition = None;
            order.indexes.push(Index { unique: false, ..index("orders_country_idx", &["country", "id"]) });
            of(lock, "Remark").indexes = vec![Index { unique: false, ..index("remarks_line_id_idx", &["line_id"]) }];
        }),
        walk("references change", |lock| {
            of(lock, "Order").foreign_keys[0].on_delete = Action::SetNull;
            of(lock, "Order").foreign_keys.remove(1);
            of(lock, "Remark").foreign_keys[0].on_delete = Action::Cascade;
        }),
        Walk {
            back: Back::Refused,
            ..walk("a table goes that others reference", |lock| {
                lock.tables.remove("Order");
                of(lock, "Line").foreign_keys.clear();
                of(lock, "Line").columns.remove(0);
            })
        },
        walk("tables come that reference each other", |lock| {
            for (name, other) in [("A", "B"), ("B", "A")] {
                let other_id = Column { nullable: true, ..column(2, "other_id", Storage::Uuid) };
                let mut new = table(&format!("{name}s").to_lowercase(), vec![column(1, "id", Storage::Uuid), other_id]);
                new.foreign_keys = vec![reference("other_id", other, Action::SetNull)];
                lock.tables.insert(name.to_owned(), new);
            }
            let a_id = Column { nullable: true, ..column(11, "a_id", Storage::Uuid) };
            of(lock, "Order").columns.push(a_id);
            of(lock, "Order").foreign_keys.push(reference("a_id", "A", Action::SetNull));
        }),
        walk("a table moves, with what references it", |lock| {
            let mut line = lock.tables.remove("Line").unwrap();
            line.moved_from = Some("Line".to_owned());
            line.name = "items".to_owned();
            lock.tables.insert("Item".to_owned(), line);
            of(lock, "Remark").foreign_keys[0].entity = "Item".to_owned();
        }),
    ]
}
