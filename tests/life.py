#!/usr/bin/env python3
"""The life of a schema on real databases, as developers and operators of a project see it: changes, refusals and their safe
paths, replicas that start at once, older services beside newer schemas, and two branches.

    tests/life.py PROJECT SERVERS     called by tests/project.sh: a project with all three databases in a git repository of its
                                      own, and the program of private servers (`testing/examples/servers.rs`)

The exit code is 0 if all of it holds.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REPLICAS = 8
START_SECONDS = 60
DIALECTS = ["sqlite", "postgres", "mysql"]

project = Path(sys.argv[1]).resolve()
scratch = Path(tempfile.mkdtemp(prefix="life."))
target = Path(os.environ["CARGO_TARGET_DIR"])
servers = subprocess.Popen([sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
services = []


def fail(message, output=""):
    print(f"FAILED: {message}\n{output[-6000:]}", file=sys.stderr)
    sys.exit(1)


def check(holds, what, output=""):
    if not holds:
        fail(what, output)


def run(*words, code=0, env=None, cwd=project):
    """What a command prints, which ends with this code."""
    done = subprocess.run(words, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(done.returncode == code, f"{' '.join(map(str, words))} ended with {done.returncode}, not {code}", done.stdout)
    return done.stdout


def xtask(*words, code=0):
    return run("cargo", "--quiet", "xtask", *words, code=code)


def says(text, *parts):
    flat = re.sub(r"[\s│]+", " ", text)
    for part in parts:
        check(part in flat, f"it does not say {part!r}", text)


def edit(file, *replacements):
    path = project / "schema/lending/v1" / file
    text = path.read_text()
    for old, new in replacements:
        check(text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}")
        text = text.replace(old, new)
    path.write_text(text)


def undo():
    """The schema and what follows from it as they were committed."""
    run("git", "checkout", "--quiet", "--", ".")
    run("git", "clean", "--quiet", "--force", "-d", "schema", "migrations", "generated", "src")


def commit(message):
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", message)


def seal(message):
    """Seals and commits what is open, and builds the program of that state under a name of its own."""
    xtask("migrate", "seal")
    commit(message)


def build(name):
    run("cargo", "build", "--quiet", "--bin", "lending")
    path = scratch / name
    shutil.copy2(target / "debug/lending", path)
    return path


class Database:
    """One of each dialect under the same name."""

    def __init__(self, name):
        servers.stdin.write(name + "\n")
        servers.stdin.flush()
        postgres, mysql = servers.stdout.readline().split()
        self.urls = {"sqlite": f"sqlite://{scratch}/{name}.db", "postgres": postgres, "mysql": mysql}


def environment(url, **more):
    names = {"SERVER__REST__PORT": "0", "SERVER__GRPC__PORT": "0", "SECURITY__MODE": "development", "DATABASE__URL": url,
             "OBSERVABILITY__LOG__FORMAT": "json", **more}
    return {**os.environ, **{f"LENDING_{name}": value for name, value in names.items()}}


class Service:
    def __init__(self, program, url, **more):
        services.append(self)
        self.log = scratch / f"{id(self)}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([program, "serve"], cwd=project, env=environment(url, **more), stdout=log,
                                            stderr=log)

    def said(self):
        return self.log.read_text()

    def wait(self):
        """Waits until it listens; whether it does."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = re.search(r"^REST (http://\S+)$", self.said(), re.MULTILINE)
            if found:
                self.base = found[1]
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        fail("a service neither listens nor ends", self.said())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def call(self, method, path, body=None, status=200):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                code, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            code, text = refused.code, refused.read().decode()
        check(code == status, f"{method} {path} answers {code}, not {status}", text + self.said())
        return json.loads(text) if text else None

    def books(self):
        return self.call("GET", "/api/v1/books?size=100&sort=title&order=asc")["data"]


def started(program, url, **more):
    service = Service(program, url, **more)
    check(service.wait(), "a service does not start", service.said())
    return service


def refused(program, url, *parts, **more):
    service = Service(program, url, **more)
    check(not service.wait(), "a service starts that must not", service.said())
    says(service.said(), *parts)


def migrate(program, url, *words, code=0, **more):
    return run(program, "migrate", *words, code=code, env=environment(url, **more))


def on_all(work, *arguments):
    """Does the same on the three databases at once."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda dialect: work(dialect, *arguments), DIALECTS))


def title(what):
    print(f"== {what}", flush=True)


def all_at_once(program, url, migrations):
    """Many replicas start at once: each migration is applied by one of them, and all serve."""
    replicas = [Service(program, url) for _ in range(REPLICAS)]
    check(all(replica.wait() for replica in replicas), "a replica does not start",
          "\n".join(replica.said() for replica in replicas))
    applied = sum(replica.said().count('"message":"migration applied"') for replica in replicas)
    check(applied == migrations, f"{applied} migrations were applied by {REPLICAS} replicas, not {migrations}")
    for replica in replicas:
        replica.books()
    for replica in replicas[1:]:
        replica.stop()
    return replicas[0]


def isbn(number):
    return f"978{number:010}"


def replicas_on_empty_databases(first, database):
    def work(dialect):
        service = all_at_once(first, database.urls[dialect], 1)
        for number in range(20):
            body = {"title": f"Book {number:02}", "isbn": isbn(number), "on_shelf": number}
            service.call("POST", "/api/v1/books", body, 201)
        service.stop()

    title(f"{REPLICAS} replicas on empty databases")
    on_all(work)


def a_compatible_step(first, database):
    title("a new optional field: older services go on beside it")
    edit("book.proto", ("  int64 version = 5;", '  // Where it stands.\n  optional string shelf = 8 [(buf.validate.field).string.max_len '
                        '= 32, (arcana.field) = { filterable: true }];\n  // When it was bought.\n  optional '
                        'google.protobuf.Timestamp bought_at = 9;\n  int64 version = 5;'))
    text = xtask("gen")
    says(text, "safe add column lending.v1.Book.shelf NULL in rows that exist")
    check("cannot work beside it" not in text, "a new optional field is told to be incompatible", text)
    # Production takes no open migration.
    opened = build("open")
    says(migrate(opened, database.urls["sqlite"], "up", code=1, ENV="production"), "migration 0002", "is open", "migrate seal")
    seal("Give books a shelf")
    second = build("second")

    def work(dialect):
        url = database.urls[dialect]
        older = started(first, url)
        newer = all_at_once(second, url, 1)
        # Both write and read beside each other, and an older one starts again.
        body = {"title": "From the newer", "isbn": isbn(100), "on_shelf": 1, "shelf": "SF 3"}
        row = newer.call("POST", "/api/v1/books", body, 201)
        older.call("PATCH", f"/api/v1/books/{row['id']}", {"on_shelf": 2})
        older.call("POST", "/api/v1/books", {"title": "From the older", "isbn": isbn(101), "on_shelf": 1}, 201)
        check(newer.call("GET", f"/api/v1/books/{row['id']}")["shelf"] == "SF 3", "an older service took a value away")
        older.stop()
        older = started(first, url)
        check(len(older.books()) == len(newer.books()) == 22, "they do not see the same rows")
        says(migrate(first, url, "status"), "newer 0002")
        older.stop()
        newer.stop()

    on_all(work)
    return second


def a_rename(first, second, database):
    title("a new name under the same number: the values stay")
    edit("book.proto", ("optional string shelf = 8", "optional string place = 8"))
    says(xtask("gen"), "safe rename column lending.v1.Book.place shelf becomes place",
         "cannot work beside it", "Book.place: has another name")
    for dialect in DIALECTS:
        text = "".join(path.read_text() for path in (project / "migrations" / dialect).glob("0003_*.up.sql"))
        check("RENAME COLUMN shelf TO place" in text, f"no RENAME COLUMN for {dialect}", text)
    seal("Call the shelf a place")
    third = build("third")

    def work(dialect):
        url = database.urls[dialect]
        service = started(third, url)
        places = [book["place"] for book in service.books() if book["place"]]
        check(places == ["SF 3"], f"the values did not stay: {places}")
        service.stop()
        for program, knows in ((first, "0001"), (second, "0002")):
            refused(program, url, f"up to {knows}", "must know 0003", "Start one that does")
        # Whoever has only the older program can go back.
        says(migrate(second, url, "down"), "took back 0003")
        service = started(second, url)
        check([book["shelf"] for book in service.books() if book["shelf"]] == ["SF 3"], "the way back lost a value")
        service.stop()
        migrate(third, url, "up")

    on_all(work)
    return third


def losses_and_narrowings():
    title("refusals name the change, the place and the way")
    edit("book.proto", ("  // Where it stands.\n", ""),
         ('  optional string place = 8 [(buf.validate.field).string.max_len = 32, (arcana.field) = { filterable: true }];\n', ""))
    says(xtask("gen", code=1), "drop column lending.v1.Book.place: its values are lost",
         "cargo xtask gen --allow-lossy lending.v1.Book.place", "nothing was written")
    says(xtask("gen", "--allow-lossy", "lending.v1.Book.place"), "LOSSY drop column lending.v1.Book.place")
    xtask("gen")
    xtask("migrate", "seal")
    edit("book.proto", ("  int64 version = 5;", "  optional string remark = 8;\n  int64 version = 5;"))
    says(xtask("gen", code=1), "number 8 belonged to place, which was removed; a number is never used again",
         "schema/lending/v1/book.proto:", "the next number that was never used")
    undo()
    narrowings = [
        ("max_len = 32", "max_len = 16", "32 to 16 characters; fails on rows with more", "--allow-lossy lending.v1.Book.place"),
        ("optional string place", "optional int64 place", "type string becomes i64", "add a field with a new number"),
    ]
    for old, new, what, way in narrowings:
        edit("book.proto", (old, new), *([(" [(buf.validate.field).string.max_len = 32, (arcana.field)", " [(arcana.field)")]
                                         if "int64" in new else []))
        says(xtask("gen", code=1), what, way, "schema/lending/v1/book.proto:")
        undo()


def a_required_field(database):
    title("a field becomes required: SQL written by hand fills it first")
    edit("book.proto", ("  optional google.protobuf.Timestamp bought_at = 9;",
                        "  google.protobuf.Timestamp bought_at = 9 [(google.api.field_behavior) = REQUIRED];"))
    says(xtask("gen"), "NEEDS BACKFILL change lending.v1.Book.bought_at no longer NULL; fails on rows without a value")
    opened = build("required")

    def fails(dialect):
        url = database.urls[dialect]
        says(migrate(opened, url, "up", code=1), "migration 0004", "needs a value of books.bought_at in every row",
             "nothing of it was done", "migrate new --custom")
        # Nothing of it is there, and the former program goes on.
        service = started(scratch / "third", url)
        check(len(service.books()) == 22, "rows are gone")
        service.stop()

    on_all(fails)
    says(xtask("migrate", "new", "--custom", "fill_bought_at"), "0004_fill_bought_at", "It comes before 0004_", "migrate seal")
    for dialect in DIALECTS:
        with open(project / "migrations" / dialect / "0004_fill_bought_at.up.sql", "a") as file:
            file.write("UPDATE books SET bought_at = created_at WHERE bought_at IS NULL;\n")
    says(xtask("migrate", "status"), "0004_fill_bought_at open, by hand", "0005_")
    seal("Require when a book was bought")
    fourth = build("fourth")

    def works(dialect):
        service = started(fourth, database.urls[dialect])
        books = service.books()
        check(len(books) == 22 and all(book["bought_at"] == book["created_at"] for book in books), f"not filled: {books}")
        service.stop()

    on_all(works)


def a_unique_index(database):
    title("a unique index over rows that are alike fails cleanly, and works once they are not")
    edit("book.proto", ("(arcana.field) = { filterable: true sortable: true example: \"The Left", "(arcana.field) = { unique: true filterable: true "
                        "sortable: true example: \"The Left"))
    says(xtask("gen"), "NEEDS BACKFILL create index lending.v1.Book unique index")
    opened = build("unique")

    def work(dialect):
        url = database.urls[dialect]
        service = started(scratch / "fourth", url)
        body = {"title": "Book 03", "isbn": isbn(200), "on_shelf": 1, "bought_at": "2026-01-01T00:00:00Z"}
        twin = service.call("POST", "/api/v1/books", body, 201)
        says(migrate(opened, url, "up", code=1), "needs no two rows of books that the index holds with the same title")
        check(len(service.books()) == 23, "a failed migration changed rows")
        service.call("PATCH", f"/api/v1/books/{twin['id']}", {"title": "Book 03, again"})
        service.stop()
        service = started(opened, url)
        check(len(service.books()) == 23, "rows are missing")
        service.call("POST", "/api/v1/books", {**body, "isbn": isbn(201)}, 409)
        service.stop()

    on_all(work)
    seal("Titles are unique")


def two_branches():
    title("two branches that each sealed a migration")
    base = run("git", "rev-parse", "HEAD").strip()
    run("git", "checkout", "--quiet", "-b", "feature")
    edit("loan.proto", ("  int64 version = 5;", '  // A word of the reader.\n  optional string remark = 8;\n  int64 version = 5;'))
    xtask("gen")
    seal("Loans have remarks")
    xtask("migrate", "new", "--custom", "greet")
    for dialect in DIALECTS:
        with open(project / "migrations" / dialect / "0008_greet.up.sql", "a") as file:
            file.write("UPDATE loans SET remark = 'hello' WHERE remark IS NULL;\n")
    seal("Greet the readers")
    feature = build("feature")
    run("git", "checkout", "--quiet", "-b", "other", base)
    edit("book.proto", ("  int64 version = 5;", "  // Pages.\n  optional int32 pages = 10;\n  int64 version = 5;"))
    xtask("gen")
    seal("Books have pages")
    other = build("other")
    databases = {}
    for name, program in (("of_feature", feature), ("of_other", other), ("of_both", None)):
        databases[name] = Database(name)
        if program:
            on_all(lambda dialect: migrate(program, databases[name].urls[dialect], "up"))

    run("git", "checkout", "--quiet", "feature")
    says(run("git", "merge", "other", code=1), "CONFLICT (content): Merge conflict in migrations/migrations.sum")
    says(xtask("migrate", "status", code=1), "cargo xtask migrate rebase")
    says(xtask("migrate", "rebase"), "Sealed 0008_", "0009_greet was written by hand for the schema of its branch, as 0008_greet",
         "gave way to other")
    commit("Merge other")
    check(run("git", "status", "--porcelain") == "", "something is left over")
    says(xtask("gen", "--check"), "Up to date")
    sums = (project / "migrations/migrations.sum").read_text().split()[1::2]
    check([name[:4] for name in sums] == [f"{n:04}" for n in range(1, 10)], f"the numbers are {sums}")
    check(sums[6].startswith("0007_") and "books" in sums[6], f"other did not keep its number: {sums}")
    both = build("both")

    def work(dialect):
        url = databases["of_feature"].urls[dialect]
        refused(both, url, "was applied with another text", "migrate down")
        for name in ("greet", "loans"):
            says(migrate(both, url, "down"), "took back", name)
        shapes = set()
        for database in databases.values():
            migrate(both, database.urls[dialect], "up")
            shapes.add(json.dumps(shape(both, database.urls[dialect]), sort_keys=True))
        check(len(shapes) == 1, f"the schemas differ on {dialect}", "\n".join(shapes))
        migrate(both, url, "verify")
        service = started(both, databases["of_feature"].urls[dialect])
        body = {"title": "Both", "isbn": isbn(1), "on_shelf": 1, "bought_at": "2026-01-01T00:00:00Z", "pages": 9}
        check(service.call("POST", "/api/v1/books", body, 201)["pages"] == 9, "no pages")
        service.call("GET", "/api/v1/loans")
        service.stop()

    on_all(work)


def two_commits_in_a_rebase():
    title("two commits that each sealed something, put behind another branch by git rebase")
    run("git", "checkout", "--quiet", "-b", "late", "other")
    xtask("migrate", "new", "--custom", "double_pages")
    for dialect in DIALECTS:
        with open(project / "migrations" / dialect / "0008_double_pages.up.sql", "a") as file:
            file.write("UPDATE books SET pages = pages * 2;\n")
    seal("Double the pages")
    edit("book.proto", ("  int64 version = 5;", "  // Weight.\n  optional int32 grams = 11;\n  int64 version = 5;"))
    xtask("gen")
    seal("Books have a weight")
    run("git", "rebase", "feature", code=1)
    says(xtask("migrate", "rebase"), "0010_double_pages was written by hand for the schema of its branch")
    says(xtask("migrate", "rebase"), "in a row already")
    run("git", "add", "--all")
    run("git", "-c", "core.editor=true", "rebase", "--continue", code=1)
    says(xtask("migrate", "rebase"), "Sealed 0011_")
    run("git", "add", "--all")
    run("git", "-c", "core.editor=true", "rebase", "--continue")
    says(xtask("gen", "--check"), "Up to date")
    sums = (project / "migrations/migrations.sum").read_text().split()[1::2]
    check([name for name in sums if "double_pages" in name] == ["0010_double_pages"], f"SQL by hand stands twice: {sums}")
    check(len(sums) == 11, f"the numbers are {sums}")


def shape(program, url):
    """The schema of a database, as the database tells it."""
    return json.loads(migrate(program, url, "introspect"))


def main():
    run("git", "init", "--quiet", "--initial-branch", "main")
    run("git", "config", "user.name", "Tester")
    run("git", "config", "user.email", "tester@example.com")
    shutil.rmtree(project / "migrations")
    xtask("gen", "--discard-edits")
    xtask("migrate", "seal")
    (project / "config/production.yaml").write_text("database:\n  migrate_on_start: true\n")
    commit("Begin")
    first = build("first")
    database = Database("life")
    replicas_on_empty_databases(first, database)
    second = a_compatible_step(first, database)
    a_rename(first, second, database)
    losses_and_narrowings()
    a_required_field(database)
    a_unique_index(database)
    two_branches()
    two_commits_in_a_rebase()
    print("The life of a schema holds on SQLite, PostgreSQL and MariaDB")


try:
    main()
finally:
    for service in services:
        if service.process.poll() is None:
            service.process.kill()
    servers.stdin.close()
    servers.wait(60)
    shutil.rmtree(scratch, ignore_errors=True)
