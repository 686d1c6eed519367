-- A few rows in the shape of Chinook's script for SQLite, with people of our own invention; the same as in the other
-- excerpts.
DROP TABLE IF EXISTS [Customer];

CREATE TABLE [Employee]
(
    [EmployeeId] INTEGER  NOT NULL,
    [LastName] NVARCHAR(20)  NOT NULL,
    [FirstName] NVARCHAR(20)  NOT NULL,
    [Title] NVARCHAR(30),
    [ReportsTo] INTEGER,
    [Address] NVARCHAR(70),
    [Phone] NVARCHAR(24),
    [Fax] NVARCHAR(24),
    [Email] NVARCHAR(60),
    CONSTRAINT [PK_Employee] PRIMARY KEY  ([EmployeeId]),
    FOREIGN KEY ([ReportsTo]) REFERENCES [Employee] ([EmployeeId])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE [Customer]
(
    [CustomerId] INTEGER  NOT NULL,
    [FirstName] NVARCHAR(40)  NOT NULL,
    [LastName] NVARCHAR(20)  NOT NULL,
    [Company] NVARCHAR(80),
    [Address] NVARCHAR(70),
    [Country] NVARCHAR(40),
    [Phone] NVARCHAR(24),
    [Fax] NVARCHAR(24),
    [Email] NVARCHAR(60)  NOT NULL,
    [SupportRepId] INTEGER,
    CONSTRAINT [PK_Customer] PRIMARY KEY  ([CustomerId]),
    FOREIGN KEY ([SupportRepId]) REFERENCES [Employee] ([EmployeeId])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE [Invoice]
(
    [InvoiceId] INTEGER  NOT NULL,
    [CustomerId] INTEGER  NOT NULL,
    [InvoiceDate] DATETIME  NOT NULL,
    [BillingAddress] NVARCHAR(70),
    [Total] NUMERIC(10,2)  NOT NULL,
    CONSTRAINT [PK_Invoice] PRIMARY KEY  ([InvoiceId]),
    FOREIGN KEY ([CustomerId]) REFERENCES [Customer] ([CustomerId])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);

INSERT INTO [Employee] ([EmployeeId], [LastName], [FirstName], [Title], [ReportsTo], [Address], [Phone], [Fax], [Email]) VALUES
    (1, 'Okafor', 'Ngozi', 'Manager', NULL, '3 Quay Street \ East', '+353 (1) 555-0100', NULL, 'ngozi@shop.example'),
    (2, 'Lindqvist', 'Åsa', NULL, 1, NULL, NULL, NULL, NULL);

INSERT INTO [Customer] ([CustomerId], [FirstName], [LastName], [Company], [Address], [Country], [Phone], [Fax], [Email], [SupportRepId]) VALUES
    (1, 'Nobody', 'Bought', NULL, NULL, NULL, '+1 (555) 010-0001', NULL, 'nobody@one.example', NULL),
    (2, 'Zoë', 'O''Malley', NULL, '12 Harbour Row; Flat 2', 'Ireland', '+353 (1) 555-0123', NULL, 'Zoë.OMalley@mail.example', 1),
    (3, 'Twin', 'Spelling', NULL, '12 Harbour Row; Flat 2', 'Ireland', '353 1555 0123', NULL, 'twin@MAIL.example', 2),
    (4, 'Silent', 'Caller', NULL, NULL, 'Ireland', NULL, NULL, 'silent@two.example', NULL);

INSERT INTO [Invoice] ([InvoiceId], [CustomerId], [InvoiceDate], [BillingAddress], [Total]) VALUES
    (1, 2, '2021-01-01 00:00:00', '12 Harbour Row; Flat 2', 1.98),
    (2, 3, '2021-01-02 00:00:00', NULL, 5),
    (3, 2, '2021-03-04 00:00:00', '12 Harbour Row; Flat 2', 10.5);
