PRAGMA foreign_keys = ON;
CREATE TABLE regions (code CHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(80) NOT NULL, region_code CHAR(2) REFERENCES regions,
  referred_by INTEGER REFERENCES customers (id), active BOOLEAN NOT NULL DEFAULT 1, created DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE, street TEXT,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME);
CREATE TABLE categories (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES categories (id) ON DELETE SET NULL, title VARCHAR(40) NOT NULL, "order" INT);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku VARCHAR(20) NOT NULL, price NUMERIC(10,2) NOT NULL CHECK (price >= 0), picture BLOB);
CREATE UNIQUE INDEX ux_sku ON products (sku);
CREATE TABLE product_categories (product_id INTEGER NOT NULL REFERENCES products (id), category_id INTEGER NOT NULL REFERENCES categories (id),
  PRIMARY KEY (product_id, category_id));
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), status VARCHAR(10) NOT NULL
  CHECK (status IN ('open', 'done')), placed DATETIME NOT NULL, shipped DATE,
  version INT NOT NULL DEFAULT 0);
CREATE INDEX ix_status ON orders (status, customer_id);
CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  product_id INTEGER NOT NULL REFERENCES products (id), quantity INT NOT NULL, UNIQUE (order_id, product_id));
CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), amount REAL NOT NULL, type CHAR(4));
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products (id), "BodyText" TEXT, stars INTEGER);
CREATE TABLE settings ("key" VARCHAR(30) NOT NULL PRIMARY KEY, value TEXT);
CREATE TABLE import_log (line TEXT);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';

-- Rows of many years: keys that are words, NULLs, dates that stand for none, whole prices, strange signs.
INSERT INTO regions VALUES ('ch', 'Switzerland'), ('at', 'Österreich'), ('x', 'Elsewhere');
INSERT INTO customers (id, name, region_code, referred_by, active, created) VALUES
  (1, 'Ada', 'ch', NULL, 1, '2019-02-28 23:59:59'), (7, 'Bob', NULL, 1, 0, NULL), (8, 'O''Neill "the" 100%_Great', 'at', 7, 1, '1999-12-31 00:00:00'),
  (9, '', 'x', 8, 1, '2038-01-19 03:14:07');
INSERT INTO customers (id, name, region_code, referred_by)
  WITH RECURSIVE numbers (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM numbers WHERE n < 219)
  SELECT n, 'Customer ' || n, CASE WHEN n % 2 = 0 THEN 'ch' END, CASE WHEN n % 3 = 0 THEN n - 1 ELSE 1 END FROM numbers;
INSERT INTO addresses (id, customer_id, street, created_at, updated_at) VALUES
  (1, 1, 'Main', '1999-12-31 23:59:59', NULL), (2, 7, 'Größe 1
Hinterhaus', '2001-09-09 01:46:40', NULL), (3, 8, NULL, '2001-09-09 01:46:40', '2026-01-31 12:00:00');
INSERT INTO categories (id, parent_id, title, "order") VALUES (1, NULL, 'All', 1), (2, 1, 'Lamps', -2), (3, 2, 'Bulbs', NULL);
INSERT INTO products (id, sku, price, picture) VALUES (1, 'L1', 9.5, x'00'), (2, 'L2', 10, NULL), (3, 'l3/ö', 0, x''),
  (4, 'L4', 99999999.99, NULL);
INSERT INTO product_categories VALUES (1, 2), (1, 3), (2, 2);
INSERT INTO orders (id, customer_id, status, placed, shipped, version) VALUES
  (1, 7, 'open', '2026-01-31 12:00:00', NULL, 0), (2, 1, 'done', '1970-01-01 00:00:00', '1999-12-31', 3),
  (3, 8, 'done', '9999-12-31 23:59:59', 20000101, 0);
INSERT INTO order_lines VALUES (1, 1, 1, 3), (2, 1, 2, 1), (3, 2, 1, -1);
INSERT INTO payments VALUES (1, 1, 9.5, 'CASH'), (2, NULL, -100, 'ec'), (3, 2, 1e15, NULL);
INSERT INTO reviews VALUES (1, 1, 'good', 5), (2, 1, NULL, NULL), (3, 2, '', -1);
INSERT INTO settings VALUES ('a', 'b'), ('mail.from', NULL), ('path/upload dir', ''), ('größe?', '100%');
