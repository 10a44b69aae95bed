//! A shop as somebody else made it: names that repeat, a reference to itself, a join table, constraints of all kinds.

/// All that become entities.
pub const TABLES: [&str; 11] = [
    "regions",
    "customers",
    "addresses",
    "categories",
    "products",
    "product_categories",
    "orders",
    "order_lines",
    "payments",
    "reviews",
    "settings",
];

/// What no entity says, and what therefore stays as it is.
pub const LEFT_ALONE: [&str; 2] = ["table import_log: not expected", "view open_orders: not expected"];

pub const SQLITE: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE regions (code CHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
    CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(80) NOT NULL, region_code CHAR(2) REFERENCES regions,
      referred_by INTEGER REFERENCES customers (id), active BOOLEAN NOT NULL DEFAULT 1, created DATETIME DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE, street TEXT);
    CREATE TABLE categories (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES categories (id) ON DELETE SET NULL, title VARCHAR(40) NOT NULL);
    CREATE TABLE products (id INTEGER PRIMARY KEY, sku VARCHAR(20) NOT NULL, price NUMERIC(10,2) NOT NULL CHECK (price >= 0), picture BLOB);
    CREATE UNIQUE INDEX ux_sku ON products (sku);
    CREATE TABLE product_categories (product_id INTEGER NOT NULL REFERENCES products (id), category_id INTEGER NOT NULL REFERENCES categories (id),
      PRIMARY KEY (product_id, category_id));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), status VARCHAR(10) NOT NULL
      CHECK (status IN ('open', 'done')), placed DATETIME NOT NULL);
    CREATE INDEX ix_status ON orders (status, customer_id);
    CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
      product_id INTEGER NOT NULL REFERENCES products (id), quantity INT NOT NULL, UNIQUE (order_id, product_id));
    CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), amount REAL NOT NULL);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products (id), \"BodyText\" TEXT, stars INTEGER);
    CREATE TABLE settings (\"key\" VARCHAR(30) NOT NULL PRIMARY KEY, value TEXT);
    CREATE TABLE import_log (line TEXT);
    CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';
    INSERT INTO regions VALUES ('ch', 'Switzerland');
    INSERT INTO customers (id, name, region_code, referred_by) VALUES (1, 'Ada', 'ch', NULL), (7, 'Bob', NULL, 1);
    INSERT INTO addresses VALUES (1, 1, 'Main'); INSERT INTO categories VALUES (1, NULL, 'All'), (2, 1, 'Lamps');
    INSERT INTO products VALUES (1, 'L1', 9.5, x'00'); INSERT INTO product_categories VALUES (1, 2);
    INSERT INTO orders VALUES (1, 7, 'open', '2026-01-31 12:00:00'); INSERT INTO order_lines VALUES (1, 1, 1, 3);
    INSERT INTO payments VALUES (1, 1, 9.5); INSERT INTO reviews VALUES (1, 1, 'good', 5); INSERT INTO settings VALUES ('a', 'b');
";

pub const POSTGRES: &str = "
    CREATE TABLE regions (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
    CREATE TABLE customers (id SERIAL CONSTRAINT customers_key PRIMARY KEY, name VARCHAR(80) NOT NULL, region_code CHAR(2) REFERENCES regions,
      referred_by INTEGER REFERENCES customers (id), active BOOLEAN NOT NULL DEFAULT true, created TIMESTAMPTZ DEFAULT now());
    CREATE TABLE addresses (id BIGINT PRIMARY KEY, customer_id INTEGER NOT NULL CONSTRAINT lives REFERENCES customers (id) ON DELETE CASCADE, street TEXT);
    CREATE TABLE categories (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id INTEGER REFERENCES categories (id) ON DELETE SET NULL,
      title VARCHAR(40) NOT NULL);
    CREATE TABLE products (id UUID PRIMARY KEY, sku VARCHAR(20) NOT NULL, price NUMERIC(10,2) NOT NULL CHECK (price >= 0), picture BYTEA,
      extra JSONB, released DATE, weight REAL);
    CREATE UNIQUE INDEX ux_sku ON products (sku);
    CREATE INDEX by_name ON products (lower(sku));
    CREATE TABLE product_categories (product_id UUID NOT NULL REFERENCES products (id), category_id INTEGER NOT NULL REFERENCES categories (id),
      PRIMARY KEY (product_id, category_id));
    CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), status VARCHAR(10) NOT NULL
      CHECK (status IN ('open', 'done')), placed TIMESTAMP NOT NULL);
    CREATE INDEX ix_status ON orders (status, customer_id);
    CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id BIGINT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
      product_id UUID NOT NULL REFERENCES products (id), quantity SMALLINT NOT NULL, UNIQUE (order_id, product_id));
    CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id BIGINT REFERENCES orders (id), amount DOUBLE PRECISION NOT NULL);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id UUID NOT NULL REFERENCES products (id), \"BodyText\" TEXT, stars INTEGER);
    CREATE TABLE settings (key VARCHAR(30) PRIMARY KEY, value TEXT);
    CREATE TABLE import_log (line TEXT);
    CREATE VIEW open_orders AS SELECT id FROM orders;
    INSERT INTO regions VALUES ('ch', 'Switzerland');
    INSERT INTO customers (id, name, region_code, referred_by) VALUES (1, 'Ada', 'ch', NULL), (7, 'Bob', NULL, 1);
    INSERT INTO addresses VALUES (1, 1, 'Main'); INSERT INTO categories (title) VALUES ('All'); INSERT INTO categories (parent_id, title) VALUES (1, 'Lamps');
    INSERT INTO products VALUES ('01900000-0000-7000-8000-000000000000', 'L1', 9.5, '\\x00', '{\"a\": 1}', '2026-01-31', 1.5);
    INSERT INTO product_categories VALUES ('01900000-0000-7000-8000-000000000000', 2);
    INSERT INTO orders VALUES (1, 7, 'open', '2026-01-31 12:00:00');
    INSERT INTO order_lines VALUES (1, 1, '01900000-0000-7000-8000-000000000000', 3);
    INSERT INTO payments VALUES (1, 1, 9.5); INSERT INTO reviews VALUES (1, '01900000-0000-7000-8000-000000000000', 'good', 5);
    INSERT INTO settings VALUES ('a', 'b');
";

pub const MARIADB: &str = "
    CREATE TABLE regions (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
    CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, region_code CHAR(2),
      referred_by INT, active BOOLEAN NOT NULL DEFAULT TRUE, created TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
      FOREIGN KEY (region_code) REFERENCES regions (code), FOREIGN KEY (referred_by) REFERENCES customers (id));
    CREATE TABLE addresses (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, street TEXT,
      CONSTRAINT lives FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
    CREATE TABLE categories (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, title VARCHAR(40) NOT NULL,
      FOREIGN KEY (parent_id) REFERENCES categories (id) ON DELETE SET NULL);
    CREATE TABLE products (id BINARY(16) PRIMARY KEY, sku VARCHAR(20) NOT NULL, price DECIMAL(10,2) NOT NULL CHECK (price >= 0), picture BLOB,
      released DATE, weight FLOAT, kind ENUM('lamp', 'bulb'), parts INT UNSIGNED, UNIQUE KEY ux_sku (sku));
    CREATE TABLE product_categories (product_id BINARY(16) NOT NULL, category_id INT NOT NULL, PRIMARY KEY (product_id, category_id),
      FOREIGN KEY (product_id) REFERENCES products (id), FOREIGN KEY (category_id) REFERENCES categories (id));
    CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(10) NOT NULL, placed DATETIME NOT NULL,
      CONSTRAINT known CHECK (status IN ('open', 'done')), KEY ix_status (status, customer_id), FOREIGN KEY (customer_id) REFERENCES customers (id));
    CREATE TABLE order_lines (id INT PRIMARY KEY, order_id BIGINT NOT NULL, product_id BINARY(16) NOT NULL, quantity SMALLINT NOT NULL,
      UNIQUE (order_id, product_id), FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE, FOREIGN KEY (product_id) REFERENCES products (id));
    CREATE TABLE payments (id INT PRIMARY KEY, order_id BIGINT, amount DOUBLE NOT NULL, FOREIGN KEY (order_id) REFERENCES orders (id));
    CREATE TABLE reviews (id INT PRIMARY KEY, product_id BINARY(16) NOT NULL, `BodyText` LONGTEXT, stars TINYINT,
      FOREIGN KEY (product_id) REFERENCES products (id));
    CREATE TABLE settings (`key` VARCHAR(30) PRIMARY KEY, value MEDIUMTEXT);
    CREATE TABLE import_log (line TEXT);
    CREATE VIEW open_orders AS SELECT id FROM orders;
    INSERT INTO regions VALUES ('ch', 'Switzerland');
    INSERT INTO customers (id, name, region_code, referred_by) VALUES (1, 'Ada', 'ch', NULL), (7, 'Bob', NULL, 1);
    INSERT INTO addresses VALUES (1, 1, 'Main'); INSERT INTO categories VALUES (1, NULL, 'All'), (2, 1, 'Lamps');
    INSERT INTO products VALUES (repeat(x'01', 16), 'L1', 9.5, x'00', '2026-01-31', 1.5, 'lamp', 2);
    INSERT INTO product_categories VALUES (repeat(x'01', 16), 2);
    INSERT INTO orders VALUES (1, 7, 'open', '2026-01-31 12:00:00'); INSERT INTO order_lines VALUES (1, 1, repeat(x'01', 16), 3);
    INSERT INTO payments VALUES (1, 1, 9.5); INSERT INTO reviews VALUES (1, repeat(x'01', 16), 'good', 5); INSERT INTO settings VALUES ('a', 'b');
";
