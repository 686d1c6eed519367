-- What the script made, under the names that this program uses.
CREATE VIEW plain_customers AS
SELECT
    CustomerId AS customer_id,
    FirstName AS first_name,
    LastName AS last_name,
    Country AS country,
    Address AS address,
    Phone AS phone,
    Email AS email,
    SupportRepId AS support_rep_id
FROM Customer;

CREATE VIEW plain_employees AS
SELECT
    EmployeeId AS employee_id,
    FirstName AS first_name,
    LastName AS last_name,
    Title AS title,
    Address AS address,
    Phone AS phone,
    Email AS email
FROM Employee;

CREATE VIEW invoices AS
SELECT
    InvoiceId AS invoice_id,
    CustomerId AS customer_id,
    date(InvoiceDate) AS day,
    Total AS total
FROM Invoice;

CREATE TABLE employees (
    employee_id INTEGER NOT NULL PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    title TEXT,
    address BLOB,
    phone BLOB,
    email BLOB
);

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
