SELECT 1;

-- name: Ask(AskRequest) returns many Sum
SELECT total FROM orders WHERE total >= :leest AND {scope};

-- name: AskAll(Nothing) returns many Sum
SELECT total FROM orders;

-- name: AskBoth(Nothing) returns one Sum
-- scope: unrestricted
SELECT sum(total) AS total FROM orders WHERE {scope};

-- name: AskWhom(Nothing) returns one Sum
-- scope: everybody
SELECT sum(total) AS total FROM orders;

-- name: AskNobody(Missing) returns one Order
SELECT id FROM orders WHERE {scope};

-- name: Invoice.Ask(Nothing) returns many Sum
SELECT total FROM orders WHERE {scope};

-- name: List(ListRequest) returns many Sum
SELECT total FROM orders WHERE total IN (:totals) AND {scope};

-- name: Count(Nothing) returns one Sum
SELECT count(*), id FROM orders WHERE {scope o.x};

-- name: Wipe(Nothing) returns one Sum
-- scope: unrestricted
DELETE FROM orders;

-- name: Raw(Nothing) returns one Sum
SELECT sum(total) AS total FROM orders WHERE total > ? AND {scope};

-- name: Half(Nothing) returns one Sum
-- scope: unrestricted
-- dialect: sqlite, oracle
SELECT 1 AS total;

-- name: Quarter(Nothing) returns one Sum
-- scope: unrestricted
-- dialect: sqlite
SELECT 1 AS total;

-- name: Order(Nothing) gives Sum
SELECT total FROM orders WHERE {scope};

-- name: Tally(Nothing) returns one Sum
SELECT count(*) FROM orders WHERE {scope};

-- name: Pair(Nothing) returns one Sum
SELECT id, total FROM orders WHERE {scope};

-- name: Twice(Nothing) returns one Sum
SELECT sum(total) AS total FROM orders WHERE {scope}; SELECT 1 AS total;
