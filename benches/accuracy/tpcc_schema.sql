-- Tables of TPC-C as BenchBase (https://github.com/cmu-db/benchbase) declares them for PostgreSQL, taken from a loaded
-- database by pg_dump. Copyright the BenchBase authors; licensed under the Apache License, Version 2.0
-- (http://www.apache.org/licenses/LICENSE-2.0). Changed: only the schema "tpcc" is kept.
CREATE SCHEMA tpcc;
CREATE TABLE tpcc.customer (
    c_w_id integer NOT NULL,
    c_d_id integer NOT NULL,
    c_id integer NOT NULL,
    c_discount numeric(4,4) NOT NULL,
    c_credit character(2) NOT NULL,
    c_last character varying(16) NOT NULL,
    c_first character varying(16) NOT NULL,
    c_credit_lim numeric(12,2) NOT NULL,
    c_balance numeric(12,2) NOT NULL,
    c_ytd_payment double precision NOT NULL,
    c_payment_cnt integer NOT NULL,
    c_delivery_cnt integer NOT NULL,
    c_street_1 character varying(20) NOT NULL,
    c_street_2 character varying(20) NOT NULL,
    c_city character varying(20) NOT NULL,
    c_state character(2) NOT NULL,
    c_zip character(9) NOT NULL,
    c_phone character(16) NOT NULL,
    c_since timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    c_middle character(2) NOT NULL,
    c_data character varying(500) NOT NULL
);
CREATE TABLE tpcc.district (
    d_w_id integer NOT NULL,
    d_id integer NOT NULL,
    d_ytd numeric(12,2) NOT NULL,
    d_tax numeric(4,4) NOT NULL,
    d_next_o_id integer NOT NULL,
    d_name character varying(10) NOT NULL,
    d_street_1 character varying(20) NOT NULL,
    d_street_2 character varying(20) NOT NULL,
    d_city character varying(20) NOT NULL,
    d_state character(2) NOT NULL,
    d_zip character(9) NOT NULL
);
CREATE TABLE tpcc.history (
    h_c_id integer NOT NULL,
    h_c_d_id integer NOT NULL,
    h_c_w_id integer NOT NULL,
    h_d_id integer NOT NULL,
    h_w_id integer NOT NULL,
    h_date timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    h_amount numeric(6,2) NOT NULL,
    h_data character varying(24) NOT NULL
);
CREATE TABLE tpcc.item (
    i_id integer NOT NULL,
    i_name character varying(24) NOT NULL,
    i_price numeric(5,2) NOT NULL,
    i_data character varying(50) NOT NULL,
    i_im_id integer NOT NULL
);
CREATE TABLE tpcc.new_order (
    no_w_id integer NOT NULL,
    no_d_id integer NOT NULL,
    no_o_id integer NOT NULL
);
CREATE TABLE tpcc.oorder (
    o_w_id integer NOT NULL,
    o_d_id integer NOT NULL,
    o_id integer NOT NULL,
    o_c_id integer NOT NULL,
    o_carrier_id integer,
    o_ol_cnt integer NOT NULL,
    o_all_local integer NOT NULL,
    o_entry_d timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE tpcc.order_line (
    ol_w_id integer NOT NULL,
    ol_d_id integer NOT NULL,
    ol_o_id integer NOT NULL,
    ol_number integer NOT NULL,
    ol_i_id integer NOT NULL,
    ol_delivery_d timestamp without time zone,
    ol_amount numeric(6,2) NOT NULL,
    ol_supply_w_id integer NOT NULL,
    ol_quantity numeric(6,2) NOT NULL,
    ol_dist_info character(24) NOT NULL
);
CREATE TABLE tpcc.stock (
    s_w_id integer NOT NULL,
    s_i_id integer NOT NULL,
    s_quantity integer NOT NULL,
    s_ytd numeric(8,2) NOT NULL,
    s_order_cnt integer NOT NULL,
    s_remote_cnt integer NOT NULL,
    s_data character varying(50) NOT NULL,
    s_dist_01 character(24) NOT NULL,
    s_dist_02 character(24) NOT NULL,
    s_dist_03 character(24) NOT NULL,
    s_dist_04 character(24) NOT NULL,
    s_dist_05 character(24) NOT NULL,
    s_dist_06 character(24) NOT NULL,
    s_dist_07 character(24) NOT NULL,
    s_dist_08 character(24) NOT NULL,
    s_dist_09 character(24) NOT NULL,
    s_dist_10 character(24) NOT NULL
);
CREATE TABLE tpcc.warehouse (
    w_id integer NOT NULL,
    w_ytd numeric(12,2) NOT NULL,
    w_tax numeric(4,4) NOT NULL,
    w_name character varying(10) NOT NULL,
    w_street_1 character varying(20) NOT NULL,
    w_street_2 character varying(20) NOT NULL,
    w_city character varying(20) NOT NULL,
    w_state character(2) NOT NULL,
    w_zip character(9) NOT NULL
);
ALTER TABLE ONLY tpcc.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (c_w_id, c_d_id, c_id);
ALTER TABLE ONLY tpcc.district
    ADD CONSTRAINT district_pkey PRIMARY KEY (d_w_id, d_id);
ALTER TABLE ONLY tpcc.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (i_id);
ALTER TABLE ONLY tpcc.new_order
    ADD CONSTRAINT new_order_pkey PRIMARY KEY (no_w_id, no_d_id, no_o_id);
ALTER TABLE ONLY tpcc.oorder
    ADD CONSTRAINT oorder_o_w_id_o_d_id_o_c_id_o_id_key UNIQUE (o_w_id, o_d_id, o_c_id, o_id);
ALTER TABLE ONLY tpcc.oorder
    ADD CONSTRAINT oorder_pkey PRIMARY KEY (o_w_id, o_d_id, o_id);
ALTER TABLE ONLY tpcc.order_line
    ADD CONSTRAINT order_line_pkey PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number);
ALTER TABLE ONLY tpcc.stock
    ADD CONSTRAINT stock_pkey PRIMARY KEY (s_w_id, s_i_id);
ALTER TABLE ONLY tpcc.warehouse
    ADD CONSTRAINT warehouse_pkey PRIMARY KEY (w_id);
CREATE INDEX idx_customer_name ON tpcc.customer USING btree (c_w_id, c_d_id, c_last, c_first);
ALTER TABLE ONLY tpcc.customer
    ADD CONSTRAINT customer_c_w_id_c_d_id_fkey FOREIGN KEY (c_w_id, c_d_id) REFERENCES tpcc.district(d_w_id, d_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.district
    ADD CONSTRAINT district_d_w_id_fkey FOREIGN KEY (d_w_id) REFERENCES tpcc.warehouse(w_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.history
    ADD CONSTRAINT history_h_c_w_id_h_c_d_id_h_c_id_fkey FOREIGN KEY (h_c_w_id, h_c_d_id, h_c_id) REFERENCES tpcc.customer(c_w_id, c_d_id, c_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.history
    ADD CONSTRAINT history_h_w_id_h_d_id_fkey FOREIGN KEY (h_w_id, h_d_id) REFERENCES tpcc.district(d_w_id, d_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.new_order
    ADD CONSTRAINT new_order_no_w_id_no_d_id_no_o_id_fkey FOREIGN KEY (no_w_id, no_d_id, no_o_id) REFERENCES tpcc.oorder(o_w_id, o_d_id, o_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.oorder
    ADD CONSTRAINT oorder_o_w_id_o_d_id_o_c_id_fkey FOREIGN KEY (o_w_id, o_d_id, o_c_id) REFERENCES tpcc.customer(c_w_id, c_d_id, c_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.order_line
    ADD CONSTRAINT order_line_ol_supply_w_id_ol_i_id_fkey FOREIGN KEY (ol_supply_w_id, ol_i_id) REFERENCES tpcc.stock(s_w_id, s_i_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.order_line
    ADD CONSTRAINT order_line_ol_w_id_ol_d_id_ol_o_id_fkey FOREIGN KEY (ol_w_id, ol_d_id, ol_o_id) REFERENCES tpcc.oorder(o_w_id, o_d_id, o_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.stock
    ADD CONSTRAINT stock_s_i_id_fkey FOREIGN KEY (s_i_id) REFERENCES tpcc.item(i_id) ON DELETE CASCADE;
ALTER TABLE ONLY tpcc.stock
    ADD CONSTRAINT stock_s_w_id_fkey FOREIGN KEY (s_w_id) REFERENCES tpcc.warehouse(w_id) ON DELETE CASCADE;
