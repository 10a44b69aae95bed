#!/usr/bin/env python3
"""Loads the Chinook store through REST into a running service, and compares what it answers with the originals.

    tests/chinook.py http://127.0.0.1:8080 FOLDER     rows of FOLDER/ChinookData.json
    tests/chinook.py http://127.0.0.1:8080 --made     rows made here, of the same shape

Every row is sent with its own key and read back in pages. The exit code is 0 if all is equal.
"""

import argparse
import datetime
import http.client
import json
import sys
import threading
import time
import urllib.parse
from decimal import Decimal
from pathlib import Path

BASE = "/api/v1"
REQUEST_SECONDS = 30
FAILURES_SHOWN = 5

# Table, path, members in the order of the original's columns. A table comes after those that it refers to.
TABLES = [
    ("Genre", "genres", {"GenreId": "id", "Name": "name"}),
    ("MediaType", "media_types", {"MediaTypeId": "id", "Name": "name"}),
    ("Artist", "artists", {"ArtistId": "id", "Name": "name"}),
    ("Playlist", "playlists", {"PlaylistId": "id", "Name": "name"}),
    ("Employee", "employees", {
        "EmployeeId": "id", "LastName": "last_name", "FirstName": "first_name", "Title": "title",
        "ReportsTo": "reports_to", "BirthDate": "birth_date", "HireDate": "hire_date", "Address": "address",
        "City": "city", "State": "state", "Country": "country", "PostalCode": "postal_code", "Phone": "phone",
        "Fax": "fax", "Email": "email",
    }),
    ("Album", "albums", {"AlbumId": "id", "Title": "title", "ArtistId": "artist_id"}),
    ("Customer", "customers", {
        "CustomerId": "id", "FirstName": "first_name", "LastName": "last_name", "Company": "company",
        "Address": "address", "City": "city", "State": "state", "Country": "country", "PostalCode": "postal_code",
        "Phone": "phone", "Fax": "fax", "Email": "email", "SupportRepId": "support_rep_id",
    }),
    ("Track", "tracks", {
        "TrackId": "id", "Name": "name", "AlbumId": "album_id", "MediaTypeId": "media_type_id",
        "GenreId": "genre_id", "Composer": "composer", "Milliseconds": "milliseconds", "Bytes": "bytes",
        "UnitPrice": "unit_price",
    }),
    ("Invoice", "invoices", {
        "InvoiceId": "id", "CustomerId": "customer_id", "InvoiceDate": "invoice_date",
        "BillingAddress": "billing_address", "BillingCity": "billing_city", "BillingState": "billing_state",
        "BillingCountry": "billing_country", "BillingPostalCode": "billing_postal_code", "Total": "total",
    }),
    ("InvoiceLine", "invoice_lines", {
        "InvoiceLineId": "id", "InvoiceId": "invoice_id", "TrackId": "track_id", "UnitPrice": "unit_price",
        "Quantity": "quantity",
    }),
    ("PlaylistTrack", "playlist_tracks", {"PlaylistId": "playlist_id", "TrackId": "track_id"}),
]
DECIMALS = {"unit_price", "total"}
TIMES = {"birth_date", "hire_date", "invoice_date"}
KEYS = {"playlist_tracks": ("playlist_id", "track_id")}


class Failed(Exception):
    """What a check found."""


class Api:
    """One connection that stays open."""

    def __init__(self, base):
        self.address = urllib.parse.urlsplit(base)
        self.connection = None

    def call(self, method, path, body=None):
        """Status and body of an answer."""
        text = None if body is None else json.dumps(body).encode()
        headers = {"accept": "application/json"}
        if text is not None:
            headers["content-type"] = "application/json"
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(
                    self.address.hostname, self.address.port, timeout=REQUEST_SECONDS)
            try:
                self.connection.request(method, BASE + path, text, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                return answer.status, json.loads(data) if data else None
            except (http.client.RemoteDisconnected, ConnectionError):
                self.connection.close()
                self.connection = None
                # A kept connection may have been closed meanwhile; a new one may not.
                if fresh or attempt == 2:
                    raise
        raise Failed("not reached")

    def get(self, path):
        status, body = self.call("GET", path)
        if status != 200:
            raise Failed(f"GET {path} answers {status}: {body}")
        return body


def expected(row, members):
    """A row of the originals in the JSON of the service."""
    made = {}
    for column, member in members.items():
        value = row[column]
        if value is not None and member in DECIMALS:
            value = str(Decimal(value).quantize(Decimal("0.01")))
        elif value is not None and member in TIMES:
            value = value + ".000000Z"
        made[member] = value
    return made


def ranks(rows):
    """Rows in groups, so that each refers to rows of earlier groups only (for references to the own table)."""
    if not rows or "reports_to" not in rows[0]:
        return [rows]
    groups, known, left = [], {None}, list(rows)
    while left:
        group = [row for row in left if row["reports_to"] in known]
        if not group:
            raise Failed("employees report in a circle")
        known.update(row["id"] for row in group)
        left = [row for row in left if row["id"] not in known]
        groups.append(group)
    return groups


def send(base, path, rows, threads, deadline):
    """Creates all rows over several connections."""
    lock, queue, failures = threading.Lock(), iter(rows), []

    def work():
        api = Api(base)
        while len(failures) < FAILURES_SHOWN:
            with lock:
                row = next(queue, None)
            if row is None:
                return
            if time.monotonic() > deadline:
                failures.append("the time is over")
                return
            try:
                status, answer = api.call("POST", f"/{path}", row)
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(f"POST /{path}: {error!r}")
                return
            if status != 201:
                failures.append(f"POST /{path} {row} answers {status}: {answer}")
            elif answer != row:
                failures.append(f"POST /{path} {row} answers another row: {answer}")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise Failed("\n".join(failures[:FAILURES_SHOWN]))


def read_all(api, path, deadline):
    """All rows of a collection by page tokens, and the total that it tells."""
    rows, token, total = [], "", None
    while True:
        if time.monotonic() > deadline:
            raise Failed("the time is over")
        query = {"size": 100, **({"page_token": token} if token else {})}
        page = api.get(f"/{path}?{urllib.parse.urlencode(query)}")
        rows.extend(page["data"])
        total = page["total"] if total is None else total
        token = page["next_page_token"]
        if not token:
            return rows, total


def key_of(path, row):
    return tuple(row[member] for member in KEYS.get(path, ("id",)))


def same(path, got, wanted):
    """Compares two tables row by row."""
    found = {key_of(path, row): row for row in got}
    if len(found) != len(got):
        raise Failed(f"{path}: a page repeats rows of another")
    if len(got) != len(wanted):
        raise Failed(f"{path}: {len(got)} rows, not {len(wanted)}")
    for row in wanted:
        other = found.get(key_of(path, row))
        if other != row:
            raise Failed(f"{path}: {other}\nis not\n{row}")


def samples(rows, count):
    """That many rows, evenly spread, with the first and the last."""
    if len(rows) <= count:
        return rows
    return [rows[index * (len(rows) - 1) // (count - 1)] for index in range(count)]


def joined(api, data):
    """Ten joined samples of each kind, followed through the service, against the originals."""
    by_id = {table: {next(iter(row.values())): row for row in rows} for table, rows in data.items()}
    for track in samples([row for row in data["Track"] if row["AlbumId"] is not None], 10):
        got = api.get(f"/tracks/{track['TrackId']}")
        album = api.get(f"/albums/{got['album_id']}")
        artist = api.get(f"/artists/{album['artist_id']}")
        original = by_id["Album"][track["AlbumId"]]
        wanted = (track["Name"], original["Title"], by_id["Artist"][original["ArtistId"]]["Name"])
        check("track, album, artist", (got["name"], album["title"], artist["name"]), wanted)
    for invoice in samples(data["Invoice"], 10):
        got = api.get(f"/invoices/{invoice['InvoiceId']}")
        customer = api.get(f"/customers/{got['customer_id']}")
        employee = api.get(f"/employees/{customer['support_rep_id']}")
        original = by_id["Customer"][invoice["CustomerId"]]
        wanted = (str(Decimal(invoice["Total"]).quantize(Decimal("0.01"))), original["Email"],
                  by_id["Employee"][original["SupportRepId"]]["LastName"])
        check("invoice, customer, employee", (got["total"], customer["email"], employee["last_name"]), wanted)
    used = sorted({row["PlaylistId"] for row in data["PlaylistTrack"]})
    for playlist in samples(used, 10):
        wanted = sorted(by_id["Track"][row["TrackId"]]["Name"] for row in data["PlaylistTrack"]
                        if row["PlaylistId"] == playlist)[:20]
        rows = page_through(api, f"/playlist_tracks?size=100&playlist_id={playlist}")
        # Names of a few are enough: every row of the join table was compared before.
        names = {by_id["Track"][row["track_id"]]["Name"] for row in rows}
        check("playlist, tracks", sorted(name for name in wanted if name in names), wanted)
        first = min(rows, key=lambda row: row["track_id"])
        name = api.get(f"/tracks/{first['track_id']}")["name"]
        check("playlist, first track", name, by_id["Track"][first["track_id"]]["Name"])
        check("row of the join", api.get(f"/playlist_tracks/{playlist}/{first['track_id']}"), first)


def page_through(api, path):
    """All rows of a filtered list, page by page."""
    rows, page = [], 0
    while True:
        answer = api.get(f"{path}&page={page}")
        rows.extend(answer["data"])
        if len(rows) >= answer["total"] or not answer["data"]:
            return rows
        page += 1


def check(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: {got!r}, not {wanted!r}")


def made():
    """Rows of the same shape, always the same."""
    names = ["Ärger", "Björk Ωmega", "山田 太郎", "O'Neill \"the\" Great", "Mano & Manö", "Plain", "🎸 Band", "semi;colon--"]
    pick = lambda index: f"{names[index % len(names)]} {index}"
    price = lambda index: "0.99" if index % 7 else "1.99"
    day = datetime.datetime(2021, 1, 1)
    when = lambda index: (day + datetime.timedelta(days=index, seconds=index * 61)).isoformat()
    address = {"Address": "Größe 1", "City": "Zürich", "State": "", "Country": "Schweiz", "PostalCode": None,
               "Phone": None, "Fax": None}
    numbered = lambda table, count: [{f"{table}Id": n, "Name": pick(n)} for n in range(1, count + 1)]
    data = {"Genre": numbered("Genre", 9), "MediaType": numbered("MediaType", 3), "Artist": numbered("Artist", 40),
            "Playlist": numbered("Playlist", 6)}
    data["Genre"][0]["Name"] = None
    # The first reports to the last but one: loading must follow the references, not the numbers.
    leads = [4, 5, 5, 5, None]
    data["Employee"] = [
        {"EmployeeId": n, "LastName": f"Lead {n}", "FirstName": "Ann", "Title": None, "ReportsTo": leads[n - 1],
         "BirthDate": "1962-02-18T00:00:00", "HireDate": None, **address, "Email": f"e{n}@example.com"}
        for n in range(1, 6)]
    data["Album"] = [{"AlbumId": n, "Title": pick(n), "ArtistId": 1 + n * 7 % 40} for n in range(1, 61)]
    data["Customer"] = [
        {"CustomerId": n, "FirstName": pick(n)[:40], "LastName": "Müller", "Company": None, **address,
         "Email": f"ç{n}@example.com", "SupportRepId": 1 + n % 5} for n in range(1, 31)]
    data["Track"] = [
        {"TrackId": n, "Name": pick(n), "AlbumId": 1 + n % 60 if n % 50 else None, "MediaTypeId": 1 + n % 3,
         "GenreId": 1 + n % 9 if n % 40 else None, "Composer": None if n % 3 else pick(n), "Milliseconds": 1000 + n,
         "Bytes": n * 5_000_000 if n % 30 else None, "UnitPrice": price(n)} for n in range(1, 401)]
    lines = [{"InvoiceLineId": n, "InvoiceId": 1 + n % 80, "TrackId": 1 + n * 3 % 400,
              "UnitPrice": price(1 + n * 3 % 400), "Quantity": 1 + n % 3} for n in range(1, 301)]
    totals = {}
    for line in lines:
        totals[line["InvoiceId"]] = totals.get(line["InvoiceId"], Decimal(0)) + Decimal(line["UnitPrice"]) * line["Quantity"]
    data["Invoice"] = [
        {"InvoiceId": n, "CustomerId": 1 + n % 30, "InvoiceDate": when(n), "BillingAddress": "Straße 2",
         "BillingCity": None, "BillingState": "", "BillingCountry": "Österreich", "BillingPostalCode": "1010",
         "Total": str(totals.get(n, Decimal("0.00")))} for n in range(1, 81)]
    data["InvoiceLine"] = lines
    data["PlaylistTrack"] = [{"PlaylistId": p, "TrackId": t} for p in range(1, 7) for t in range(p, 401, p + 2)]
    return data


def run(base, data, threads, seconds):
    deadline = time.monotonic() + seconds
    rows = {path: [expected(row, members) for row in data[table]] for table, path, members in TABLES}
    sent, spent = 0, 0.0
    for table, path, _ in TABLES:
        started = time.monotonic()
        for group in ranks(rows[path]):
            send(base, path, group, threads, deadline)
        took = time.monotonic() - started
        sent, spent = sent + len(rows[path]), spent + took
        print(f"  sent {len(rows[path]):>6} of {table:<14} {len(rows[path]) / max(took, 1e-9):>8.0f} rows/s")
    print(f"sent {sent} rows in {spent:.1f} s over {threads} connections: {sent / spent:.0f} rows per second")
    api, started, got = Api(base), time.monotonic(), {}
    for _, path, _ in TABLES:
        got[path], total = read_all(api, path, deadline)
        check(f"total of {path}", total, len(rows[path]))
        same(path, got[path], rows[path])
    took = time.monotonic() - started
    print(f"read {sent} rows in {took:.1f} s in pages of 100: {sent / took:.0f} rows per second; all are equal")
    answered = sum((Decimal(row["total"]) for row in got["invoices"]), Decimal(0))
    originals = sum((Decimal(row["Total"]).quantize(Decimal("0.01")) for row in data["Invoice"]), Decimal(0))
    check("sum of the invoices", answered, originals)
    print(f"the invoices sum up to {answered}")
    joined(api, data)
    print("ten tracks with album and artist, ten invoices with customer and employee, ten playlists with tracks are equal")
    refusals(api, rows)
    print("a used key, a missing reference and a delete of what is referred to are refused")


def refusals(api, rows):
    """What must not go."""
    status, _ = api.call("POST", "/genres", rows["genres"][1])
    check("a genre with a used key", status, 409)
    status, _ = api.call("POST", "/albums", {"id": 999999, "title": "x", "artist_id": 999999})
    check("an album of an unknown artist", status, 409)
    status, _ = api.call("DELETE", f"/artists/{rows['albums'][0]['artist_id']}")
    check("the delete of an artist with albums", status, 409)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="address of the REST side, such as http://127.0.0.1:8080")
    parser.add_argument("folder", nargs="?", type=Path, help="folder of ChinookData.json")
    parser.add_argument("--made", action="store_true", help="make the rows instead of reading them")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=540, help="give up after that time")
    args = parser.parse_args()
    if args.made == (args.folder is not None):
        parser.error("give either the folder of ChinookData.json or --made")
    if args.made:
        data = made()
    else:
        # Decimals as they are written, not as a float would have them.
        data = json.loads((args.folder / "ChinookData.json").read_text(encoding="utf-8"), parse_float=str)
    try:
        run(args.base, data, args.threads, args.seconds)
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException) as error:
        print(f"FAILED: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
