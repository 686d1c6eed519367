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
    date_format(InvoiceDate, '%Y-%m-%d') AS day,
    Total + 0e0 AS total
FROM Invoice;

CREATE TABLE employees (
    employee_id integer NOT NULL PRIMARY KEY,
    first_name varchar(20) CHARACTER SET utf8mb4 NOT NULL,
    last_name varchar(20) CHARACTER SET utf8mb4 NOT NULL,
    title varchar(30) CHARACTER SET utf8mb4,
    address varbinary(400),
    phone varbinary(200),
    email varbinary(400)
);

CREATE TABLE customers (
    customer_id integer NOT NULL PRIMARY KEY,
    first_name varchar(40) CHARACTER SET utf8mb4 NOT NULL,
    last_name varchar(20) CHARACTER SET utf8mb4 NOT NULL,
    country varchar(40) CHARACTER SET utf8mb4,
    address varbinary(400),
    phone varbinary(200),
    email varbinary(400) NOT NULL,
    support_rep_id integer,
    FOREIGN KEY (support_rep_id) REFERENCES employees (employee_id)
);
