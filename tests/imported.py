#!/usr/bin/env python3
"""A database that somebody else made becomes a service, as docs/importing.md tells: `cargo xtask new --from`, `gen`, `check`,
`migrate seal`, `migrate adopt`, `migrate verify`. Then the program that came of it answers, on that database and over real
HTTP, the rows that were there before, and changes them.

    tests/imported.py PROJECT SERVERS FIXTURES     called by tests/project.sh: a project without entities that is called shop,
                                                   the program of private servers (`testing/examples/servers.rs`), and the
                                                   folder of a shop in three dialects, with its rows

The exit code is 0 if all of it holds.
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

START_SECONDS = 60
REQUEST_SECONDS = 30
PAGE = 50
TABLES = ["regions", "customers", "addresses", "categories", "products", "product_categories", "orders", "order_lines",
          "payments", "reviews", "settings"]
LEFT_ALONE = ["table import_log: not expected", "view open_orders: not expected"]

project = Path(sys.argv[1]).resolve()
fixtures = Path(sys.argv[3]).resolve()
scratch = Path(tempfile.mkdtemp(prefix="imported."))
program = Path(os.environ["CARGO_TARGET_DIR"]) / "debug/shop"
servers = subprocess.Popen([sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
services = []


def check(holds, what, output=""):
    if not holds:
        print(f"FAILED: {what}\n{output[-6000:]}", file=sys.stderr)
        sys.exit(1)


def same(what, got, wanted):
    check(got == wanted, f"{what} is {got!r}, not {wanted!r}")


def run(*words, code=0, env=None, given=None):
    """What a command prints, which ends with this code."""
    done = subprocess.run(words, cwd=project, env=env, input=given, text=True, errors="backslashreplace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(done.returncode == code, f"{' '.join(map(str, words))} ended with {done.returncode}, not {code}", done.stdout)
    return done.stdout


def xtask(*words, code=0):
    return run("cargo", "--quiet", "xtask", *words, code=code)


def says(text, *parts):
    flat = re.sub(r"[\s│]+", " ", text)
    for part in parts:
        check(part in flat, f"it does not say {part!r}", text)


class Sqlite:
    fixture = "sqlite.sql"

    def __init__(self):
        self.path = scratch / "shop.db"
        self.url = f"sqlite://{self.path}"

    def make(self, text):
        with sqlite3.connect(self.path) as connection:
            connection.executescript(text)

    def sql(self, text):
        """The rows of a statement, as lists of texts."""
        with sqlite3.connect(self.path) as connection:
            rows = connection.execute(text).fetchall()
        return [["NULL" if value is None else str(value) for value in row] for row in rows]

    def product(self, number):
        return number

    def time(self, text):
        # Nothing but a text, as it is stored.
        return text

    def price(self, text):
        return float(text)


class Server:
    """What both servers have in common."""

    def __init__(self, url):
        self.url = url

    def make(self, text):
        self.client(text)

    def sql(self, text):
        """The rows of a statement, as lists of texts."""
        return [line.split("\t") for line in self.client(text).splitlines()]

    def product(self, number):
        return f"01900000-0000-7000-8000-{number:012}"

    def time(self, text):
        return text.replace(" ", "T") + ".000000Z"

    def price(self, text):
        return text


class Postgres(Server):
    fixture = "postgres.sql"

    def client(self, text):
        return run("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t", "--pset=null=NULL",
                   "--set=ON_ERROR_STOP=1", self.url, given=text)


class Mariadb(Server):
    fixture = "mariadb.sql"

    def client(self, text):
        at = urllib.parse.urlsplit(self.url)
        return run("mariadb", "--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4",
                   f"--host={at.hostname}", f"--port={at.port}", f"--user={at.username}", at.path.lstrip("/"), given=text)


def environment(database):
    names = {"SERVER__REST__PORT": "0", "SERVER__GRPC__PORT": "0", "SECURITY__MODE": "development",
             "DATABASE__URL": database.url, "OBSERVABILITY__LOG__FORMAT": "json"}
    return {**os.environ, **{f"SHOP_{name}": value for name, value in names.items()}}


def migrate(database, *words, code=0):
    return run(program, "migrate", *words, code=code, env=environment(database))


class Service:
    """The program that came of it, on its database."""

    def __init__(self, database):
        services.append(self)
        self.log = scratch / f"{len(services)}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([program, "serve"], cwd=project, env=environment(database), stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while not (found := re.search(r"^REST (http://\S+)$", self.said(), re.MULTILINE)):
            check(self.process.poll() is None and time.monotonic() < end, "the service does not start", self.said())
            time.sleep(0.05)
        self.base = found[1] + "/api/v1"

    def said(self):
        return self.log.read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        same("the exit code of the service", self.process.wait(30), 0)

    def call(self, method, path, body=None, status=200):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                code, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            code, text = refused.code, refused.read().decode()
        check(code == status, f"{method} {path} answers {code}, not {status}", f"{text}\n{self.said()}")
        return json.loads(text) if text else None

    def list(self, path, **query):
        """All rows of a list, page by page; as many as it tells."""
        rows, query, total = [], {"size": PAGE, **query}, None
        while True:
            page = self.call("GET", f"/{path}?{urllib.parse.urlencode(query)}")
            rows += page["data"]
            total = page["total"] if total is None else total
            if not page["next_page_token"]:
                same(f"the count of rows that {path} pages through", len(rows), total)
                return rows
            query["page_token"] = page["next_page_token"]

    def get(self, path, *key):
        return self.call("GET", "/" + "/".join([path, *(urllib.parse.quote(str(part), safe="") for part in key)]))


def rows_before(database):
    """Rows as the service must tell them: all of the fixture but the many customers."""
    product, when, price = database.product, database.time, database.price
    # What is shorter than its column is filled with blanks, and PostgreSQL tells so.
    padded = (lambda text, width: text.ljust(width)) if isinstance(database, Postgres) else (lambda text, width: text)
    table = lambda members, *rows: [dict(zip(members.split(), row, strict=True)) for row in rows]
    products = [(product(1), "L1", price("9.50"), "AA=="), (product(2), "L2", price("10.00"), None),
                (product(3), "l3/ö", price("0.00"), ""), (product(4), "L4", price("99999999.99"), None)]
    more = {
        Sqlite: ("", [()] * 4),
        Postgres: (" extra released weight", [({"a": 1}, "2026-01-31", 1.5), (None, None, None), ({}, "1899-12-30", 0.0),
                                              (None, "9999-12-31", 1e9)]),
        # A date of zeros is none.
        Mariadb: (" released weight kind parts", [("2026-01-31", 1.5, "lamp", 2), (None, None, None, None),
                                                  (None, 0.0, "bulb", 0), ("9999-12-31", 1e9, None, 4294967295)]),
    }[type(database)]
    shipped = {Sqlite: ("1999-12-31", "20000101"), Postgres: (when("1999-12-31 00:00:00"), when("2000-01-01 00:00:00")),
               Mariadb: (when("1999-12-31 00:00:00"), None)}[type(database)]
    return {
        "regions": table("code name", ("ch", "Switzerland"), ("at", "Österreich"), (padded("x", 2), "Elsewhere")),
        "customers": table(
            "id name region_code referred_by active created", (1, "Ada", "ch", None, True, when("2019-02-28 23:59:59")),
            (7, "Bob", None, 1, False, None), (8, "O'Neill \"the\" 100%_Great", "at", 7, True, when("1999-12-31 00:00:00")),
            (9, "", padded("x", 2), 8, True, when("2038-01-19 03:14:07"))),
        "addresses": table(
            "id customer_id street created_at updated_at", (1, 1, "Main", when("1999-12-31 23:59:59"), None),
            (2, 7, "Größe 1\nHinterhaus", when("2001-09-09 01:46:40"), None),
            (3, 8, None, when("2001-09-09 01:46:40"), when("2026-01-31 12:00:00"))),
        "categories": table("id parent_id title order", (1, None, "All", 1), (2, 1, "Lamps", -2), (3, 2, "Bulbs", None)),
        "products": table("id sku price picture" + more[0], *(row + rest for row, rest in zip(products, more[1], strict=True))),
        "product_categories": table("product_id category_id", (product(1), 2), (product(1), 3), (product(2), 2)),
        "orders": table(
            "id customer_id status placed shipped version", (1, 7, "open", when("2026-01-31 12:00:00"), None, 0),
            (2, 1, "done", when("1970-01-01 00:00:00"), shipped[0], 3),
            (3, 8, "done", when("9999-12-31 23:59:59"), shipped[1], 0)),
        "order_lines": table("id order_id product_id quantity", (1, 1, product(1), 3), (2, 1, product(2), 1), (3, 2, product(1), -1)),
        "payments": table("id order_id amount type", (1, 1, 9.5, "CASH"), (2, None, -100.0, padded("ec", 4)), (3, 2, 1e15, None)),
        "reviews": table("id product_id body_text stars", (1, product(1), "good", 5), (2, product(1), None, None),
                         (3, product(2), "", -1)),
        "settings": table("key value", ("a", "b"), ("mail.from", None), ("path/upload dir", ""), ("größe?", "100%")),
    }


KEYS = {"regions": ["code"], "settings": ["key"], "product_categories": ["product_id", "category_id"]}


def answers_what_was_there(service, database):
    before = rows_before(database)
    same("what is compared", sorted(before), sorted(TABLES))
    for table, rows in before.items():
        keys = KEYS.get(table, ["id"])
        listed = service.list(table)
        same(f"the count of {table}", [[str(len(listed))]], database.sql(f"SELECT count(*) FROM {table}"))
        by_key = {tuple(row[key] for key in keys): row for row in listed}
        for row in rows:
            key = tuple(row[name] for name in keys)
            same(f"{table} {key} in the list", by_key.get(key), row)
            same(f"{table} {key}", service.get(table, *key), row)
        check(table == "customers" or len(listed) == len(rows), f"{table} has other rows than the fixture")
    # The customer who sent a customer, and back to the first.
    chain, who = [], 102
    while who is not None:
        chain.append(who)
        who = service.get("customers", who)["referred_by"]
    same("who was referred by whom", chain, [102, 101, 1])
    count = database.sql("SELECT count(*) FROM customers WHERE region_code = 'ch'")
    found = service.list("customers", region_code="ch")
    same("the count of customers in a region", [[str(len(found))]], count)
    same("the regions of those", {row["region_code"] for row in found}, {"ch"})
    same("a product by its number", service.list("products", sku="l3/ö"), [before["products"][2]])
    same("products in order", [row["sku"] for row in service.list("products", sort="sku", order="desc")], ["l3/ö", "L4", "L2", "L1"])


def changes_it(service, database):
    when = database.time("2026-02-28 08:00:00")
    made = service.call("POST", "/customers", {"name": "Zoë", "region_code": "ch", "referred_by": 8, "active": True,
                                               "created": when}, 201)
    same("a new customer", made, {"id": 220, "name": "Zoë", "region_code": "ch", "referred_by": 8, "active": True, "created": when})
    stored = database.sql("SELECT id, name, region_code, referred_by FROM customers WHERE id > 219")
    same("the new customer by SQL", stored, [["220", "Zoë", "ch", "8"]])
    lamp = service.call("POST", "/products", {"sku": "N1", "price": database.price("12.00")}, 201)
    same("the price of a new product", lamp["price"], database.price("12.00"))
    same("the new product", service.get("products", lamp["id"]), lamp)
    same("its price by SQL", [float(price) for [price] in database.sql("SELECT price FROM products WHERE sku = 'N1'")], [12.0])
    row = {"product_id": lamp["id"], "category_id": 3}
    same("a new row of the join table", service.call("POST", "/product_categories", row, 201), row)
    same("that row", service.get("product_categories", lamp["id"], 3), row)
    same("such rows by SQL", database.sql("SELECT count(*) FROM product_categories WHERE category_id = 3"), [["2"]])
    service.call("PATCH", "/orders/1", {"status": "done"})
    same("a changed order by SQL", database.sql("SELECT status, customer_id FROM orders WHERE id = 1"), [["done", "7"]])
    # What the tables forbid, the service says.
    service.call("PATCH", "/orders/1", {"status": "lost"}, 400)
    service.call("POST", "/customers", {"name": "Nobody", "region_code": "zz", "active": True}, 409)
    service.call("POST", "/products", {"sku": "L1", "price": database.price("1.00")}, 409)
    service.call("DELETE", "/regions/ch", status=409)
    service.call("DELETE", "/categories/1", status=204)
    same("a category without its parent", database.sql("SELECT parent_id FROM categories WHERE id = 2"), [["NULL"]])


def entities(database):
    """Has the entities of a database written, and says some more of them, as whoever reads them does."""
    database.make((fixtures / database.fixture).read_text())
    said = xtask("new", "--from", database.url)
    says(said, "Written: schema/shop/v1/customer.proto", "view open_orders: is no table", "Next: cargo xtask gen")
    says(xtask("new", "--from", database.url, code=1), "schema/shop/v1/address.proto is there already")
    schema = project / "schema/shop/v1"
    for file, word in ((schema / "customer.proto", 'references: "shop.v1.Region"'), (schema / "product.proto", "unique: true")):
        text = file.read_text()
        same(f"the count of {word} in {file.name}", text.count(word), 1)
        file.write_text(text.replace(word, f"{word} filterable: true sortable: true"))
    kept = scratch / type(database).__name__
    shutil.move(project / "schema", kept)
    (project / "schema").mkdir()
    return kept


def becomes_a_service(database, schema):
    print(f"== {type(database).__name__}", flush=True)
    for folder in ("schema", "migrations", "src/logic"):
        shutil.rmtree(project / folder, ignore_errors=True)
    shutil.move(schema, project / "schema")
    xtask("gen")
    says(xtask("check"), "Nothing wrong in 11 entities")
    xtask("migrate", "seal")
    says(xtask("gen", "--check"), "Up to date")
    run("cargo", "build", "--quiet", "--bin", "shop")

    dump = lambda: {table: database.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}
    before = dump()
    says(migrate(database, "adopt"), "nothing was changed yet", "to do it: migrate adopt --apply")
    says(migrate(database, "adopt", "--apply"), "adopted: 0001 initial is noted as applied")
    same("what the tables hold", dump(), before)
    told = migrate(database, "verify", code=1).splitlines()
    same("what differs", [line.strip() for line in told[1:-1]], LEFT_ALONE)

    service = Service(database)
    check("migration applied" not in service.said() and "skipping" not in service.said(), "it says what is no news", service.said())
    answers_what_was_there(service, database)
    changes_it(service, database)
    service.stop()
    database.make("DROP VIEW open_orders; DROP TABLE import_log;")
    says(migrate(database, "verify"), "the database is what its 1 migrations make")


def main():
    servers.stdin.write("shop\n")
    servers.stdin.flush()
    postgres, mariadb = servers.stdout.readline().split()
    databases = [Sqlite(), Postgres(postgres), Mariadb(mariadb)]
    same("what cargo says of a project without entities", run("cargo", "build", "--quiet", "--bin", "shop"), "")
    # While there are none, one build reads all databases.
    schemas = [entities(database) for database in databases]
    for database, schema in zip(databases, schemas, strict=True):
        becomes_a_service(database, schema)
    print("Databases that were there before are served on SQLite, PostgreSQL and MariaDB")


try:
    main()
finally:
    for service in services:
        if service.process.poll() is None:
            service.process.kill()
    servers.stdin.close()
    servers.wait(60)
    shutil.rmtree(scratch, ignore_errors=True)
