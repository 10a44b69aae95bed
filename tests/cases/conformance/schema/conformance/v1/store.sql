-- Queries by hand: grouped, with a scope, and in the words of one database.

-- name: Order.SoldPerProduct(SoldPerProductRequest) returns many SoldPerProduct
-- What is in orders, by product.
SELECT
  l.product_id, p.sku, count(*) AS "lines", sum(l.quantity) AS pieces, sum(l.quantity * p.balance) AS worth,
  max(o.number) AS number, max(o.created_at) AS newest_at
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id  -- those that are marked as deleted too
WHERE l.quantity >= :at_least AND o.number = coalesce(:number, o.number) AND {scope o}
GROUP BY l.product_id, p.sku
ORDER BY pieces DESC, p.sku;

-- name: Document.TitleOf(TitleOfRequest) returns optional TitleOf
SELECT title, version FROM documents WHERE slug = :slug AND {scope};

-- name: Account.Roll(RollRequest) returns one Roll
-- scope: unrestricted
-- dialect: sqlite
SELECT count(*) AS accounts, group_concat(name, ', ') AS names FROM (SELECT name FROM accounts ORDER BY name);
-- dialect: postgres
SELECT count(*) AS accounts, string_agg(name, ', ' ORDER BY name) AS names FROM accounts;
-- dialect: mysql
SELECT count(*) AS accounts, group_concat(name ORDER BY name SEPARATOR ', ') AS names FROM accounts;
