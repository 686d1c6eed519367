ALTER TABLE "visits" DROP CONSTRAINT "visits_contact_sealed";
DROP INDEX "visits_contact_default";
ALTER TABLE "patients" DROP CONSTRAINT "patients_email_sealed";
ALTER TABLE "patients" DROP CONSTRAINT "patients_phone_sealed";
DROP INDEX "patients_email_default";
DROP INDEX "patients_email_host";
DROP INDEX "patients_phone_default";
DROP TABLE visits;
DROP TABLE patients;
