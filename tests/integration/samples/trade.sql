-- A trading house: names with capitals and spaces, text as a key, composite keys, a tree, money, pictures, JSON, and what
-- large schemas collect over the years.
CREATE TYPE address AS (street text, city text, postal_code text);
CREATE DOMAIN phone AS text CHECK (VALUE ~ '^[-+0-9() ]+$');
CREATE DOMAIN phones AS phone[];

CREATE TABLE "Categories" ("Category ID" smallint PRIMARY KEY, "Category Name" varchar(15) NOT NULL, "Picture" bytea);
CREATE TABLE customers (
  customer_id  character(5) PRIMARY KEY,
  company_name varchar(40) NOT NULL,
  address      address,
  phones       phones,
  location     point,
  preferences  jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE employees (
  employee_id  smallint PRIMARY KEY,
  last_name    varchar(20) NOT NULL,
  reports_to   smallint REFERENCES employees,
  birth_date   date,
  shift        timetz,
  badge        uuid UNIQUE,
  permissions  bit(8),
  workstation  inet
);
CREATE TABLE products (
  product_id   smallint PRIMARY KEY,
  product_name varchar(40) NOT NULL,
  category_id  smallint REFERENCES "Categories",
  unit_price   real,
  weight       double precision,
  list_price   money,
  discontinued boolean NOT NULL DEFAULT false,
  sizes        numeric(6,3)[][]
);
CREATE TABLE orders (
  order_id     bigint PRIMARY KEY,
  customer_id  character(5) REFERENCES customers,
  employee_id  smallint REFERENCES employees,
  order_date   date NOT NULL,
  shipped      tstzrange,
  freight      numeric,
  note         xml
);
CREATE TABLE order_details (
  order_id   bigint REFERENCES orders ON DELETE CASCADE,
  product_id smallint REFERENCES products,
  unit_price numeric(12,4) NOT NULL,
  quantity   smallint NOT NULL CHECK (quantity > 0),
  discount   real NOT NULL DEFAULT 0,
  total      numeric GENERATED ALWAYS AS (unit_price * quantity) STORED,
  PRIMARY KEY (order_id, product_id)
);
CREATE TABLE territories ("order" text, "select" text, "a""b" text, PRIMARY KEY ("order", "select"));

INSERT INTO "Categories" SELECT n, 'Category ' || n, decode(md5(n::text), 'hex') FROM generate_series(1, 8) n;
INSERT INTO customers
SELECT upper(left(md5(n::text), 5)), 'Company "' || n || '", Ünited', CASE WHEN n % 3 > 0 THEN ROW('Main St. ' || n, 'Bern', NULL)::address END,
       CASE WHEN n % 2 = 0 THEN ARRAY['+41 ' || n, '(0) 1']::phones END, point(n, -n / 3.0),
       jsonb_build_object('n', n, 'tags', ARRAY['x', NULL], 'big', 12345678901234567890.10)
FROM generate_series(1, 60) n ON CONFLICT DO NOTHING;
INSERT INTO employees
SELECT n, 'Employee ' || n, nullif((n + 1) / 3, 0), '1950-01-01'::date + n * 1000, '09:00+02'::timetz + n * interval '1 minute',
       md5(n::text)::uuid, n::bit(8), ('10.0.' || n || '.1/24')::inet
FROM generate_series(1, 9) n;
INSERT INTO products
SELECT n, 'Product ' || n, 1 + n % 8, n * 1.1, n / 7.0, (n * 3.33)::numeric::money, n % 10 = 0, ARRAY[[n, 0.5], [NULL, n / 8.0]]
FROM generate_series(1, 77) n;
INSERT INTO orders
SELECT 10248 + n, (SELECT customer_id FROM customers ORDER BY customer_id OFFSET n % 50 LIMIT 1), 1 + n % 9, '1996-07-04'::date + n / 3,
       CASE WHEN n % 4 > 0 THEN tstzrange('1996-07-10 00:00+00'::timestamptz + n * interval '1 hour', NULL) END,
       n * 1.000000000000000001, CASE WHEN n % 5 = 0 THEN '<note to="ship"/>'::xml END
FROM generate_series(0, 299) n;
INSERT INTO order_details SELECT 10248 + n, 1 + (n * p) % 77, n + 0.1234, 1 + n % 20, 0.05 * p
FROM generate_series(0, 299) n, generate_series(1, 3) p ON CONFLICT DO NOTHING;
INSERT INTO territories SELECT 'o' || n % 4, 's' || n, repeat('''"', n) FROM generate_series(1, 30) n;
