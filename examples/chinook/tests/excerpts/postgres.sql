-- A few rows in the shape of Chinook's script for PostgreSQL, with people of our own invention; the same as in the other
-- excerpts. What psql reads and PostgreSQL does not is here too.

/*******************************************************************************
   Drop database if it exists; /* and no other */
********************************************************************************/
DROP DATABASE IF EXISTS chinook;


/*******************************************************************************
   Create database
********************************************************************************/
CREATE DATABASE chinook;


\c chinook;


CREATE TABLE customer
(
    customer_id INT NOT NULL,
    first_name VARCHAR(40) NOT NULL,
    last_name VARCHAR(20) NOT NULL,
    company VARCHAR(80),
    address VARCHAR(70),
    country VARCHAR(40),
    phone VARCHAR(24),
    fax VARCHAR(24),
    email VARCHAR(60) NOT NULL,
    support_rep_id INT,
    CONSTRAINT customer_pkey PRIMARY KEY  (customer_id)
);

CREATE TABLE employee
(
    employee_id INT NOT NULL,
    last_name VARCHAR(20) NOT NULL,
    first_name VARCHAR(20) NOT NULL,
    title VARCHAR(30),
    reports_to INT,
    address VARCHAR(70),
    phone VARCHAR(24),
    fax VARCHAR(24),
    email VARCHAR(60),
    CONSTRAINT employee_pkey PRIMARY KEY  (employee_id)
);

CREATE TABLE invoice
(
    invoice_id INT NOT NULL,
    customer_id INT NOT NULL,
    invoice_date TIMESTAMP NOT NULL,
    billing_address VARCHAR(70),
    total NUMERIC(10,2) NOT NULL,
    CONSTRAINT invoice_pkey PRIMARY KEY  (invoice_id)
);

ALTER TABLE customer ADD CONSTRAINT customer_support_rep_id_fkey
    FOREIGN KEY (support_rep_id) REFERENCES employee (employee_id) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX customer_support_rep_id_idx ON customer (support_rep_id);

ALTER TABLE employee ADD CONSTRAINT employee_reports_to_fkey
    FOREIGN KEY (reports_to) REFERENCES employee (employee_id) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX employee_reports_to_idx ON employee (reports_to);

ALTER TABLE invoice ADD CONSTRAINT invoice_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customer (customer_id) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX invoice_customer_id_idx ON invoice (customer_id);


INSERT INTO employee (employee_id, last_name, first_name, title, reports_to, address, phone, fax, email) VALUES
    (1, N'Okafor', N'Ngozi', N'Manager', NULL, N'3 Quay Street \ East', N'+353 (1) 555-0100', NULL, N'ngozi@shop.example'),
    (2, N'Lindqvist', N'Åsa', NULL, 1, NULL, NULL, NULL, NULL);

INSERT INTO customer (customer_id, first_name, last_name, company, address, country, phone, fax, email, support_rep_id) VALUES
    (1, 'Nobody', 'Bought', NULL, NULL, NULL, '+1 (555) 010-0001', NULL, 'nobody@one.example', NULL),
    (2, 'Zoë', 'O''Malley', NULL, $a$12 Harbour Row; Flat 2$a$, 'Ireland', '+353 (1) 555-0123', NULL, 'Zoë.OMalley@mail.example', 1), -- it's her;
    (3, 'Twin', 'Spelling', NULL, E'12 Harbour\x20Row; Flat 2', 'Ireland', '353 1555 0123', NULL, 'twin@MAIL.example', 2),
    (4, 'Silent', 'Caller', NULL, NULL, 'Ireland', NULL, NULL, 'silent@two.example', NULL);

INSERT INTO invoice (invoice_id, customer_id, invoice_date, billing_address, total) VALUES
    (1, 2, '2021/1/1', '12 Harbour Row; Flat 2', 1.98),
    (2, 3, '2021/1/2', NULL, 5),
    (3, 2, '2021/3/4', '12 Harbour Row; Flat 2', 10.5);
