CREATE TABLE customers (
    customer_id INTEGER NOT NULL PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    country TEXT,
    address BLOB,
    phone BLOB,
    email BLOB NOT NULL,
    support_rep_id INTEGER REFERENCES employees (employee_id)
);

CREATE TABLE employees (
    employee_id INTEGER NOT NULL PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    title TEXT,
    address BLOB,
    phone BLOB,
    email BLOB
);
