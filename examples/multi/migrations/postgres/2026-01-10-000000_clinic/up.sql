CREATE TABLE patients (
    id INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email BYTEA NOT NULL,
    phone BYTEA
);

CREATE TABLE visits (
    id INTEGER NOT NULL PRIMARY KEY,
    contact BYTEA NOT NULL,
    reason VARCHAR(100) NOT NULL
);

-- What follows is `up()` of `sql::of::<Patient>(..).unique("email", "default")` and `sql::of::<Visit>(..)`: an index for each
-- search, and what lets nothing but sealed values into the encrypted columns.
CREATE UNIQUE INDEX "patients_email_default" ON "patients" (substr("email", 4, 15));
CREATE INDEX "patients_email_host" ON "patients" (substr("email", 19, 15));
CREATE INDEX "patients_phone_default" ON "patients" (substr("phone", 4, 15));
ALTER TABLE "patients" ADD CONSTRAINT "patients_email_sealed" CHECK ("email" IS NULL OR (
  CASE
    WHEN octet_length("email") < 37 THEN false
    WHEN NOT (get_byte("email", 0) = 225 AND get_byte("email", 1) <= 15 AND get_byte("email", 2) = 0) THEN false
    ELSE octet_length("email") >= 15 * get_byte("email", 1)
      + CASE substr("email", 4 + 15 * get_byte("email", 1), 1) WHEN '\x01'::bytea THEN 37 WHEN '\x02'::bytea THEN 49 WHEN '\x03'::bytea THEN 49 ELSE octet_length("email") + 1 END
  END
));
ALTER TABLE "patients" ADD CONSTRAINT "patients_phone_sealed" CHECK ("phone" IS NULL OR (
  CASE
    WHEN octet_length("phone") < 37 THEN false
    WHEN NOT (get_byte("phone", 0) = 225 AND get_byte("phone", 1) <= 15 AND get_byte("phone", 2) = 0) THEN false
    ELSE octet_length("phone") >= 15 * get_byte("phone", 1)
      + CASE substr("phone", 4 + 15 * get_byte("phone", 1), 1) WHEN '\x01'::bytea THEN 37 WHEN '\x02'::bytea THEN 49 WHEN '\x03'::bytea THEN 49 ELSE octet_length("phone") + 1 END
  END
));
CREATE INDEX "visits_contact_default" ON "visits" (substr("contact", 4, 15));
ALTER TABLE "visits" ADD CONSTRAINT "visits_contact_sealed" CHECK ("contact" IS NULL OR (
  CASE
    WHEN octet_length("contact") < 37 THEN false
    WHEN NOT (get_byte("contact", 0) = 225 AND get_byte("contact", 1) <= 15 AND get_byte("contact", 2) = 0) THEN false
    ELSE octet_length("contact") >= 15 * get_byte("contact", 1)
      + CASE substr("contact", 4 + 15 * get_byte("contact", 1), 1) WHEN '\x01'::bytea THEN 37 WHEN '\x02'::bytea THEN 49 WHEN '\x03'::bytea THEN 49 ELSE octet_length("contact") + 1 END
  END
));
