CREATE TABLE patients (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name BYTEA NOT NULL,
    email BYTEA NOT NULL,
    phone BYTEA
);

CREATE UNIQUE INDEX "patients_email_default" ON "patients" (substr("email", 4, 15));
ALTER TABLE "patients" ADD CONSTRAINT "patients_name_sealed" CHECK ("name" IS NULL OR (
  CASE
    WHEN octet_length("name") < 37 THEN false
    WHEN NOT (get_byte("name", 0) = 225 AND get_byte("name", 1) <= 15 AND get_byte("name", 2) = 0) THEN false
    ELSE octet_length("name") >= 15 * get_byte("name", 1)
      + CASE substr("name", 4 + 15 * get_byte("name", 1), 1) WHEN '\x01'::bytea THEN 37 WHEN '\x02'::bytea THEN 49 WHEN '\x03'::bytea THEN 49 ELSE octet_length("name") + 1 END
  END
));
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
