-- For the console: its sessions, totals by hour, and when an API key was last used. The release before can use these tables.
CREATE TABLE `console_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`credential` text NOT NULL,
	`kind` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `console_sessions_by_end` ON `console_sessions` (`expires_at`);
--> statement-breakpoint
CREATE TABLE `hourly_totals` (
	`merchant_id` text NOT NULL,
	`hour` integer NOT NULL,
	`currency` text NOT NULL,
	`created` integer NOT NULL,
	`created_minor` integer NOT NULL,
	`authorized` integer NOT NULL,
	`completed` integer NOT NULL,
	`completed_minor` integer NOT NULL,
	`declined` integer NOT NULL,
	`blocked` integer NOT NULL,
	`held` integer NOT NULL,
	`rejected` integer NOT NULL,
	`cancelled` integer NOT NULL,
	`refunded` integer NOT NULL,
	`refunded_minor` integer NOT NULL,
	`reversed` integer NOT NULL,
	`reversed_minor` integer NOT NULL,
	`disputed` integer NOT NULL,
	`disputed_minor` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `hour`, `currency`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `api_keys` ADD `last_used_at` integer;
