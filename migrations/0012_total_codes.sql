CREATE TABLE `total_codes` (
	`code` text PRIMARY KEY NOT NULL
);
