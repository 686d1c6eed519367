# A few rows in the shape of Chinook's script for MySQL, with people of our own invention; the same as in the other
# excerpts. What the client mysql reads and the server does not is here too.

/*******************************************************************************
   Drop database if it exists;
********************************************************************************/
DROP DATABASE IF EXISTS `Chinook`;


/*******************************************************************************
   Create database
********************************************************************************/
CREATE DATABASE `Chinook`;


USE `Chinook`;


CREATE TABLE `Customer`
(
    `CustomerId` INT NOT NULL,
    `FirstName` NVARCHAR(40) NOT NULL,
    `LastName` NVARCHAR(20) NOT NULL,
    `Company` NVARCHAR(80),
    `Address` NVARCHAR(70),
    `Country` NVARCHAR(40),
    `Phone` NVARCHAR(24),
    `Fax` NVARCHAR(24),
    `Email` NVARCHAR(60) NOT NULL,
    `SupportRepId` INT,
    CONSTRAINT `PK_Customer` PRIMARY KEY  (`CustomerId`)
);

CREATE TABLE `Employee`
(
    `EmployeeId` INT NOT NULL,
    `LastName` NVARCHAR(20) NOT NULL,
    `FirstName` NVARCHAR(20) NOT NULL,
    `Title` NVARCHAR(30),
    `ReportsTo` INT,
    `Address` NVARCHAR(70),
    `Phone` NVARCHAR(24),
    `Fax` NVARCHAR(24),
    `Email` NVARCHAR(60),
    CONSTRAINT `PK_Employee` PRIMARY KEY  (`EmployeeId`)
);

CREATE TABLE `Invoice`
(
    `InvoiceId` INT NOT NULL,
    `CustomerId` INT NOT NULL,
    `InvoiceDate` DATETIME NOT NULL,
    `BillingAddress` NVARCHAR(70),
    `Total` NUMERIC(10,2) NOT NULL,
    CONSTRAINT `PK_Invoice` PRIMARY KEY  (`InvoiceId`)
);

ALTER TABLE `Customer` ADD CONSTRAINT `FK_CustomerSupportRepId`
    FOREIGN KEY (`SupportRepId`) REFERENCES `Employee` (`EmployeeId`) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX `IFK_CustomerSupportRepId` ON `Customer` (`SupportRepId`);

ALTER TABLE `Employee` ADD CONSTRAINT `FK_EmployeeReportsTo`
    FOREIGN KEY (`ReportsTo`) REFERENCES `Employee` (`EmployeeId`) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX `IFK_EmployeeReportsTo` ON `Employee` (`ReportsTo`);

ALTER TABLE `Invoice` ADD CONSTRAINT `FK_InvoiceCustomerId`
    FOREIGN KEY (`CustomerId`) REFERENCES `Customer` (`CustomerId`) ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE INDEX `IFK_InvoiceCustomerId` ON `Invoice` (`CustomerId`);


INSERT INTO `Employee` (`EmployeeId`, `LastName`, `FirstName`, `Title`, `ReportsTo`, `Address`, `Phone`, `Fax`, `Email`) VALUES
    (1, N'Okafor', N'Ngozi', N'Manager', NULL, N'3 Quay Street \\ East', N'+353 (1) 555-0100', NULL, N'ngozi@shop.example'),
    (2, N'Lindqvist', N'Åsa', NULL, 1, NULL, NULL, NULL, NULL);

INSERT INTO `Customer` (`CustomerId`, `FirstName`, `LastName`, `Company`, `Address`, `Country`, `Phone`, `Fax`, `Email`, `SupportRepId`) VALUES
    (1, N'Nobody', N'Bought', NULL, NULL, NULL, N'+1 (555) 010-0001', NULL, N'nobody@one.example', NULL),
    (2, N'Zoë', N'O\'Malley', NULL, N'12 Harbour Row; Flat 2', N'Ireland', N'+353 (1) 555-0123', NULL, N'Zoë.OMalley@mail.example', 1), -- it's her;
    (3, N'Twin', N'Spelling', NULL, "12 Harbour Row; Flat 2", N'Ireland', N'353 1555 0123', NULL, N'twin@MAIL.example', 2),
    (4, N'Silent', N'Caller', NULL, NULL, N'Ireland', NULL, NULL, N'silent@two.example', NULL);

INSERT INTO `Invoice` (`InvoiceId`, `CustomerId`, `InvoiceDate`, `BillingAddress`, `Total`) VALUES
    (1, 2, '2021/1/1', N'12 Harbour Row; Flat 2', 1.98),
    (2, 3, '2021/1/2', NULL, 5),
    (3, 2, '2021/3/4', N'12 Harbour Row; Flat 2', 10.5);
