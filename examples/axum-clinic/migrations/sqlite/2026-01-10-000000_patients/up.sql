CREATE TABLE patients (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL,
    email BLOB NOT NULL,
    phone BLOB
);

CREATE UNIQUE INDEX `patients_email_default` ON `patients` (substr(`email`, 4, 15));
CREATE TRIGGER `patients_name_sealed_insert` BEFORE INSERT ON `patients`
WHEN NEW.`name` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`name`) < 37 THEN false
    WHEN NOT (typeof(NEW.`name`) = 'blob' AND hex(substr(NEW.`name`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`name`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`name`, 2, 1)), 2))
      + CASE substr(NEW.`name`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`name`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`name`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.name: not a sealed value, but one written without diesel-encrypted'); END;
CREATE TRIGGER `patients_name_sealed_update` BEFORE UPDATE OF `name` ON `patients`
WHEN NEW.`name` IS NOT NULL AND NOT (
  CASE
    WHEN length(NEW.`name`) < 37 THEN false
    WHEN NOT (typeof(NEW.`name`) = 'blob' AND hex(substr(NEW.`name`, 1, 3)) GLOB 'E10[0-9A-F]00') THEN false
    ELSE length(NEW.`name`) >= 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`name`, 2, 1)), 2))
      + CASE substr(NEW.`name`, 4 + 15 * instr('123456789ABCDEF', substr(hex(substr(NEW.`name`, 2, 1)), 2)), 1) WHEN x'01' THEN 37 WHEN x'02' THEN 49 WHEN x'03' THEN 49 ELSE length(NEW.`name`) + 1 END
  END
)
BEGIN SELECT RAISE(ABORT, 'patients.name: not a sealed value, but one written without diesel-encrypted'); END;
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
