-- Two warehouses, small tables, and the three transactions of TPC-C that write (clauses 2.4, 2.5, 2.7), simplified.
INSERT INTO tpcc.warehouse SELECT w, 0, 0.1, 'w' || w, 'street one', 'street two', 'city', 'ST', '123456789' FROM generate_series(1, 2) w;
INSERT INTO tpcc.district SELECT w, d, 0, 0.1, 1001, 'd' || d, 'street one', 'street two', 'city', 'ST', '123456789'
  FROM generate_series(1, 2) w, generate_series(1, 10) d;
INSERT INTO tpcc.item SELECT i, 'item ' || i, 1 + i % 90, repeat(md5(i::text), 1), i % 1000 FROM generate_series(1, 5000) i;
INSERT INTO tpcc.stock SELECT w, i, 50, 0, 0, 0, repeat(md5(i::text), 1), left(md5('1' || i), 24), left(md5('2' || i), 24), left(md5('3' || i), 24),
       left(md5('4' || i), 24), left(md5('5' || i), 24), left(md5('6' || i), 24), left(md5('7' || i), 24), left(md5('8' || i), 24),
       left(md5('9' || i), 24), left(md5('0' || i), 24) FROM generate_series(1, 2) w, generate_series(1, 5000) i;
INSERT INTO tpcc.customer SELECT w, d, c, 0.1, 'GC', 'last' || c % 100, 'first' || c, 50000, -10, 10, 1, 0, 'street one', 'street two',
       'city', 'ST', '123456789', '0123456789012345', now(), 'OE', left(repeat(md5(c::text), 15), 300 + c % 200)
  FROM generate_series(1, 2) w, generate_series(1, 10) d, generate_series(1, 300) c;
INSERT INTO tpcc.oorder SELECT w, d, o, 1 + o % 300, CASE WHEN o < 900 THEN 1 END, 10, 1, now()
  FROM generate_series(1, 2) w, generate_series(1, 10) d, generate_series(1, 1000) o;
INSERT INTO tpcc.new_order SELECT w, d, o FROM generate_series(1, 2) w, generate_series(1, 10) d, generate_series(900, 1000) o;
INSERT INTO tpcc.order_line SELECT w, d, o, n, 1 + (o * n) % 5000, CASE WHEN o < 900 THEN now() END, 5.5, w, 5, left(md5(o::text), 24)
  FROM generate_series(1, 2) w, generate_series(1, 10) d, generate_series(801, 1000) o, generate_series(1, 10) n;
INSERT INTO tpcc.history SELECT c, d, w, d, w, now(), 10, 'w and d' FROM generate_series(1, 2) w, generate_series(1, 10) d, generate_series(1, 30) c;
ALTER TABLE tpcc.history REPLICA IDENTITY FULL; -- it has no key

CREATE FUNCTION tpcc.new_order() RETURNS void LANGUAGE plpgsql AS $$
DECLARE w int := 1 + (random() < 0.4)::int; d int := 1 + floor(random() * 10); c int := 1 + floor(random() * 300); o int;
        lines int := 5 + floor(random() * 11); i int;
BEGIN
    UPDATE tpcc.district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = w AND d_id = d RETURNING d_next_o_id - 1 INTO o;
    INSERT INTO tpcc.oorder VALUES (w, d, o, c, NULL, lines, 1, now());
    INSERT INTO tpcc.new_order VALUES (w, d, o);
    FOR n IN 1..lines LOOP
        i := 1 + floor(random() * 5000);
        UPDATE tpcc.stock SET s_quantity = CASE WHEN s_quantity > 15 THEN s_quantity - 5 ELSE s_quantity + 86 END,
                              s_ytd = s_ytd + 5, s_order_cnt = s_order_cnt + 1 WHERE s_w_id = w AND s_i_id = i;
        INSERT INTO tpcc.order_line VALUES (w, d, o, n, i, NULL, 5.5, w, 5, left(md5(i::text), 24));
    END LOOP;
EXCEPTION WHEN deadlock_detected THEN NULL;
END $$;

CREATE FUNCTION tpcc.payment() RETURNS void LANGUAGE plpgsql AS $$
DECLARE w int := 1 + (random() < 0.4)::int; d int := 1 + floor(random() * 10); c int := 1 + floor(random() * 300);
BEGIN
    UPDATE tpcc.warehouse SET w_ytd = w_ytd + 10 WHERE w_id = w;
    UPDATE tpcc.district SET d_ytd = d_ytd + 10 WHERE d_w_id = w AND d_id = d;
    UPDATE tpcc.customer SET c_balance = c_balance - 10, c_ytd_payment = c_ytd_payment + 10, c_payment_cnt = c_payment_cnt + 1
     WHERE c_w_id = w AND c_d_id = d AND c_id = c;
    INSERT INTO tpcc.history VALUES (c, d, w, d, w, now(), 10, 'w    d');
EXCEPTION WHEN deadlock_detected THEN NULL;
END $$;

CREATE FUNCTION tpcc.delivery() RETURNS void LANGUAGE plpgsql AS $$
DECLARE w int := 1 + (random() < 0.4)::int; o int; c int;
BEGIN
    FOR d IN 1..10 LOOP
        SELECT min(no_o_id) INTO o FROM tpcc.new_order WHERE no_w_id = w AND no_d_id = d;
        CONTINUE WHEN o IS NULL;
        DELETE FROM tpcc.new_order WHERE no_w_id = w AND no_d_id = d AND no_o_id = o;
        UPDATE tpcc.oorder SET o_carrier_id = 3 WHERE o_w_id = w AND o_d_id = d AND o_id = o RETURNING o_c_id INTO c;
        UPDATE tpcc.order_line SET ol_delivery_d = now() WHERE ol_w_id = w AND ol_d_id = d AND ol_o_id = o;
        UPDATE tpcc.customer SET c_balance = c_balance + 50, c_delivery_cnt = c_delivery_cnt + 1
         WHERE c_w_id = w AND c_d_id = d AND c_id = c;
    END LOOP;
EXCEPTION WHEN deadlock_detected THEN NULL;
END $$;
