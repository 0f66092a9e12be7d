-- A day in the trading house.
UPDATE customers SET address = ROW('New St.', 'Genève', '1200'), phones = NULL, preferences = preferences || '{"seen": true}'
WHERE customer_id < '8';
UPDATE orders SET shipped = tstzrange('2024-01-01 00:00+00', '2024-01-02 00:00+00', '[]'), freight = -freight WHERE order_id % 2 = 0;
DELETE FROM orders WHERE order_id % 10 = 0;
UPDATE order_details SET quantity = quantity + 1, discount = 1.0 / 3 WHERE product_id % 3 = 0;
UPDATE products SET unit_price = 'NaN', weight = '-Infinity', list_price = '-12.34' WHERE product_id % 7 = 0;
UPDATE products SET sizes = '{}', category_id = NULL WHERE product_id % 11 = 0;
UPDATE employees SET reports_to = NULL, badge = NULL, shift = '23:59:59.999999-11', birth_date = '-infinity' WHERE employee_id > 5;
UPDATE "Categories" SET "Category ID" = "Category ID" + 100, "Picture" = NULL WHERE "Category ID" > (SELECT max(category_id) FROM products);
UPDATE territories SET "select" = 'moved ' || "select", "a""b" = NULL WHERE "order" = 'o1';
DELETE FROM territories WHERE "order" = 'o2';
