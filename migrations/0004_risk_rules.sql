CREATE TABLE `risk_list_entries` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`list` text NOT NULL,
	`field` text NOT NULL,
	`value` text NOT NULL,
	`note` text,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `risk_list_entries_id_unique` ON `risk_list_entries` (`id`);--> statement-breakpoint
CREATE INDEX `risk_list_entries_by_merchant` ON `risk_list_entries` (`merchant_id`,`position`);--> statement-breakpoint
CREATE UNIQUE INDEX `risk_list_entries_by_value` ON `risk_list_entries` (`merchant_id`,`list`,`field`,`value`);--> statement-breakpoint
CREATE TABLE `risk_rule_sets` (
	`merchant_id` text NOT NULL,
	`version` integer NOT NULL,
	`rule_set` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `version`)
);
--> statement-breakpoint
CREATE TABLE `risk_versions` (
	`merchant_id` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL
);
