-- A day in the shops.
UPDATE film SET title = title || '!', rating = 'R', special_features = special_features || '{Extended}'::text[] WHERE film_id % 3 = 0;
UPDATE film SET release_year = NULL, screenings = NULL, description = NULL WHERE film_id % 10 = 1;
UPDATE film SET film_id = film_id + 1000 WHERE film_id = 17;
DELETE FROM film_actor WHERE actor_id % 5 = 0;
UPDATE payment SET payment_date = payment_date + interval '1 month' WHERE payment_id % 9 = 0;
UPDATE payment SET amount = amount * 2 WHERE payment_id % 7 = 0;
DELETE FROM payment WHERE payment_id % 13 = 0;
CREATE TABLE payment_2022_05 PARTITION OF payment FOR VALUES FROM ('2023-05-01+00') TO ('2023-06-01+00');
INSERT INTO payment (staff_id, amount, payment_date) VALUES (1, 0, '2023-05-05 05:05:05.5+00'), (1, 999.99, '1999-12-31 23:59:59+00');
UPDATE staff SET picture = decode(repeat('00ff', 20000), 'hex'), active = NOT active;
TRUNCATE archive.film;
INSERT INTO archive.film VALUES (1, NULL, '-1 days');
INSERT INTO language (name) VALUES ('');
