CREATE TABLE patients (
    id INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email BLOB NOT NULL,
    phone BLOB
);

CREATE TABLE visits (
    id INTEGER NOT NULL PRIMARY KEY,
    contact BLOB NOT NULL,
    reason VARCHAR(100) NOT NULL
);

-- What follows is `up()` of `sql::of::<Patient>(..).unique("email", "default")` and `sql::of::<Visit>(..)`: an index for each
-- search, and what lets nothing but sealed values into the encrypted columns.
CREATE UNIQUE INDEX `patients_email_default` ON `patients` (substr(`email`, 4, 15));
CREATE INDEX `patients_email_host` ON `patients` (substr(`email`, 19, 15));
CREATE INDEX `patients_phone_default` ON `patients` (substr(`phone`, 4, 15));
CREATE TRIGGER `patients_email_sealed_insert` BEFORE INSERT ON `patients`
WHEN NEW.`email` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`email`) < 37 THEN false
    WHEN NOT (typeof(NEW.`email`) = 'blob' AND hex(substr(NEW.`email`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`email`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`email`, 2, 1)), 2))
      + CASE substr(NEW.`email`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`email`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`email`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.email: not a sealed value, but one written without diesel-encrypted'); END;
CREATE TRIGGER `patients_email_sealed_update` BEFORE UPDATE OF `email` ON `patients`
WHEN NEW.`email` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`email`) < 37 THEN false
    WHEN NOT (typeof(NEW.`email`) = 'blob' AND hex(substr(NEW.`email`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`email`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`email`, 2, 1)), 2))
      + CASE substr(NEW.`email`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`email`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`email`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.email: not a sealed value, but one written without diesel-encrypted'); END;
CREATE TRIGGER `patients_phone_sealed_insert` BEFORE INSERT ON `patients`
WHEN NEW.`phone` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`phone`) < 37 THEN false
    WHEN NOT (typeof(NEW.`phone`) = 'blob' AND hex(substr(NEW.`phone`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`phone`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`phone`, 2, 1)), 2))
      + CASE substr(NEW.`phone`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`phone`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`phone`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.phone: not a sealed value, but one written without diesel-encrypted'); END;
CREATE TRIGGER `patients_phone_sealed_update` BEFORE UPDATE OF `phone` ON `patients`
WHEN NEW.`phone` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`phone`) < 37 THEN false
    WHEN NOT (typeof(NEW.`phone`) = 'blob' AND hex(substr(NEW.`phone`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`phone`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`phone`, 2, 1)), 2))
      + CASE substr(NEW.`phone`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`phone`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`phone`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.phone: not a sealed value, but one written without diesel-encrypted'); END;
CREATE INDEX `visits_contact_default` ON `visits` (substr(`contact`, 4, 15));
CREATE TRIGGER `visits_contact_sealed_insert` BEFORE INSERT ON `visits`
WHEN NEW.`contact` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`contact`) < 37 THEN false
    WHEN NOT (typeof(NEW.`contact`) = 'blob' AND hex(substr(NEW.`contact`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`contact`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`contact`, 2, 1)), 2))
      + CASE substr(NEW.`contact`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`contact`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`contact`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'visits.contact: not a sealed value, but one written without diesel-encrypted'); END;
CREATE TRIGGER `visits_contact_sealed_update` BEFORE UPDATE OF `contact` ON `visits`
WHEN NEW.`contact` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`contact`) < 37 THEN false
    WHEN NOT (typeof(NEW.`contact`) = 'blob' AND hex(substr(NEW.`contact`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`contact`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`contact`, 2, 1)), 2))
      + CASE substr(NEW.`contact`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`contact`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`contact`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'visits.contact: not a sealed value, but one written without diesel-encrypted'); END;
