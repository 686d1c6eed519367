-- What the script made, under the names that this program uses.
CREATE VIEW plain_customers AS
SELECT customer_id, first_name, last_name, country, address, phone, email, support_rep_id
FROM customer;

CREATE VIEW plain_employees AS
SELECT employee_id, first_name, last_name, title, address, phone, email
FROM employee;

CREATE VIEW invoices AS
SELECT
    invoice_id,
    customer_id,
    to_char(invoice_date, 'YYYY-MM-DD') AS day,
    total::double precision AS total
FROM invoice;

CREATE TABLE employees (
    employee_id integer NOT NULL PRIMARY KEY,
    first_name text NOT NULL,
    last_name text NOT NULL,
    title text,
    address bytea,
    phone bytea,
    email bytea
);

CREATE TABLE customers (
    customer_id integer NOT NULL PRIMARY KEY,
    first_name text NOT NULL,
    last_name text NOT NULL,
    country text,
    address bytea,
    phone bytea,
    email bytea NOT NULL,
    support_rep_id integer REFERENCES employees (employee_id)
);
