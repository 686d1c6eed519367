CREATE TABLE patients (
    id INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email VARBINARY(500) NOT NULL,
    phone VARBINARY(500)
);

CREATE TABLE visits (
    id INTEGER NOT NULL PRIMARY KEY,
    contact VARBINARY(500) NOT NULL,
    reason VARCHAR(100) NOT NULL
);

-- What follows is `up()` of `sql::of::<Patient>(..).unique("email", "default")` and `sql::of::<Visit>(..)`: an index for each
-- search, and what lets nothing but sealed values into the encrypted columns.
ALTER TABLE `patients` ADD COLUMN `email_tag_0` VARBINARY(15) GENERATED ALWAYS AS (substr(`email`, 4, 15)) VIRTUAL INVISIBLE;
CREATE UNIQUE INDEX `patients_email_default` ON `patients` (`email_tag_0`);
ALTER TABLE `patients` ADD COLUMN `email_tag_1` VARBINARY(15) GENERATED ALWAYS AS (substr(`email`, 19, 15)) VIRTUAL INVISIBLE;
CREATE INDEX `patients_email_host` ON `patients` (`email_tag_1`);
ALTER TABLE `patients` ADD COLUMN `phone_tag_0` VARBINARY(15) GENERATED ALWAYS AS (substr(`phone`, 4, 15)) VIRTUAL INVISIBLE;
CREATE INDEX `patients_phone_default` ON `patients` (`phone_tag_0`);
ALTER TABLE `patients` ADD CONSTRAINT `patients_email_sealed` CHECK (`email` IS NULL OR (
  CASE
    WHEN length(`email`) < 37 THEN false
    WHEN NOT (hex(substr(`email`, 1, 2)) BETWEEN 'E100' AND 'E10F' AND hex(substr(`email`, 3, 1)) = '00') THEN false
    ELSE length(`email`) >= 15 * ascii(substr(`email`, 2, 1))
      + CASE ascii(substr(`email`, 4 + 15 * ascii(substr(`email`, 2, 1)), 1)) WHEN 1 THEN 37 WHEN 2 THEN 49 WHEN 3 THEN 49 ELSE length(`email`) + 1 END
  END
));
ALTER TABLE `patients` ADD CONSTRAINT `patients_phone_sealed` CHECK (`phone` IS NULL OR (
  CASE
    WHEN length(`phone`) < 37 THEN false
    WHEN NOT (hex(substr(`phone`, 1, 2)) BETWEEN 'E100' AND 'E10F' AND hex(substr(`phone`, 3, 1)) = '00') THEN false
    ELSE length(`phone`) >= 15 * ascii(substr(`phone`, 2, 1))
      + CASE ascii(substr(`phone`, 4 + 15 * ascii(substr(`phone`, 2, 1)), 1)) WHEN 1 THEN 37 WHEN 2 THEN 49 WHEN 3 THEN 49 ELSE length(`phone`) + 1 END
  END
));
ALTER TABLE `visits` ADD COLUMN `contact_tag_0` VARBINARY(15) GENERATED ALWAYS AS (substr(`contact`, 4, 15)) VIRTUAL INVISIBLE;
CREATE INDEX `visits_contact_default` ON `visits` (`contact_tag_0`);
ALTER TABLE `visits` ADD CONSTRAINT `visits_contact_sealed` CHECK (`contact` IS NULL OR (
  CASE
    WHEN length(`contact`) < 37 THEN false
    WHEN NOT (hex(substr(`contact`, 1, 2)) BETWEEN 'E100' AND 'E10F' AND hex(substr(`contact`, 3, 1)) = '00') THEN false
    ELSE length(`contact`) >= 15 * ascii(substr(`contact`, 2, 1))
      + CASE ascii(substr(`contact`, 4 + 15 * ascii(substr(`contact`, 2, 1)), 1)) WHEN 1 THEN 37 WHEN 2 THEN 49 WHEN 3 THEN 49 ELSE length(`contact`) + 1 END
  END
));
