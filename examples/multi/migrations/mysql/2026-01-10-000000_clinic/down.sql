ALTER TABLE `visits` DROP CONSTRAINT `visits_contact_sealed`;
ALTER TABLE `visits` DROP COLUMN `contact_tag_0`;
ALTER TABLE `patients` DROP CONSTRAINT `patients_email_sealed`;
ALTER TABLE `patients` DROP CONSTRAINT `patients_phone_sealed`;
ALTER TABLE `patients` DROP COLUMN `email_tag_0`;
ALTER TABLE `patients` DROP COLUMN `email_tag_1`;
ALTER TABLE `patients` DROP COLUMN `phone_tag_0`;
DROP TABLE visits;
DROP TABLE patients;
