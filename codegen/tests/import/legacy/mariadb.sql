CREATE TABLE regions (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, region_code CHAR(2),
  referred_by INT, active BOOLEAN NOT NULL DEFAULT TRUE, created TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (region_code) REFERENCES regions (code), FOREIGN KEY (referred_by) REFERENCES customers (id));
CREATE TABLE addresses (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, street TEXT,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME,
  CONSTRAINT lives FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
CREATE TABLE categories (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, title VARCHAR(40) NOT NULL, `order` SMALLINT,
  FOREIGN KEY (parent_id) REFERENCES categories (id) ON DELETE SET NULL);
CREATE TABLE products (id BINARY(16) PRIMARY KEY, sku VARCHAR(20) NOT NULL, price DECIMAL(10,2) NOT NULL CHECK (price >= 0), picture BLOB,
  released DATE, weight FLOAT, kind ENUM('lamp', 'bulb'), parts INT UNSIGNED, UNIQUE KEY ux_sku (sku));
CREATE TABLE product_categories (product_id BINARY(16) NOT NULL, category_id INT NOT NULL, PRIMARY KEY (product_id, category_id),
  FOREIGN KEY (product_id) REFERENCES products (id), FOREIGN KEY (category_id) REFERENCES categories (id));
CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(10) NOT NULL, placed DATETIME NOT NULL, shipped DATETIME(3),
  version INT NOT NULL DEFAULT 0,
  CONSTRAINT known CHECK (status IN ('open', 'done')), KEY ix_status (status, customer_id), FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE order_lines (id INT PRIMARY KEY, order_id BIGINT NOT NULL, product_id BINARY(16) NOT NULL, quantity SMALLINT NOT NULL,
  UNIQUE (order_id, product_id), FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE, FOREIGN KEY (product_id) REFERENCES products (id));
CREATE TABLE payments (id INT PRIMARY KEY, order_id BIGINT, amount DOUBLE NOT NULL, type CHAR(4), FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE TABLE reviews (id INT PRIMARY KEY, product_id BINARY(16) NOT NULL, `BodyText` LONGTEXT, stars TINYINT,
  FOREIGN KEY (product_id) REFERENCES products (id));
CREATE TABLE settings (`key` VARCHAR(30) PRIMARY KEY, value MEDIUMTEXT);
CREATE TABLE import_log (line TEXT);
CREATE VIEW open_orders AS SELECT id FROM orders;

-- Rows of many years: keys that are words, NULLs, dates that stand for none, whole prices, strange signs.
SET sql_mode = '';
SET time_zone = '+00:00';
INSERT INTO regions VALUES ('ch', 'Switzerland'), ('at', 'Österreich'), ('x', 'Elsewhere');
INSERT INTO customers (id, name, region_code, referred_by, active, created) VALUES
  (1, 'Ada', 'ch', NULL, true, '2019-02-28 23:59:59'), (7, 'Bob', NULL, 1, false, NULL), (8, 'O''Neill "the" 100%_Great', 'at', 7, true, '1999-12-31 00:00:00'),
  (9, '', 'x', 8, true, '2038-01-19 03:14:07');
INSERT INTO customers (id, name, region_code, referred_by)
  WITH RECURSIVE numbers (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM numbers WHERE n < 219)
  SELECT n, concat('Customer ', n), CASE WHEN n % 2 = 0 THEN 'ch' END, CASE WHEN n % 3 = 0 THEN n - 1 ELSE 1 END FROM numbers;
INSERT INTO addresses (id, customer_id, street, created_at, updated_at) VALUES
  (1, 1, 'Main', '1999-12-31 23:59:59', NULL), (2, 7, 'Größe 1
Hinterhaus', '2001-09-09 01:46:40', NULL), (3, 8, NULL, '2001-09-09 01:46:40', '2026-01-31 12:00:00');
INSERT INTO categories (id, parent_id, title, `order`) VALUES (1, NULL, 'All', 1), (2, 1, 'Lamps', -2), (3, 2, 'Bulbs', NULL);
INSERT INTO products (id, sku, price, picture, released, weight, kind, parts) VALUES
  (x'01900000000070008000000000000001', 'L1', 9.5, x'00', '2026-01-31', 1.5, 'lamp', 2), (x'01900000000070008000000000000002', 'L2', 10, NULL, NULL, NULL, NULL, NULL),
  (x'01900000000070008000000000000003', 'l3/ö', 0, '', '0000-00-00', 0, 'bulb', 0), (x'01900000000070008000000000000004', 'L4', 99999999.99, NULL, '9999-12-31', 1e9, NULL, 4294967295);
INSERT INTO product_categories VALUES (x'01900000000070008000000000000001', 2), (x'01900000000070008000000000000001', 3), (x'01900000000070008000000000000002', 2);
INSERT INTO orders (id, customer_id, status, placed, shipped, version) VALUES
  (1, 7, 'open', '2026-01-31 12:00:00', NULL, 0), (2, 1, 'done', '1970-01-01 00:00:00', '1999-12-31 00:00:00', 3),
  (3, 8, 'done', '9999-12-31 23:59:59', '0000-00-00 00:00:00', 0);
INSERT INTO order_lines VALUES (1, 1, x'01900000000070008000000000000001', 3), (2, 1, x'01900000000070008000000000000002', 1), (3, 2, x'01900000000070008000000000000001', -1);
INSERT INTO payments VALUES (1, 1, 9.5, 'CASH'), (2, NULL, -100, 'ec'), (3, 2, 1e15, NULL);
INSERT INTO reviews VALUES (1, x'01900000000070008000000000000001', 'good', 5), (2, x'01900000000070008000000000000001', NULL, NULL), (3, x'01900000000070008000000000000002', '', -1);
INSERT INTO settings VALUES ('a', 'b'), ('mail.from', NULL), ('path/upload dir', ''), ('größe?', '100%');
SET sql_mode = DEFAULT;
